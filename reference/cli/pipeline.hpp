// SPDX-License-Identifier: Apache-2.0

// Three stages over a few items: read the next while this one is computed and the last is written.
//
//     std::vector<batch> batches(3);
//     auto ended = in_three_stages(std::span{batches}, read, compute, write);
//
// read(item) answers false at the end; the three run on a thread each, and an item is in one stage
// at a time. Items keep their order. The first failure ends all three and is the answer.
#pragma once

#include "exit_codes.hpp"
#include "terminal.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

namespace rsx_cli {

namespace detail {

// Hands items from one stage to the next. Closed: what is in it still comes out.
template <class Item>
class hand_over {
public:
    void put(Item* item) {
        {
            const std::lock_guard guard{mutex_};
            waiting_.push_back(item);
        }
        wake_.notify_one();
    }
    Item* take() {  // null: closed and empty
        std::unique_lock guard{mutex_};
        wake_.wait(guard, [this] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return nullptr;
        Item* const next = waiting_.front();
        waiting_.pop_front();
        return next;
    }
    void close(bool and_empty) {
        {
            const std::lock_guard guard{mutex_};
            closed_ = true;
            if (and_empty) waiting_.clear();
        }
        wake_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Item*> waiting_;
    bool closed_{false};
};

}  // namespace detail

template <class Item, class Read, class Compute, class Write>
[[nodiscard]] outcome<void> in_three_stages(std::span<Item> items, Read read, Compute compute,
                                            Write write) {
    detail::hand_over<Item> free;
    detail::hand_over<Item> filled;
    detail::hand_over<Item> computed;
    std::mutex mutex;
    std::optional<failure> first;
    const auto end_with = [&](failure why) {
        {
            const std::lock_guard guard{mutex};
            if (!first) first = std::move(why);
        }
        for (auto* queue : {&free, &filled, &computed}) queue->close(true);
    };
    for (Item& item : items) free.put(&item);

    std::thread reader{[&] {
        while (Item* const item = free.take()) {
            if (interrupted()) return end_with({exit_code::failed, "interrupted"});
            outcome<bool> more = read(*item);
            if (!more) return end_with(std::move(more.error()));
            if (!*more) break;
            filled.put(item);
        }
        filled.close(false);
    }};
    std::thread writer{[&] {
        while (Item* const item = computed.take()) {
            if (outcome<void> ok = write(*item); !ok) return end_with(std::move(ok.error()));
            free.put(item);
        }
    }};
    while (Item* const item = filled.take()) {
        if (outcome<void> ok = compute(*item); !ok) {
            end_with(std::move(ok.error()));
            break;
        }
        computed.put(item);
    }
    computed.close(false);
    writer.join();
    reader.join();
    if (first) return std::unexpected(std::move(*first));
    return {};
}

}  // namespace rsx_cli
