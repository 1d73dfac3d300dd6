// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/metrics.hpp>

#include "catch.hpp"

#include <thread>

TEST_CASE("metrics render as a Prometheus page") {
    rsx::metrics::registry metrics;
    metrics.counter("rsx_requests_total", "Requests", {{"verb", "put"}, {"code", "200"}}).add(3);
    metrics.counter("rsx_requests_total", "Requests", {{"verb", "get"}, {"code", "200"}}).add();
    metrics.gauge("rsx_cells_owed", "Cells that healing owes").set(-2);
    metrics.computed("rsx_nodes", "Nodes", {{"state", "up"}}, [] { return 6.0; });
    CHECK(metrics.text() ==
          "# HELP rsx_cells_owed Cells that healing owes\n"
          "# TYPE rsx_cells_owed gauge\n"
          "rsx_cells_owed -2\n"
          "# HELP rsx_nodes Nodes\n"
          "# TYPE rsx_nodes gauge\n"
          "rsx_nodes{state=\"up\"} 6\n"
          "# HELP rsx_requests_total Requests\n"
          "# TYPE rsx_requests_total counter\n"
          "rsx_requests_total{verb=\"get\",code=\"200\"} 1\n"
          "rsx_requests_total{verb=\"put\",code=\"200\"} 3\n");
}

TEST_CASE("a histogram renders cumulative buckets, sum and count") {
    rsx::metrics::registry metrics;
    auto& seconds = metrics.histogram("rsx_wait_seconds", "Waits", {0.5, 1}, {{"what", "sync"}});
    for (const double value : {0.25, 0.5, 0.75, 8.0}) seconds.observe(value);
    CHECK(metrics.text() ==
          "# HELP rsx_wait_seconds Waits\n"
          "# TYPE rsx_wait_seconds histogram\n"
          "rsx_wait_seconds_bucket{what=\"sync\",le=\"0.5\"} 2\n"
          "rsx_wait_seconds_bucket{what=\"sync\",le=\"1\"} 3\n"
          "rsx_wait_seconds_bucket{what=\"sync\",le=\"+Inf\"} 4\n"
          "rsx_wait_seconds_sum{what=\"sync\"} 9.5\n"
          "rsx_wait_seconds_count{what=\"sync\"} 4\n");
}

TEST_CASE("the same name and labels are the same metric") {
    rsx::metrics::registry metrics;
    auto& one = metrics.counter("rsx_x_total", "x", {{"a", "b"}});
    CHECK(&one == &metrics.counter("rsx_x_total", "x", {{"a", "b"}}));
    CHECK(&one != &metrics.counter("rsx_x_total", "x", {{"a", "c"}}));
}

TEST_CASE("label values and help texts cannot break out of their line") {
    rsx::metrics::registry metrics;
    metrics.gauge("rsx_x", "two\nlines \\ \"as is\"", {{"bucket", "a\"b\\c\nd"}}).set(1);
    CHECK(metrics.text() ==
          "# HELP rsx_x two\\nlines \\\\ \"as is\"\n"
          "# TYPE rsx_x gauge\n"
          "rsx_x{bucket=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST_CASE("series beyond the limit share one that says so") {
    rsx::metrics::registry metrics;
    for (std::size_t i = 0; i < rsx::limits::metric_series_max + 50; ++i)
        metrics.counter("rsx_x_total", "x", {{"key", std::to_string(i)}}).add();
    const std::string page = metrics.text();
    CHECK(page.find("rsx_x_total{overflow=\"true\"} 50\n") != page.npos);
    CHECK(std::count(page.begin(), page.end(), '\n') ==
          static_cast<long>(rsx::limits::metric_series_max) + 3);
}

TEST_CASE("no count is lost between threads") {
    rsx::metrics::registry metrics;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&metrics] {
                for (int i = 0; i < 10'000; ++i) {
                    metrics.counter("rsx_x_total", "x").add();
                    metrics.histogram("rsx_y_seconds", "y", {1}).observe(0.5);
                }
            });
    }
    CHECK(metrics.counter("rsx_x_total", "x").value() == 40'000);
    CHECK(metrics.histogram("rsx_y_seconds", "y", {1}).count(0) == 40'000);
    CHECK(metrics.histogram("rsx_y_seconds", "y", {1}).sum() == 20'000.0);
}
