// SPDX-License-Identifier: Apache-2.0

// What an operator sees: numbers on a page, events on lines.
#include <rsx/core/log.hpp>
#include <rsx/core/metrics.hpp>

#include <iostream>

int main() {
    rsx::metrics::registry metrics;
    auto& puts = metrics.counter("rsx_requests_total", "Requests by verb", {{"verb", "put"}});
    auto& owed = metrics.gauge("rsx_cells_owed", "Cells that healing owes");
    puts.add();
    owed.set(12);
    std::cout << metrics.text();

    rsx::log::memory_sink log;
    rsx::log::line{rsx::log::level::warn, "shard lost"}
        .with("node", 3)
        .with("error", rsx::error{rsx::errc::timed_out, "no answer", 2000})
        .to(log);
    for (const auto& line : log.lines()) std::cout << line << '\n';
}
