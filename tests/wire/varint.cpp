// SPDX-License-Identifier: Apache-2.0
#include <rsx/wire/varint.hpp>

#include "catch.hpp"

namespace wire = rsx::wire;

namespace {
rsx::byte_view view_of(std::initializer_list<std::byte> bytes) {
    return {bytes.begin(), bytes.size()};
}
}  // namespace

TEST_CASE("varints have their published bytes and come back") {
    for (const auto& [value, text] : {std::pair<std::uint64_t, const char*>{0, "00"},
                                      {127, "7f"},
                                      {128, "8001"},
                                      {300, "ac02"},
                                      {~std::uint64_t{0}, "ffffffffffffffffff01"}}) {
        std::vector<std::byte> out;
        wire::put_varint(out, value);
        CHECK(rsx::hex(out) == text);
        rsx::byte_view in{out};
        const auto back = wire::take_varint(in);
        REQUIRE(back);
        CHECK(*back == value);
        CHECK(in.empty());
    }
}

TEST_CASE("a varint that is truncated, too long or not the shortest is refused in place") {
    const auto more = std::byte{0xff};
    const std::initializer_list<std::byte> truncated{more, more};
    const std::initializer_list<std::byte> wide{more, more, more, more, more,
                                                more, more, more, more, std::byte{2}};
    const std::initializer_list<std::byte> padded{std::byte{0xac}, std::byte{0x82}, std::byte{0}};
    for (auto in : {view_of({}), view_of(truncated), view_of(wide), view_of(padded)}) {
        const auto size = in.size();
        const auto taken = wire::take_varint(in);
        REQUIRE(!taken);
        CHECK(taken.error().code == rsx::errc::corrupt);
        CHECK(in.size() == size);
    }
}
