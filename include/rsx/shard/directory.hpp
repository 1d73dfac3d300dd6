// SPDX-License-Identifier: Apache-2.0

// A shard store in a directory, one file a shard, that people can look at with `ls`.
//
//     auto files = disk::posix_files::open_root("/srv/disk-3");
//     auto store = shard::directory::open(std::move(*files), pool, who);     // blocking, at start
//     auto writer = co_await store->begin(header);
//
// All blocking work runs on the pool, and owns what it touches: a caller that stops waiting (or a
// disk that hangs) leaves no one holding borrowed bytes, and what was begun goes on to its end.
// Opening asks for the directory's identity file and refuses another holder's. Any loop; the files
// and their index are in shard/file_store.hpp. Large shards are written 1 MiB at a time past the
// page cache; small ones with one write. Give the pool as many threads as seals should share a
// directory sync. docs/reference/shard-file.md.
#pragma once

#include <rsx/core/pool.hpp>
#include <rsx/shard/file_store.hpp>
#include <rsx/shard/identity.hpp>

namespace rsx::shard {

class directory {
public:
    [[nodiscard]] static result<directory> open(std::shared_ptr<disk::files> files, pool& threads,
                                                struct holder who) {
        const auto mine = directory_identity::load(*files);
        if (!mine) return std::unexpected(mine.error());
        if (mine->holder != who) {
            return fail(errc::invalid, "this directory belongs to another holder",
                        mine->holder.node);
        }
        auto store = file_store::open(std::move(files), who);
        if (!store) return std::unexpected(store.error());
        return directory{std::move(*store), threads};
    }

    [[nodiscard]] task<result<std::unique_ptr<writer>>> begin(struct header h) {
        auto ok = store_->admit(h);
        if (!ok && ok.error().code == errc::full) {  // still so? Erasing may have helped.
            auto look = blocking(*pool_, [store = store_] { return store->status(); });
            auto now = co_await look;
            if (!now) co_return std::unexpected(now.error());
            ok = store_->admit(h);
        }
        if (!ok && ok.error().code == errc::conflict) {  // sealed, and durably so
            auto work =
                blocking(*pool_, [store = store_, which = h.id] { return store->settle(which); });
            auto settled = co_await work;
            if (!settled) co_return std::unexpected(settled.error());
        }
        if (!ok) co_return std::unexpected(ok.error());
        std::unique_ptr<writer> made = std::make_unique<writing>(store_, *pool_, std::move(h));
        co_return made;
    }

    [[nodiscard]] task<result<struct header>> head(struct id which) {
        auto work = blocking(*pool_, [store = store_, which] { return store->head(which); });
        co_return co_await work;
    }
    [[nodiscard]] task<result<piece>> read(struct id which, block_range blocks) {
        auto work = blocking(
            *pool_, [store = store_, which, blocks] { return store->read(which, blocks); });
        co_return co_await work;
    }
    [[nodiscard]] step erase(struct id which) {
        auto work = blocking(*pool_, [store = store_, which] { return store->erase(which); });
        co_return co_await work;
    }
    [[nodiscard]] task<result<std::vector<listed>>> list(struct id from, struct id to,
                                                         std::size_t limit) {
        co_return store_->list(from, to, limit);
    }
    [[nodiscard]] task<result<struct status>> status() {
        auto work = blocking(*pool_, [store = store_] { return store->status(); });
        co_return co_await work;
    }
    [[nodiscard]] struct holder holder() const { return store_->who(); }
    // The blocking half.
    [[nodiscard]] const std::shared_ptr<file_store>& files() const noexcept { return store_; }

private:
    directory(std::shared_ptr<file_store> store, pool& threads)
        : store_{std::move(store)}, pool_{&threads} {}

    // What the jobs of one writer share. Those of a caller that went away may still wait on the
    // pool, so they lock, and nothing happens after the shard was given up.
    class shared {
    public:
        shared(std::shared_ptr<file_store> store, struct header h)
            : store_{std::move(store)}, shard_{std::move(h)} {}

        result<void> write(std::span<const slice> blocks) {
            const std::lock_guard guard{mutex_};
            if (given_up_) return fail(errc::cancelled, "the writer has ended");
            return store_->write(shard_, blocks);
        }
        result<sealed> seal(std::span<const slice> last, std::span<const std::uint32_t> sums) {
            const std::lock_guard guard{mutex_};
            return store_->seal(shard_, last, sums);
        }
        result<void> give_up() {
            const std::lock_guard guard{mutex_};
            given_up_ = true;
            store_->discard(shard_);
            return {};
        }

    private:
        std::mutex mutex_;
        std::shared_ptr<file_store> store_;
        incoming shard_;
        bool given_up_{false};
    };

    class writing final : public writer {
    public:
        writing(std::shared_ptr<file_store> store, pool& threads, struct header h)
            : pool_{threads},
              row_{h},
              shared_{std::make_shared<shared>(std::move(store), std::move(h))} {}
        ~writing() override { give_up(); }

        step append(slice blocks, std::vector<std::uint32_t> sums) override {
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            if (auto ok = row_.take(blocks.view(), sums); !ok) co_return ok;
            waiting_bytes_ += blocks.size();
            waiting_.push_back(std::move(blocks));
            // The last block may be short and must then go with the footer, in whole pages.
            const bool whole = row_.bytes() % limits::block_bytes == 0;
            if (waiting_bytes_ < limits::shard_flush_bytes || !whole) co_return result<void>{};
            waiting_bytes_ = 0;
            touched_ = true;
            auto work = blocking(pool_, [to = shared_, blocks = std::exchange(waiting_, {})] {
                return to->write(blocks);
            });
            auto written = co_await work;
            if (!written) give_up();  // perhaps it is still being written: nothing may follow
            co_return written;
        }

        task<result<sealed>> seal() override {
            if (outcome_) co_return *outcome_;
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            ended_ = touched_ = true;
            auto work = blocking(pool_, [to = shared_, last = std::exchange(waiting_, {}),
                                         sums = row_.sums()] { return to->seal(last, sums); });
            outcome_ = co_await work;
            co_return *outcome_;
        }

        step abort() override {
            if (ended_) co_return result<void>{};
            ended_ = true;
            waiting_.clear();
            if (!touched_) co_return result<void>{};
            auto work = blocking(pool_, [to = shared_] { return to->give_up(); });
            co_return co_await work;
        }

    private:
        // Without waiting; if the pool is too busy, the next open of the store cleans up.
        void give_up() {
            if (std::exchange(ended_, true) || !touched_) return;
            (void)pool_.submit([to = shared_] { (void)to->give_up(); });
        }

        pool& pool_;
        intake row_;
        std::shared_ptr<shared> shared_;
        std::vector<slice> waiting_{};
        std::size_t waiting_bytes_{0};
        bool ended_{false};
        bool touched_{false};  // a job was given to the pool: there may be a file
        std::optional<result<sealed>> outcome_{};
    };

    std::shared_ptr<file_store> store_;
    pool* pool_;
};

static_assert(store<directory>);

}  // namespace rsx::shard
