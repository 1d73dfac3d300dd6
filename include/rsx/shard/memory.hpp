// SPDX-License-Identifier: Apache-2.0

// A shard store in memory: for tests, simulations and examples.
//
//     shard::memory store{{.node = 1, .incarnation = 1}};
//     auto writer = co_await store.begin(header);
//
// Keeps every law of shard/concept.hpp but durability. Any thread; one mutex around a map, held for
// no longer than a look-up. Writers may outlive the store.
#pragma once

#include <rsx/shard/intake.hpp>

#include <map>
#include <mutex>

namespace rsx::shard {

class memory {
public:
    explicit memory(struct holder who, std::uint64_t capacity_bytes = 64 * gib)
        : inside_{std::make_shared<inside>(who, capacity_bytes)} {}

    [[nodiscard]] task<result<std::unique_ptr<writer>>> begin(struct header h) {
        if (auto ok = check_header(h, inside_->who); !ok) co_return std::unexpected(ok.error());
        {
            const std::lock_guard guard{inside_->mutex};
            if (inside_->shards.contains(h.id)) {
                co_return fail(errc::conflict, "the shard is sealed already");
            }
            if (inside_->state_now() == state::full) co_return fail(errc::full, "store is full");
        }
        std::unique_ptr<writer> made = std::make_unique<writing>(inside_, std::move(h));
        co_return made;
    }

    [[nodiscard]] task<result<struct header>> head(struct id which) {
        const std::lock_guard guard{inside_->mutex};
        const auto found = inside_->shards.find(which);
        if (found == inside_->shards.end()) co_return fail(errc::not_found, "no such shard");
        co_return found->second.about;
    }

    [[nodiscard]] task<result<piece>> read(struct id which, block_range blocks) {
        const std::lock_guard guard{inside_->mutex};
        const auto found = inside_->shards.find(which);
        if (found == inside_->shards.end()) co_return fail(errc::not_found, "no such shard");
        const stored& one = found->second;
        const auto where = cut(blocks, one.what.bytes);
        if (!where) co_return std::unexpected(where.error());
        const auto range = bytes_of_blocks(*where, one.what.bytes);
        piece out{.bytes = one.bytes.part(range.at, range.size)};
        const auto sums = one.sums.begin() + static_cast<std::ptrdiff_t>(where->first);
        out.sums.assign(sums, sums + static_cast<std::ptrdiff_t>(where->count));
        const identity who = identity_of(one.about);
        if (auto ok = verify(who, *where, out); !ok) co_return std::unexpected(ok.error());
        co_return out;
    }

    [[nodiscard]] step erase(struct id which) {
        const std::lock_guard guard{inside_->mutex};
        const auto found = inside_->shards.find(which);
        if (found == inside_->shards.end()) co_return result<void>{};
        inside_->live -= found->second.what.bytes;
        inside_->shards.erase(found);
        co_return result<void>{};
    }

    [[nodiscard]] task<result<std::vector<listed>>> list(struct id from, struct id to,
                                                         std::size_t limit) {
        const std::lock_guard guard{inside_->mutex};
        limit = std::min(limit, limits::shard_list_max);
        std::vector<listed> out;
        for (auto at = inside_->shards.lower_bound(from);
             at != inside_->shards.end() && at->first < to && out.size() < limit; ++at) {
            const stored& one = at->second;
            out.push_back({at->first, one.what.bytes, one.what.hash, one.about.writer});
        }
        co_return out;
    }

    [[nodiscard]] task<result<struct status>> status() {
        const std::lock_guard guard{inside_->mutex};
        struct status now{};
        now.total = inside_->capacity;
        now.free = inside_->free();
        now.live = inside_->live;
        now.shards = inside_->shards.size();
        now.state = inside_->state_now();
        now.holder = inside_->who;
        co_return now;
    }

    [[nodiscard]] struct holder holder() const { return inside_->who; }

    // Changes one byte behind the store's back, as a bad disk does. False: there is none.
    bool flip(struct id which, std::uint64_t at) {
        const std::lock_guard guard{inside_->mutex};
        const auto found = inside_->shards.find(which);
        if (found == inside_->shards.end() || at >= found->second.bytes.size()) return false;
        buffer changed = buffer::copy_of(found->second.bytes.view());
        changed.span()[at] ^= std::byte{1};
        found->second.bytes = slice{std::move(changed)};
        return true;
    }

private:
    struct stored {
        struct header about{};
        slice bytes{};
        std::vector<std::uint32_t> sums{};
        sealed what{};
    };

    struct inside {
        inside(struct holder h, std::uint64_t bytes) : who{h}, capacity{bytes} {}
        struct holder who;
        std::uint64_t capacity;
        std::mutex mutex{};
        std::map<struct id, stored> shards{};
        std::uint64_t live{0};

        [[nodiscard]] std::uint64_t free() const { return capacity - std::min(capacity, live); }
        [[nodiscard]] state state_now() const { return state_of(capacity, free()); }
    };

    class writing final : public writer {
    public:
        writing(std::shared_ptr<inside> store, struct header h)
            : store_{std::move(store)}, about_{std::move(h)}, row_{about_} {}

        step append(slice blocks, std::vector<std::uint32_t> sums) override {
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            if (auto ok = row_.take(blocks.view(), sums); !ok) co_return ok;
            parts_.push_back(std::move(blocks));
            co_return result<void>{};
        }

        task<result<sealed>> seal() override {
            if (outcome_) co_return *outcome_;
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            ended_ = true;
            outcome_ = put();
            co_return *outcome_;
        }

        step abort() override {
            ended_ = true;
            parts_.clear();
            co_return result<void>{};
        }

    private:
        result<sealed> put() {
            stored made{about_, {}, row_.sums(), row_.summary()};
            buffer all = buffer::uninitialized(row_.bytes());
            byte_span out = all.span();
            for (const slice& part : parts_) {
                std::ranges::copy(part.view(), out.begin());
                out = out.subspan(part.size());
            }
            parts_.clear();
            made.bytes = slice{std::move(all)};

            const std::lock_guard guard{store_->mutex};
            if (const auto found = store_->shards.find(about_.id); found != store_->shards.end()) {
                const sealed& there = found->second.what;
                if (there.bytes == made.what.bytes && there.hash == made.what.hash) return there;
                return fail(errc::conflict, "the shard is sealed with other bytes");
            }
            if (made.what.bytes > store_->free()) return fail(errc::full, "the store is full");
            const sealed what = made.what;
            store_->live += what.bytes;
            store_->shards.emplace(about_.id, std::move(made));
            return what;
        }

        std::shared_ptr<inside> store_;
        struct header about_;
        intake row_;
        std::vector<slice> parts_{};
        bool ended_{false};
        std::optional<result<sealed>> outcome_{};
    };

    std::shared_ptr<inside> inside_;
};

static_assert(store<memory>);

}  // namespace rsx::shard
