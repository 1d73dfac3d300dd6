// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/log.hpp>

#include "catch.hpp"

namespace {

struct stopped_clock final : rsx::wall_clock {
    std::int64_t now_ms() const override { return 951'827'696'789; }  // a leap day
};

std::string written(rsx::log::level least, const rsx::log::line& of) {
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    const stopped_clock clock;
    rsx::log::stderr_sink sink{clock, least, file};
    of.to(sink);
    std::rewind(file);
    char text[8192];
    const auto size = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    return {text, size};
}

}  // namespace

TEST_CASE("a log line is one line of logfmt with the clock's time") {
    const auto line = rsx::log::line{rsx::log::level::warn, "shard lost"}
                          .with("node", 3)
                          .with("whole", false)
                          .with("bucket", "photos")
                          .with("error", rsx::error{rsx::errc::io, "read failed", 5});
    CHECK(written(rsx::log::level::info, line) ==
          "time=2000-02-29T12:34:56.789Z level=warn event=\"shard lost\" node=3 whole=false "
          "bucket=photos error=\"i/o error: read failed (5)\"\n");
}

TEST_CASE("a sink leaves out what is below its level") {
    const rsx::log::line line{rsx::log::level::debug, "detail"};
    CHECK(written(rsx::log::level::info, line).empty());
    CHECK_FALSE(written(rsx::log::level::debug, line).empty());
}

TEST_CASE("a value can hold anything and still stays on its line") {
    CHECK(rsx::log::quoted("plain/key-1.txt") == "plain/key-1.txt");
    CHECK(rsx::log::quoted("") == "\"\"");
    CHECK(rsx::log::quoted("a b") == "\"a b\"");
    CHECK(rsx::log::quoted("a=b") == "\"a=b\"");
    CHECK(rsx::log::quoted("a\"\\\n\r\t") == R"("a\"\\\n\r\t")");
    CHECK(rsx::log::quoted(std::string_view{"\0\x1b\x7f", 3}) == R"("\x00\x1b\x7f")");
    CHECK(rsx::log::quoted("\xc3\xa4") == "\xc3\xa4");
}

TEST_CASE("a value is cut at its limit and says so") {
    const std::string longest(rsx::limits::log_value_bytes_max, 'x');
    CHECK(rsx::log::quoted(longest) == longest);
    CHECK(rsx::log::quoted(longest + "y") == "\"" + longest + "...\"");
}

TEST_CASE("the memory sink keeps lines and the silent one nothing") {
    rsx::log::memory_sink kept;
    rsx::log::silent_sink nothing;
    const auto line = rsx::log::line{rsx::log::level::error, "started"}.with("port", 9000u);
    line.to(kept);
    line.to(nothing);
    CHECK(kept.lines() == std::vector<std::string>{"level=error event=started port=9000"});
    CHECK_FALSE(nothing.wants(rsx::log::level::error));
}
