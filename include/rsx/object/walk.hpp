// SPDX-License-Identifier: Apache-2.0

// Walks over all rows of a kind that is spread: garbage, notes, tickets.
//
//     auto tickets = co_await object::rows_of_kind(s, meta::kind::ticket, 1000);
//
// 256 scans, one a spread byte, so that stores which are ordered only within a partition can serve
// it. Bounded by `most`: what is left is found by the next walk.
#pragma once

#include <rsx/object/standing.hpp>

namespace rsx::object {

[[nodiscard]] inline task<result<std::vector<meta::row>>> rows_of_kind(state& s, meta::kind what,
                                                                       std::size_t most) {
    const env& here = co_await this_env{};
    s.home = here.where;
    std::vector<meta::row> out;
    for (unsigned spread = 0; spread < 256 && out.size() < most; ++spread) {
        meta::range rest = meta::key::spread_of(what, static_cast<std::uint8_t>(spread));
        for (;;) {
            std::vector<meta::range> ranges{rest};
            const meta::scan_limits limit{};
            auto scanning = s.on.meta.store().scan(std::move(ranges), limit, meta::reading::each);
            auto page = co_await scanning;
            if (!page) co_return std::unexpected(page.error());
            for (meta::row& row : page->rows[0]) out.push_back(std::move(row));
            if (!page->more[0] || out.size() >= most) break;
            rest.from = out.back().key + '\0';
        }
    }
    co_return std::move(out);
}

}  // namespace rsx::object
