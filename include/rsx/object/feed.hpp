// SPDX-License-Identifier: Apache-2.0

// One shard on its way to one disk: a queue, and a task that empties it at the disk's own pace.
//
//     auto feed = std::make_shared<object::shard_feed>(store, header, changed);
//     s.detach(env_of(feed), object::run(feed));
//     feed->push(rows);  feed->push(more);  feed->close();
//     ... until feed->ended(), woken by `changed` ...
//
// What lies in the queue is frozen and shared; a disk that hangs holds only that. `drop` gives the
// shard up: what is queued is forgotten, and should the shard seal all the same, it is erased. The
// feed outlives whoever pushes: it belongs to its task.
#pragma once

#include <rsx/object/state.hpp>
#include <rsx/shard/checksum.hpp>

#include <deque>

namespace rsx::object {

class shard_feed {
public:
    struct piece {
        slice bytes{};
        std::vector<std::uint32_t> sums{};
        shared_lease held{};
    };

    shard_feed(shard::any_store& store, shard::header head, std::shared_ptr<news> changed)
        : store_{store}, head_{std::move(head)}, changed_{std::move(changed)} {}
    shard_feed(const shard_feed&) = delete;
    shard_feed& operator=(const shard_feed&) = delete;

    void push(piece next) {
        if (dropped_ || ended_) return;
        queued_ += next.bytes.size();
        sums_.insert(sums_.end(), next.sums.begin(), next.sums.end());
        queue_.push_back(std::move(next));
        more_.announce();
    }
    // No more comes: seal.
    void close() {
        closed_ = true;
        more_.announce();
    }
    void drop(error why) {
        if (ended_ || dropped_) return;
        dropped_ = true;
        why_ = why;
        queue_.clear();
        queued_ = 0;
        stop_.request_stop();
    }

    [[nodiscard]] bool sealed() const noexcept { return ended_ && !why_ && !dropped_; }
    [[nodiscard]] bool failed() const noexcept { return dropped_ || why_.has_value(); }
    [[nodiscard]] bool pending() const noexcept { return !failed() && !ended_; }
    [[nodiscard]] bool begun() const noexcept { return begun_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queued_; }
    [[nodiscard]] const shard::header& head() const noexcept { return head_; }
    [[nodiscard]] holder where() const { return head_.holder; }
    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] std::optional<error> why() const noexcept { return why_; }
    [[nodiscard]] std::stop_token stop() const noexcept { return stop_.get_token(); }
    [[nodiscard]] shard::any_store& store() const noexcept { return store_; }

    bool lagging{false};  // for whoever paces: not waited for at the moment

private:
    friend step run(std::shared_ptr<shard_feed> self);
    friend step write(std::shared_ptr<shard_feed> self);

    shard::any_store& store_;
    shard::header head_;
    std::shared_ptr<news> changed_;
    std::deque<piece> queue_;
    std::size_t queued_{0};
    std::vector<std::uint32_t> sums_;
    std::uint64_t hash_{0};
    bool begun_{false};
    bool closed_{false};
    bool dropped_{false};
    bool ended_{false};
    std::optional<error> why_;
    news more_;
    std::stop_source stop_;
};

inline step write(std::shared_ptr<shard_feed> self) {
    auto beginning = self->store_.begin(self->head_);
    auto writer = co_await beginning;
    if (!writer) co_return std::unexpected(writer.error());
    self->begun_ = true;
    self->changed_->announce();
    for (;;) {
        if (self->dropped_) co_return fail(errc::cancelled, "the shard was given up");
        if (self->queue_.empty()) {
            if (self->closed_) break;
            step waiting = self->more_.next();
            const auto told = co_await waiting;
            if (!told) co_return std::unexpected(told.error());
            continue;
        }
        shard_feed::piece next = std::move(self->queue_.front());
        self->queue_.pop_front();
        const std::size_t size = next.bytes.size();
        step appending = (*writer)->append(next.bytes, std::move(next.sums));
        const auto appended = co_await appending;
        if (!appended) co_return std::unexpected(appended.error());
        if (!self->dropped_) self->queued_ -= size;
        self->changed_->announce();
    }
    auto sealing = (*writer)->seal();
    const auto sealed = co_await sealing;
    if (!sealed) co_return std::unexpected(sealed.error());
    self->hash_ = shard::hash_of(self->sums_);
    if (sealed->hash != self->hash_)
        co_return fail(errc::corrupt, "a store sealed something else", sealed->bytes);
    co_return status{};
}

// To be detached with the feed's own stop token.
inline step run(std::shared_ptr<shard_feed> self) {
    step writing = write(self);
    const auto written = co_await writing;
    self->ended_ = true;
    self->queue_.clear();
    self->queued_ = 0;
    if (!written && !self->why_) self->why_ = written.error();
    self->changed_->announce();
    if (written && self->dropped_) {
        step erasing = self->store_.erase(self->head_.id);
        step alone = sheltered(std::move(erasing));
        co_return co_await alone;
    }
    co_return written;
}

}  // namespace rsx::object
