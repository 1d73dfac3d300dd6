// SPDX-License-Identifier: Apache-2.0

// A capability: leave for one bearer to do one operation on one shard of one holder, for a while.
//
//     auto grant = rsx::net::seal({.op = 3, .to = holder, .bearer = me, .subject = shard_id, ...},
//                                 keys);                                     // 32 bytes of MAC
//     ...
//     rsx::net::capability_gate gate{keys};
//     auto good = gate.admit(grant, {.op = 3, .to = mine, .bearer = peer, .subject = id, ...},
//     now);
//
// The MAC is HMAC-SHA-256 over every field in a fixed order, so nothing can be changed or cut off;
// the gate compares it in constant time, then every field with what is being asked. A nonce passes
// once: it is remembered until its capability has expired, and a gate that remembers all it can
// refuses rather than forget. Keys have ids, so that a new one can be given out before the old one
// goes. Expiry is wall time within five minutes of the receiver's. One loop, bounded memory.
#pragma once

#include <rsx/core/holder.hpp>
#include <rsx/digest/openssl.hpp>
#include <rsx/net/transport.hpp>

#include <openssl/crypto.h>

#include <array>
#include <map>
#include <optional>
#include <set>

namespace rsx::net {

struct capability_key {
    std::uint32_t id{0};
    std::array<std::byte, 32> secret{};
};

// What is allowed. `bearer` is a peer: a node that pulls from another has a grant made out to it.
struct grant {
    std::uint16_t op{0};
    holder to{};
    peer::role bearer_is{peer::role::unknown};
    std::uint32_t bearer{0};
    std::uint64_t bearer_incarnation{0};
    traffic how{traffic::foreground};
    std::uint64_t epoch{0};
    std::int64_t expires_ms{0};
    std::uint64_t nonce{0};  // random, one per capability
    std::string subject{};   // the shard's id, as bytes

    friend bool operator==(const grant&, const grant&) = default;
};

struct capability {
    grant what{};
    std::uint32_t key{0};
    std::array<std::byte, 32> mac{};

    friend bool operator==(const capability&, const capability&) = default;
};

inline constexpr std::size_t subject_bytes_max = 256;
inline constexpr std::size_t capability_fixed_bytes = 58;
inline constexpr std::size_t nonces_max = 1u << 20;  // that one gate remembers
inline constexpr std::int64_t capability_time_ms_max = 5 * 60 * 1000;

// "rsxcap" and version u16, then the fields; what the MAC is made over, and all but it on the wire.
[[nodiscard]] inline std::string encoded(const grant& g, std::uint32_t key) {
    std::array<std::byte, capability_fixed_bytes> raw{};
    const byte_span at{raw};
    store_le(at, static_cast<std::uint8_t>(1));  // version
    store_le(at.subspan(1), static_cast<std::uint8_t>(g.how));
    store_le(at.subspan(2), g.op);
    store_le(at.subspan(4), g.to.node);
    store_le(at.subspan(8), g.to.incarnation);
    store_le(at.subspan(12), static_cast<std::uint16_t>(g.bearer_is));
    store_le(at.subspan(14), g.bearer);
    store_le(at.subspan(18), g.bearer_incarnation);
    store_le(at.subspan(26), g.epoch);
    store_le(at.subspan(34), static_cast<std::uint64_t>(g.expires_ms));
    store_le(at.subspan(42), g.nonce);
    store_le(at.subspan(50), key);
    store_le(at.subspan(54), static_cast<std::uint32_t>(g.subject.size()));
    return std::string{rsx::text_of(raw)}.append(g.subject);
}

[[nodiscard]] inline capability seal(grant what, const capability_key& by) {
    RSX_ASSERT(what.subject.size() <= subject_bytes_max);
    capability made;
    const std::string text = "rsx capability\n" + encoded(what, by.id);
    made.mac = digest::hmac_sha256(by.secret, bytes_of(text));
    made.key = by.id;
    made.what = std::move(what);
    return made;
}

[[nodiscard]] inline std::string encoded(const capability& c) {
    return encoded(c.what, c.key).append(rsx::text_of(c.mac));
}

// One at the front of `text`, which is cut to what follows it.
[[nodiscard]] inline result<capability> capability_from(std::string_view& text) {
    if (text.size() < capability_fixed_bytes + 32) {
        return fail(errc::corrupt, "a capability is too short");
    }
    const byte_view at = bytes_of(text);
    const auto size = load_le<std::uint32_t>(at.subspan(54));
    const auto how = load_le<std::uint8_t>(at.subspan(1));
    const auto is = load_le<std::uint16_t>(at.subspan(12));
    if (load_le<std::uint8_t>(at) != 1) return fail(errc::unsupported, "another capability format");
    if (how > 2 || is > 2 || size > subject_bytes_max ||
        text.size() < capability_fixed_bytes + size + 32) {
        return fail(errc::corrupt, "a malformed capability");
    }
    capability c;
    c.what.how = traffic{how};
    c.what.op = load_le<std::uint16_t>(at.subspan(2));
    c.what.to = {load_le<std::uint32_t>(at.subspan(4)), load_le<std::uint32_t>(at.subspan(8))};
    c.what.bearer_is = peer::role{static_cast<std::uint8_t>(is)};
    c.what.bearer = load_le<std::uint32_t>(at.subspan(14));
    c.what.bearer_incarnation = load_le<std::uint64_t>(at.subspan(18));
    c.what.epoch = load_le<std::uint64_t>(at.subspan(26));
    c.what.expires_ms = static_cast<std::int64_t>(load_le<std::uint64_t>(at.subspan(34)));
    c.what.nonce = load_le<std::uint64_t>(at.subspan(42));
    c.key = load_le<std::uint32_t>(at.subspan(50));
    c.what.subject = text.substr(capability_fixed_bytes, size);
    std::ranges::copy(at.subspan(capability_fixed_bytes + size, 32), c.mac.begin());
    text.remove_prefix(capability_fixed_bytes + size + 32);
    return c;
}

// Where capabilities are shown. Knows the keys and the nonces that passed.
class capability_gate {
public:
    explicit capability_gate(std::size_t remembered_max = nonces_max) : max_{remembered_max} {}

    // Known from now on, beside those before.
    void learn(const capability_key& key) { keys_.insert_or_assign(key.id, key.secret); }
    void forget(std::uint32_t key) { keys_.erase(key); }

    // `asked`: what is being done, by whom, here; its nonce and expiry are not looked at. A grant
    // of an older epoch than `asked.epoch` is stale.
    [[nodiscard]] status admit(const capability& shown, const grant& asked, std::int64_t now_ms) {
        const auto key = keys_.find(shown.key);
        if (key == keys_.end()) return fail(errc::invalid, "a capability of an unknown key");
        const std::string text = "rsx capability\n" + encoded(shown.what, shown.key);
        const auto mac = digest::hmac_sha256(key->second, bytes_of(text));
        if (CRYPTO_memcmp(mac.data(), shown.mac.data(), mac.size()) != 0) {
            return fail(errc::invalid, "a capability nobody here sealed");
        }
        const grant& what = shown.what;
        if (what.op != asked.op) return fail(errc::invalid, "a capability for another operation");
        if (what.to != asked.to) return fail(errc::invalid, "a capability for another holder");
        if (what.subject != asked.subject) {
            return fail(errc::invalid, "a capability for another shard");
        }
        if (what.bearer_is != asked.bearer_is || what.bearer != asked.bearer ||
            what.bearer_incarnation != asked.bearer_incarnation) {
            return fail(errc::invalid, "a capability of another bearer");
        }
        if (what.how != asked.how) return fail(errc::invalid, "a capability of another class");
        if (what.epoch < asked.epoch) return fail(errc::conflict, "a capability of an old layout");
        if (what.expires_ms < now_ms) return fail(errc::invalid, "a capability that has expired");
        if (what.expires_ms > now_ms + 2 * capability_time_ms_max) {
            return fail(errc::invalid, "a capability that lasts too long");
        }
        return remember(shown, now_ms);
    }

    [[nodiscard]] std::size_t remembered() const noexcept { return by_time_.size(); }

private:
    using nonce = std::pair<std::uint64_t, std::uint32_t>;  // and the key it was used with

    status remember(const capability& shown, std::int64_t now_ms) {
        while (!by_time_.empty() && by_time_.begin()->first < now_ms) {
            seen_.erase(by_time_.begin()->second);
            by_time_.erase(by_time_.begin());
        }
        const nonce one{shown.what.nonce, shown.key};
        if (seen_.contains(one)) return fail(errc::invalid, "a capability shown twice");
        if (by_time_.size() >= max_) return fail(errc::unavailable, "too many capabilities");
        seen_.insert(one);
        by_time_.emplace(shown.what.expires_ms, one);
        return {};
    }

    std::size_t max_;
    std::map<std::uint32_t, std::array<std::byte, 32>> keys_{};
    std::set<nonce> seen_{};
    std::multimap<std::int64_t, nonce> by_time_{};
};

}  // namespace rsx::net
