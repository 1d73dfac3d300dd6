// SPDX-License-Identifier: Apache-2.0
#include <rsx/wire/fields.hpp>

#include "catch.hpp"

#include <rsx/core/clock.hpp>

namespace wire = rsx::wire;
using rsx::errc;
using rsx::result;

namespace {

struct person {
    std::uint32_t age{0};
    std::int64_t balance{0};
    std::string name;
    std::array<std::byte, 2> key{};
    std::vector<std::string> tags;

    result<std::vector<std::byte>> from(rsx::byte_view row) {
        return wire::read_row(row, [this](const wire::field& f) -> result<bool> {
            switch (f.tag) {
                case 2: return f.read(age);
                case 3: return f.read(balance);
                case 4: return f.read(name);
                case 6: return f.read(key);
                case 8: return f.read(tags.emplace_back());
                default: return false;
            }
        });
    }
};

wire::field_writer written() {
    wire::field_writer row;
    row.put(2, std::uint32_t{300});
    row.put_signed(3, -2);
    row.put(4, "Ada");
    const std::byte key[] = {std::byte{0xca}, std::byte{0xfe}};
    row.put(6, rsx::byte_view{key});
    row.put(8, "x");
    row.put(8, "");
    return row;
}

}  // namespace

TEST_CASE("a row's bytes are these") {
    const auto bytes = written().bytes();
    CHECK(rsx::hex(bytes) ==
          "01"
          "0202"
          "2c01"
          "0301"
          "03"
          "0403"
          "416461"
          "0602"
          "cafe"
          "0801"
          "78"
          "0800");
    person p;
    REQUIRE(p.from(bytes));
    CHECK(p.age == 300);
    CHECK(p.balance == -2);
    CHECK(p.name == "Ada");
    CHECK(p.key[1] == std::byte{0xfe});
    CHECK(p.tags == std::vector<std::string>{"x", ""});
}

TEST_CASE("numbers of every size come back, zero as nothing at all") {
    for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255},
                                  std::uint64_t{256}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
        auto group = wire::field_writer::group();
        group.put(2, n);
        group.put_signed(4, static_cast<std::int64_t>(n));
        group.put_signed(4, static_cast<std::int64_t>(~n));
        if (n == 0) CHECK(rsx::hex(group.view()) == "02000400040101");
        std::uint64_t back = 77;
        std::vector<std::int64_t> both;
        REQUIRE(wire::read_group(group.view(), [&](const wire::field& f) -> result<bool> {
            return f.tag == 2 ? f.read(back) : f.read(both.emplace_back());
        }));
        CHECK(back == n);
        CHECK(both == std::vector<std::int64_t>{static_cast<std::int64_t>(n),
                                                static_cast<std::int64_t>(~n)});
    }
}

TEST_CASE("an unknown even tag is kept, byte for byte, when the row is rewritten") {
    auto row = written();
    row.put(1000, "from the future");
    row.put(10, std::uint64_t{5});
    person p;
    const auto extras = p.from(row.view());
    REQUIRE(extras);
    auto again = written();
    again.put_extras(*extras);
    CHECK(again.bytes() == row.bytes());
}

TEST_CASE("an unknown odd tag refuses the row and is named") {
    auto row = written();
    row.put(1001, "must be understood");
    person p;
    const auto extras = p.from(row.view());
    REQUIRE(!extras);
    CHECK(extras.error() == rsx::error{errc::unsupported, "row: a field that must be known", 1001});
}

TEST_CASE("groups nest in fields") {
    auto inner = wire::field_writer::group();
    inner.put(2, std::uint8_t{9});
    wire::field_writer row;
    row.put(4, inner);
    CHECK(rsx::hex(row.view()) ==
          "01"
          "0403"
          "020109");
    std::uint8_t nine = 0;
    REQUIRE(wire::read_row(row.view(), [&](const wire::field& f) -> result<bool> {
        auto inside = wire::read_group(
            f.value, [&](const wire::field& g) -> result<bool> { return g.read(nine); });
        if (!inside) return std::unexpected(inside.error());
        return true;
    }));
    CHECK(nine == 9);
}

TEST_CASE("a row of no or another format is refused") {
    person p;
    CHECK(p.from({}).error().code == errc::corrupt);
    const std::byte two[] = {std::byte{2}};
    CHECK(p.from(two).error() == rsx::error{errc::unsupported, "row: unknown format", 2});
}

TEST_CASE("a row cut anywhere but between fields is refused") {
    const auto bytes = written().bytes();
    std::size_t whole = 0;
    for (std::size_t n = 1; n <= bytes.size(); ++n) {
        person p;
        if (p.from(rsx::byte_view{bytes}.first(n))) ++whole;
    }
    CHECK(whole == 7);  // after the format byte and after each of six fields
}

TEST_CASE("numbers that are too long, too large or padded are refused by tag") {
    const auto refused = [](rsx::byte_view value) {
        wire::field_writer row;
        row.put(2, value);
        person p;
        const auto extras = p.from(row.view());
        return !extras && extras.error().code == errc::corrupt && extras.error().detail == 2;
    };
    CHECK(refused(std::vector<std::byte>(9, std::byte{1})));
    CHECK(refused(std::vector<std::byte>(5, std::byte{1})));  // 40 bits into 32
    CHECK(refused(std::vector<std::byte>{std::byte{1}, std::byte{0}}));
    wire::field_writer row;
    row.put(6, "three");
    person p;
    CHECK(p.from(row.view()).error().code == errc::corrupt);
}

TEST_CASE("random rows are read or refused, never misread") {
    constexpr std::uint64_t seed = 99;
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    const auto good = written().bytes();
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = good;
        for (auto n = random.below(4) + 1; n > 0; --n)
            bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(32));
        bytes.resize(random.below(bytes.size()) + 1);
        person p;
        const auto extras = p.from(bytes);
        CHECK((!extras || extras->size() < bytes.size()));
    }
}
