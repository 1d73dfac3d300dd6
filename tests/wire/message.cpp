// SPDX-License-Identifier: Apache-2.0
#include <rsx/wire/message.hpp>

#include "allocations.hpp"
#include "catch.hpp"

#include <rsx/core/clock.hpp>
#include <rsx/core/holder.hpp>

namespace wire = rsx::wire;

namespace {

enum class colour : std::uint8_t { red = 1, green = 2 };

struct part {
    std::uint16_t index{0};
    std::string name;
    std::vector<std::uint64_t> sizes;

    template <class Archive>
    void serialize(Archive& a) {
        a(index, name, sizes);
    }
    friend bool operator==(const part&, const part&) = default;
};

struct everything {
    std::int32_t balance{0};
    bool ready{false};
    double load{0};
    colour paint{colour::red};
    rsx::holder who;
    std::array<std::byte, 4> tag{};
    std::vector<std::byte> payload;
    std::optional<part> first;
    std::vector<part> parts;
    std::vector<std::string> names;

    template <class Archive>
    void serialize(Archive& a) {
        a(balance, ready, load, paint, who, tag, payload, first, parts, names);
    }
    friend bool operator==(const everything&, const everything&) = default;
};

struct tree {
    std::vector<tree> children;
    template <class Archive>
    void serialize(Archive& a) {
        a(children);
    }
};

everything sample() {
    everything e;
    e.balance = -2;
    e.ready = true;
    e.load = 0.5;
    e.paint = colour::green;
    e.who = {.node = 3, .incarnation = 7};
    e.tag = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    e.payload = {std::byte{0xfe}, std::byte{0xff}};
    e.first = part{.index = 9, .name = "nine", .sizes = {1, 2}};
    e.parts = {part{.index = 1, .name = "one", .sizes = {}}, part{}};
    e.names = {"a", "", "c"};
    return e;
}

}  // namespace

TEST_CASE("a message decodes to what was encoded") {
    const auto e = sample();
    const auto back = wire::decode<everything>(wire::encode(e));
    REQUIRE(back);
    CHECK(*back == e);
    CHECK(*wire::decode<everything>(wire::encode(everything{})) == everything{});
}

TEST_CASE("a message's bytes are these") {
    const part p{.index = 258, .name = "ab", .sizes = {1}};
    CHECK(rsx::hex(wire::encode(p)) ==
          "0201"
          "02000000"
          "6162"
          "01000000"
          "0100000000000000");
    CHECK(rsx::hex(wire::encode(sample())) ==
          "feffffff"
          "01"
          "000000000000e03f"
          "02"
          "0300000007000000"
          "01020304"
          "02000000feff"
          "01"
          "0900"
          "040000006e696e65"
          "02000000"
          "01000000000000000200000000000000"
          "02000000"
          "0100"
          "030000006f6e65"
          "00000000"
          "0000"
          "00000000"
          "00000000"
          "03000000"
          "0100000061"
          "00000000"
          "0100000063");
}

TEST_CASE("encode_to appends behind what is there") {
    std::vector<std::byte> out{std::byte{0xaa}};
    wire::encode_to(out, rsx::holder{.node = 1, .incarnation = 2});
    CHECK(rsx::hex(out) == "aa0100000002000000");
}

TEST_CASE("a message that ends early or late is refused at every length") {
    auto bytes = wire::encode(sample());
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        CAPTURE(n);
        const auto back = wire::decode<everything>(rsx::byte_view{bytes}.first(n));
        REQUIRE(!back);
        CHECK(back.error().code == rsx::errc::corrupt);
    }
    bytes.push_back(std::byte{0});
    const auto back = wire::decode<everything>(bytes);
    REQUIRE(!back);
    CHECK(back.error() == rsx::error{rsx::errc::corrupt, "message: bytes behind the end", 1});
}

TEST_CASE("a message over its size limit is refused unread") {
    const auto bytes = wire::encode(sample());
    const auto back = wire::decode<everything>(bytes, bytes.size() - 1);
    REQUIRE(!back);
    CHECK(back.error().code == rsx::errc::limit);
    CHECK(wire::decode<everything>(bytes, bytes.size()));
}

TEST_CASE("a claim of two gigabytes in twelve bytes allocates next to nothing") {
    const std::vector<std::byte> bytes{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                       std::byte{0x7f}, std::byte{0},    std::byte{0},
                                       std::byte{0},    std::byte{0},    std::byte{0},
                                       std::byte{0},    std::byte{0},    std::byte{0}};
    const auto before = allocated_bytes();
    const bool numbers = wire::decode<std::vector<std::uint64_t>>(bytes).has_value();
    const bool parts = wire::decode<std::vector<part>>(bytes).has_value();
    const bool text = wire::decode<std::string>(bytes).has_value();
    const auto after = allocated_bytes();
    CHECK(!numbers);
    CHECK(!parts);
    CHECK(!text);
    CHECK(after - before < 1024);
}

TEST_CASE("a mark that is neither yes nor no is refused") {
    const std::byte two[] = {std::byte{2}};
    CHECK(!wire::decode<bool>(two));
    CHECK(!wire::decode<std::optional<bool>>(two));
}

TEST_CASE("a message nested too deep is refused, not recursed into") {
    std::vector<std::byte> bytes;
    for (int i = 0; i < 100'000; ++i)
        for (const int b : {1, 0, 0, 0}) bytes.push_back(static_cast<std::byte>(b));
    const auto back = wire::decode<tree>(bytes);
    REQUIRE(!back);
    CHECK(back.error().code == rsx::errc::limit);

    tree flat;
    flat.children.resize(3);
    flat.children[1].children.resize(2);
    CHECK(wire::decode<tree>(wire::encode(flat))->children[1].children.size() == 2);
}

TEST_CASE("mutated messages never crash and never allocate beyond a bound") {
    constexpr std::uint64_t seed = 0x5eed;
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    const auto good = wire::encode(sample());
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = good;
        for (auto changes = random.below(6) + 1; changes > 0; --changes) {
            const auto at = random.below(bytes.size());
            switch (random.below(4)) {
                case 0: bytes[at] = static_cast<std::byte>(random.below(256)); break;
                case 1: bytes[at] ^= static_cast<std::byte>(1u << random.below(8)); break;
                case 2:
                    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                 static_cast<std::byte>(random.below(256)));
                    break;
                default: bytes.resize(at + 1);
            }
        }
        const auto before = allocated_bytes();
        const auto back = wire::decode<everything>(bytes);
        const auto used = allocated_bytes() - before;
        // Two bytes' worth of message (an empty part has ten) can at most become one part, and a
        // growing vector has held twice its size; sizeof(part) times the bytes is far from tight.
        if (used > 2 * sizeof(part) * bytes.size()) {
            CAPTURE(round, used, bytes.size());
            FAIL("decoding allocated too much");
        }
        if (back && wire::encode(*back) != bytes) {
            CAPTURE(round, rsx::hex(bytes));
            FAIL("a value has two encodings");
        }
    }
    SUCCEED();
}
