// SPDX-License-Identifier: Apache-2.0

// The hello: what two nodes tell each other first, and on what grounds one refuses the other.
//
//     rsx::net::hello mine{.cluster = uuid, .is = peer::role::gateway, .id = 1, ...};
//     auto agreed = rsx::net::agree(mine, theirs, now_ms);
//     if (!agreed) send_refusal(agreed.error());        // by name: "another cluster", ...
//
// Both sides judge by the same rules: the highest wire version and level both have, no `must` bit
// that one side does not know (`may` bits are ignored), one cluster, clocks within five minutes.
// Whether an incarnation is closed only the receiver can know; it passes that in. A plain value,
// docs/reference/frames.md has the bytes.
#pragma once

#include <rsx/net/frame.hpp>

#include <algorithm>
#include <vector>

namespace rsx::net {

using cluster_id = std::array<std::byte, 16>;

// 8-4-4-4-12, as in certificates.
[[nodiscard]] inline std::string to_string(const cluster_id& id) {
    const std::string all = hex(id);
    return all.substr(0, 8) + '-' + all.substr(8, 4) + '-' + all.substr(12, 4) + '-' +
           all.substr(16, 4) + '-' + all.substr(20);
}

inline constexpr std::int64_t clock_difference_ms_max = 5 * 60 * 1000;
inline constexpr std::uint16_t level_now = 1;     // of what this build reads and writes
inline constexpr std::uint64_t known_bits = 0;    // `must` bits this build understands
inline constexpr std::size_t holders_max = 1024;  // of one process

struct hello {
    std::uint8_t wire_min{wire_version};
    std::uint8_t wire_max{wire_version};
    std::uint16_t level_min{level_now};
    std::uint16_t level_max{level_now};
    std::uint64_t must{0};
    std::uint64_t may{0};
    cluster_id cluster{};
    peer::role is{peer::role::unknown};
    std::uint32_t id{0};
    std::uint64_t incarnation{0};
    std::uint64_t epoch{0};
    std::int64_t clock_ms{0};
    std::uint32_t frame_bytes_max{limits::frame_bytes_max};
    std::uint32_t first_credit{limits::stream_credit_bytes};
    std::string build{};            // for logs
    std::vector<holder> holders{};  // those behind this address

    friend bool operator==(const hello&, const hello&) = default;
};

enum class refusal : std::uint8_t {
    malformed = 1,
    other_cluster = 2,
    no_common_wire = 3,
    no_common_level = 4,
    unknown_must_bit = 5,
    closed_incarnation = 6,
    clock_too_far = 7,
    not_certified = 8,  // the certificate does not name who the hello says
    wrong_role = 9,     // a known peer that has no business here
};

[[nodiscard]] constexpr error error_of(refusal why) noexcept {
    switch (why) {
        case refusal::malformed: return {errc::corrupt, "refused: a malformed hello", 1};
        case refusal::other_cluster: return {errc::conflict, "refused: another cluster", 2};
        case refusal::no_common_wire:
            return {errc::unsupported, "refused: no common wire version", 3};
        case refusal::no_common_level: return {errc::unsupported, "refused: no common level", 4};
        case refusal::unknown_must_bit:
            return {errc::unsupported, "refused: a must bit that is not known", 5};
        case refusal::closed_incarnation:
            return {errc::conflict, "refused: a closed incarnation", 6};
        case refusal::clock_too_far:
            return {errc::conflict, "refused: clocks differ by more than five minutes", 7};
        case refusal::not_certified:
            return {errc::invalid, "refused: the certificate proves another name", 8};
        case refusal::wrong_role: return {errc::invalid, "refused: not a peer for this", 9};
    }
    return {errc::corrupt, "refused", 0};
}

// What two hellos come to.
struct agreement {
    std::uint8_t wire{wire_version};
    std::uint16_t level{level_now};
    std::uint64_t may{0};  // those both have
    std::uint32_t frame_bytes_max{limits::frame_bytes_max};
};

[[nodiscard]] inline std::expected<agreement, refusal> agree(const hello& mine, const hello& theirs,
                                                             std::int64_t now_ms) {
    if (theirs.wire_min > theirs.wire_max || theirs.level_min > theirs.level_max ||
        theirs.frame_bytes_max < 64 * kib || theirs.first_credit == 0) {
        return std::unexpected(refusal::malformed);
    }
    agreement both;
    both.wire = std::min(mine.wire_max, theirs.wire_max);
    if (both.wire < std::max(mine.wire_min, theirs.wire_min)) {
        return std::unexpected(refusal::no_common_wire);
    }
    if ((theirs.must & ~known_bits) != 0) return std::unexpected(refusal::unknown_must_bit);
    if (theirs.cluster != mine.cluster) return std::unexpected(refusal::other_cluster);
    both.level = std::min(mine.level_max, theirs.level_max);
    if (both.level < std::max(mine.level_min, theirs.level_min)) {
        return std::unexpected(refusal::no_common_level);
    }
    const std::int64_t apart =
        theirs.clock_ms > now_ms ? theirs.clock_ms - now_ms : now_ms - theirs.clock_ms;
    if (theirs.clock_ms < 0 || apart > clock_difference_ms_max) {
        return std::unexpected(refusal::clock_too_far);
    }
    both.may = mine.may & theirs.may;
    both.frame_bytes_max = std::min(mine.frame_bytes_max, theirs.frame_bytes_max);
    return both;
}

// The DNS name a certificate must have for this hello to be believed.
[[nodiscard]] inline std::string certified_name(peer::role is, std::uint32_t id,
                                                const cluster_id& cluster) {
    const char* const kind = is == peer::role::gateway ? "gateway-" : "node-";
    return kind + std::to_string(id) + '.' + to_string(cluster);
}

// --- bytes ---------------------------------------------------------------------------------------

inline constexpr std::size_t hello_fixed_bytes = 80;

[[nodiscard]] inline std::string encoded(const hello& h) {
    std::array<std::byte, hello_fixed_bytes + 4> raw{};
    const byte_span at{raw};
    store_le(at, h.wire_min);
    store_le(at.subspan(1), h.wire_max);
    store_le(at.subspan(2), h.level_min);
    store_le(at.subspan(4), h.level_max);
    store_le(at.subspan(6), static_cast<std::uint8_t>(h.is));
    store_le(at.subspan(8), h.must);
    store_le(at.subspan(16), h.may);
    std::ranges::copy(h.cluster, at.subspan(24).begin());
    store_le(at.subspan(40), h.id);
    store_le(at.subspan(44), h.frame_bytes_max);
    store_le(at.subspan(48), h.incarnation);
    store_le(at.subspan(56), h.epoch);
    store_le(at.subspan(64), static_cast<std::uint64_t>(h.clock_ms));
    store_le(at.subspan(72), h.first_credit);
    store_le(at.subspan(76), static_cast<std::uint16_t>(h.build.size()));
    store_le(at.subspan(78), static_cast<std::uint16_t>(h.holders.size()));
    std::string out{rsx::text_of(byte_view{raw}.first(hello_fixed_bytes))};
    out += h.build;
    for (const holder who : h.holders) {
        store_le(at, who.node);
        store_le(at.subspan(4), who.incarnation);
        out += rsx::text_of(byte_view{raw}.first(8));
    }
    return out;
}

// Bytes past the end are of a later version and ignored.
[[nodiscard]] inline result<hello> hello_from(std::string_view text) {
    if (text.size() < hello_fixed_bytes) return fail(errc::corrupt, "a hello is too short");
    const byte_view at = bytes_of(text);
    hello h;
    h.wire_min = load_le<std::uint8_t>(at);
    h.wire_max = load_le<std::uint8_t>(at.subspan(1));
    h.level_min = load_le<std::uint16_t>(at.subspan(2));
    h.level_max = load_le<std::uint16_t>(at.subspan(4));
    const auto is = load_le<std::uint8_t>(at.subspan(6));
    if (is != 1 && is != 2) return fail(errc::corrupt, "a hello of an unknown role", is);
    h.is = peer::role{is};
    h.must = load_le<std::uint64_t>(at.subspan(8));
    h.may = load_le<std::uint64_t>(at.subspan(16));
    std::ranges::copy(at.subspan(24, 16), h.cluster.begin());
    h.id = load_le<std::uint32_t>(at.subspan(40));
    h.frame_bytes_max = load_le<std::uint32_t>(at.subspan(44));
    h.incarnation = load_le<std::uint64_t>(at.subspan(48));
    h.epoch = load_le<std::uint64_t>(at.subspan(56));
    h.clock_ms = static_cast<std::int64_t>(load_le<std::uint64_t>(at.subspan(64)));
    h.first_credit = load_le<std::uint32_t>(at.subspan(72));
    const std::size_t build = load_le<std::uint16_t>(at.subspan(76));
    const std::size_t holders = load_le<std::uint16_t>(at.subspan(78));
    if (build > 256 || holders > holders_max ||
        text.size() < hello_fixed_bytes + build + holders * 8) {
        return fail(errc::corrupt, "a hello is too short");
    }
    h.build = text.substr(hello_fixed_bytes, build);
    for (std::size_t i = 0; i < holders; ++i) {
        const byte_view one = at.subspan(hello_fixed_bytes + build + i * 8);
        h.holders.push_back({load_le<std::uint32_t>(one), load_le<std::uint32_t>(one.subspan(4))});
    }
    return h;
}

}  // namespace rsx::net
