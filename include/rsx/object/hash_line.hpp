// SPDX-License-Identifier: Apache-2.0

// Feeds one digester with a body's batches, in order, on the pool, beside what else is done to
// them.
//
//     object::hash_line line{s, home, digester};
//     line.feed(bytes, pieces);                  // the batch before must have ended: see wait
//     co_await line.wait();
//
// The digester is borrowed and the pool cannot be interrupted, so `wait` heeds no stop request, and
// must be awaited before the line ends. Small batches are digested at once. One loop's.
#pragma once

#include <rsx/object/state.hpp>

namespace rsx::object {

class hash_line {
public:
    static constexpr std::size_t small_bytes = 64 * kib;  // a thread is not worth it

    hash_line(state& s, loop& home, digester& sums) : s_{s}, home_{home}, sums_{sums} {}
    hash_line(const hash_line&) = delete;
    hash_line& operator=(const hash_line&) = delete;
    ~hash_line() { RSX_ASSERT(!busy_); }

    // `pieces` of `bytes`, in the order of the body.
    void feed(slice bytes, std::vector<byte_view> pieces, std::uint64_t size) {
        RSX_ASSERT(!busy_);
        bytes_ = std::move(bytes);
        pieces_ = std::move(pieces);
        if (size <= small_bytes) {
            digest();
            return;
        }
        busy_ = true;
        auto call = [this]() -> result<bool> {
            digest();
            return true;
        };
        task<result<bool>> work = blocking(s_.on.threads, std::move(call));
        spawn(env{&home_, {}, nanos::max()}, std::move(work), [this](result<bool> done) {
            if (!done) digest();  // the pool had no room
            busy_ = false;
            idle_.announce();
        });
    }

    [[nodiscard]] step wait() {
        while (busy_) {
            step next = idle_.next();
            step alone = sheltered(std::move(next));
            const auto told = co_await alone;
            if (!told) co_return told;
        }
        co_return status{};
    }

private:
    void digest() {
        for (const byte_view piece : pieces_) sums_.update(piece);
        pieces_.clear();
        bytes_ = {};
    }

    state& s_;
    loop& home_;
    digester& sums_;
    slice bytes_{};
    std::vector<byte_view> pieces_{};
    bool busy_{false};
    news idle_;
};

}  // namespace rsx::object
