// SPDX-License-Identifier: Apache-2.0

// The numbers of what a session has under way, so that others can wait until it has ended.
//
//     auto reading = session.begin();                 // before the first read, not after
//     auto head = co_await store.get(...);            // whatever this leads to stays until
//     `reading`
//     ...                                             // goes out of scope
//
// An operation takes the next number and gives it back at its end. `oldest()` is the least number
// still held: all operations with smaller ones have ended. One loop; O(log open) each.
#pragma once

#include <rsx/core/wait.hpp>

#include <set>

namespace rsx::meta {

class operations;

// Held while an operation runs; moves. The session must outlive it.
class [[nodiscard]] operation {
public:
    operation() noexcept = default;
    operation(operation&& other) noexcept
        : of_{std::exchange(other.of_, nullptr)}, number_{other.number_} {}
    operation& operator=(operation&& other) noexcept {
        std::swap(of_, other.of_);
        std::swap(number_, other.number_);
        return *this;
    }
    ~operation() { end(); }

    void end() noexcept;
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

private:
    friend class operations;
    operation(operations* of, std::uint64_t number) noexcept : of_{of}, number_{number} {}

    operations* of_{nullptr};
    std::uint64_t number_{0};
};

class operations {
public:
    operations() = default;
    operations(const operations&) = delete;
    operations& operator=(const operations&) = delete;
    ~operations() { RSX_ASSERT(open_.empty()); }

    [[nodiscard]] operation begin() {
        open_.insert(next_);
        return {this, next_++};
    }
    [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
    [[nodiscard]] std::uint64_t oldest() const noexcept {
        return open_.empty() ? next_ : *open_.begin();
    }
    [[nodiscard]] std::size_t open() const noexcept { return open_.size(); }

    // Until every operation below `number` has ended.
    [[nodiscard]] step ended_below(std::uint64_t number) {
        while (oldest() < number) {
            auto news = ended_.next();
            auto woken = co_await news;
            if (!woken) co_return woken;
        }
        co_return status{};
    }

private:
    friend class operation;
    void end(std::uint64_t number) noexcept {
        open_.erase(number);
        ended_.announce();
    }

    std::set<std::uint64_t> open_;
    std::uint64_t next_{1};
    news ended_;
};

inline void operation::end() noexcept {
    if (of_ != nullptr) std::exchange(of_, nullptr)->end(number_);
}

}  // namespace rsx::meta
