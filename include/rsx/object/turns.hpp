// SPDX-License-Identifier: Apache-2.0

// Turns: who commits on one key at a time, in the order of asking.
//
//     auto turn = co_await turns.take("photos/cat.jpg");
//     ... read, plan, commit ...                          // the destructor passes the turn on
//
// Commits of one engine on one key would only fail each other's compares; so they queue. Others
// (another process) are met by compare. One loop's. Memory: one entry a key that is in use.
#pragma once

#include <rsx/core/wait.hpp>

#include <map>
#include <memory>
#include <string>

namespace rsx::object {

class turns {
    struct queue {
        semaphore one{1};
        std::size_t users{0};
    };
    using table = std::map<std::string, queue>;

public:
    class turn {
    public:
        turn(turn&& other) noexcept
            : from_{std::exchange(other.from_, nullptr)}, at_{other.at_}, mine_{other.mine_} {}
        turn& operator=(turn&&) = delete;
        ~turn() {
            if (from_ == nullptr) return;
            if (mine_) at_->second.one.give(1);
            if (--at_->second.users == 0) from_->erase(at_);
        }

    private:
        friend class turns;
        turn(table& from, table::iterator at) noexcept : from_{&from}, at_{at} {
            ++at->second.users;
        }
        table* from_;
        table::iterator at_;
        bool mine_{false};
    };

    [[nodiscard]] task<result<turn>> take(std::string key) {
        turn mine{keys_, keys_.try_emplace(std::move(key)).first};
        step taking = mine.at_->second.one.take(1);
        const auto taken = co_await taking;
        if (!taken) co_return std::unexpected(taken.error());
        mine.mine_ = true;
        co_return std::move(mine);
    }

private:
    table keys_;
};

}  // namespace rsx::object
