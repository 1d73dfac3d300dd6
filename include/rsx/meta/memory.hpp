// SPDX-License-Identifier: Apache-2.0

// A metadata store in memory: for tests, simulations and programs that forget.
//
//     rsx::meta::memory_store store{owner_loop};
//     auto rows = co_await store.get({"B/photos"}, rsx::meta::reading::each);    // from any loop
//
// One loop owns the rows and judges every commit; other loops reach it as a message, so everything
// is of one instant by construction. The store must outlive all calls. `boot` tells runs apart
// whose rows are compared with each other (a store that is filled again).
#pragma once

#include <rsx/core/mailbox.hpp>
#include <rsx/meta/bounds.hpp>
#include <rsx/meta/ordered_rows.hpp>

namespace rsx::meta {

class memory_store {
public:
    explicit memory_store(loop& owner, std::uint64_t boot = 1) : owner_{owner}, boot_{boot} {
        RSX_ASSERT(boot != 0);
    }
    memory_store(const memory_store&) = delete;
    memory_store& operator=(const memory_store&) = delete;

    [[nodiscard]] task<result<std::vector<row>>> get(std::vector<std::string> keys, reading) {
        return on(owner_, get_here(std::move(keys)));
    }
    [[nodiscard]] task<result<commit_answer>> commit(commit_request request) {
        return on(owner_, commit_here(std::move(request)));
    }
    [[nodiscard]] task<result<page>> scan(std::vector<range> ranges, scan_limits limits, reading) {
        return on(owner_, scan_here(std::move(ranges), limits));
    }

    // For the owner's loop only.
    [[nodiscard]] const ordered_rows& rows() const noexcept { return rows_; }

private:
    task<result<std::vector<row>>> get_here(std::vector<std::string> keys) {
        if (auto good = check(keys); !good) co_return std::unexpected(good.error());
        std::vector<row> out;
        out.reserve(keys.size());
        for (const std::string& key : keys) out.push_back(rows_.get(key));
        co_return out;
    }

    task<result<commit_answer>> commit_here(commit_request request) {
        if (auto good = check(request); !good) co_return std::unexpected(good.error());
        commit_answer answer;
        answer.differ = rows_.differing(request.compares);
        if (answer.committed()) {
            answer.at = stamp_of(boot_, ++position_);
            rows_.apply(std::move(request.changes), answer.at);
        }
        co_return answer;
    }

    task<result<page>> scan_here(std::vector<range> ranges, scan_limits limits) {
        if (auto good = check(ranges, limits); !good) co_return std::unexpected(good.error());
        co_return rows_.scan(ranges, limits);
    }

    loop& owner_;
    std::uint64_t boot_;
    std::uint64_t position_{0};
    ordered_rows rows_;
};

static_assert(store<memory_store>);

}  // namespace rsx::meta
