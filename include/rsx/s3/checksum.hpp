// SPDX-License-Identifier: Apache-2.0

// The five checksums S3 knows, as values: their names, their base64, and how those of parts become
// that of an object.
//
//     s3::checksummer sums{s3::checksum_kind::crc64nvme};
//     sums.update(bytes);
//     s3::checksum whole = sums.finish();
//     whole.header();       // "x-amz-checksum-crc64nvme"
//     whole.base64();       // "rosUhgp5mIg="
//
// A multipart object has either a *composite* checksum (the checksum of its parts' checksums, with
// "-N" behind) or a *full object* one (that of all its bytes). Only CRCs can be full object, since
// only they combine without the bytes. A checksum is 40 bytes and copied freely.
#pragma once

#include <rsx/digest/base64.hpp>
#include <rsx/digest/crc.hpp>
#include <rsx/digest/openssl.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/text.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rsx::s3 {

enum class checksum_kind : std::uint8_t { crc32, crc32c, crc64nvme, sha1, sha256 };
enum class checksum_type : std::uint8_t { full_object, composite };

struct checksum_facts {
    checksum_kind kind;
    std::string_view name;    // as in x-amz-checksum-algorithm and, after "Checksum", in XML
    std::string_view header;  // of the value, and the trailer's name
    std::string_view element;
    std::size_t size;
};

inline constexpr std::array checksum_table{
    checksum_facts{checksum_kind::crc32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4},
    checksum_facts{checksum_kind::crc32c, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4},
    checksum_facts{checksum_kind::crc64nvme, "CRC64NVME", "x-amz-checksum-crc64nvme",
                   "ChecksumCRC64NVME", 8},
    checksum_facts{checksum_kind::sha1, "SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20},
    checksum_facts{checksum_kind::sha256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32},
};

[[nodiscard]] constexpr const checksum_facts& facts_of(checksum_kind kind) noexcept {
    return checksum_table[static_cast<std::size_t>(kind)];
}
[[nodiscard]] constexpr std::string_view name_of(checksum_kind kind) noexcept {
    return facts_of(kind).name;
}
[[nodiscard]] constexpr std::string_view name_of(checksum_type type) noexcept {
    return type == checksum_type::composite ? "COMPOSITE" : "FULL_OBJECT";
}
[[nodiscard]] constexpr std::optional<checksum_kind> checksum_kind_named(
    std::string_view name) noexcept {
    for (const auto& facts : checksum_table)
        if (same_ignoring_case(facts.name, name)) return facts.kind;
    return std::nullopt;
}
[[nodiscard]] constexpr std::optional<checksum_kind> checksum_kind_of_header(
    std::string_view header) noexcept {
    for (const auto& facts : checksum_table)
        if (same_ignoring_case(facts.header, header)) return facts.kind;
    return std::nullopt;
}
[[nodiscard]] constexpr std::optional<checksum_type> checksum_type_named(
    std::string_view name) noexcept {
    if (same_ignoring_case(name, "COMPOSITE")) return checksum_type::composite;
    if (same_ignoring_case(name, "FULL_OBJECT")) return checksum_type::full_object;
    return std::nullopt;
}
[[nodiscard]] constexpr bool is_crc(checksum_kind kind) noexcept {
    return kind <= checksum_kind::crc64nvme;
}

// What a multipart upload gets that names the kind but no type.
[[nodiscard]] constexpr checksum_type default_type(checksum_kind kind) noexcept {
    return kind == checksum_kind::crc64nvme ? checksum_type::full_object : checksum_type::composite;
}
// SHA of all bytes cannot be had from parts; CRC64NVME is never composite.
[[nodiscard]] constexpr bool goes_with(checksum_kind kind, checksum_type type) noexcept {
    return type == checksum_type::full_object ? is_crc(kind) : kind != checksum_kind::crc64nvme;
}

struct checksum {
    checksum_kind kind{};
    std::array<std::byte, 32> raw{};  // the first facts_of(kind).size of it, big-endian
    std::uint32_t parts{0};           // of a composite one: "-N" behind; else 0

    [[nodiscard]] byte_view bytes() const noexcept {
        return byte_view{raw}.first(facts_of(kind).size);
    }
    [[nodiscard]] std::string base64() const {
        const auto text = digest::base64_encode(bytes());
        return parts == 0 ? text : text + '-' + std::to_string(parts);
    }
    [[nodiscard]] std::string_view header() const noexcept { return facts_of(kind).header; }
    [[nodiscard]] checksum_type type() const noexcept {
        return parts == 0 ? checksum_type::full_object : checksum_type::composite;
    }
    friend bool operator==(const checksum&, const checksum&) = default;
};

// Base64 of exactly the kind's length, perhaps with "-N".
[[nodiscard]] inline std::optional<checksum> parse_checksum(checksum_kind kind,
                                                            std::string_view text) {
    text = trimmed(text);
    checksum sum{kind, {}, 0};
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
        const auto parts = number_in(text.substr(dash + 1), 10'000);
        if (!parts || *parts == 0) return std::nullopt;
        sum.parts = static_cast<std::uint32_t>(*parts);
        text = text.substr(0, dash);
    }
    if (text.size() > 64) return std::nullopt;
    const auto raw = digest::base64_decode(text);
    if (!raw || raw->size() != facts_of(kind).size) return std::nullopt;
    std::ranges::copy(*raw, sum.raw.begin());
    return sum;
}

// Computes one checksum of bytes that come in any pieces.
class checksummer {
public:
    explicit checksummer(checksum_kind kind) : kind_{kind} {
        switch (kind) {
            case checksum_kind::crc32: sum_.emplace<digest::crc32>(); break;
            case checksum_kind::crc32c: sum_.emplace<digest::crc32c>(); break;
            case checksum_kind::crc64nvme: sum_.emplace<digest::crc64_nvme>(); break;
            case checksum_kind::sha1: sum_.emplace<digest::sha1>(); break;
            case checksum_kind::sha256: sum_.emplace<digest::sha256>(); break;
        }
    }

    void update(byte_view bytes) {
        std::visit([&](auto& sum) { sum.update(bytes); }, sum_);
    }

    // Of everything so far. Ends the checksummer: SHA digests begin anew.
    [[nodiscard]] checksum finish() {
        checksum out{kind_, {}, 0};
        std::visit(
            [&]<class Sum>(Sum& sum) {
                if constexpr (requires { sum.value(); })
                    store_be(byte_span{out.raw}, sum.value());
                else
                    std::ranges::copy(sum.finish(), out.raw.begin());
            },
            sum_);
        return out;
    }

private:
    checksum_kind kind_;
    std::variant<digest::crc32, digest::crc32c, digest::crc64_nvme, digest::sha1, digest::sha256>
        sum_;
};

[[nodiscard]] inline checksum checksum_of(checksum_kind kind, byte_view bytes) {
    checksummer sums{kind};
    sums.update(bytes);
    return sums.finish();
}

// The composite checksum of parts, all of one kind: that kind over their raw bytes, "-N" behind.
[[nodiscard]] inline checksum composite_checksum(checksum_kind kind,
                                                 std::span<const checksum> parts) {
    checksummer sums{kind};
    for (const auto& part : parts) sums.update(part.bytes());
    auto out = sums.finish();
    out.parts = static_cast<std::uint32_t>(parts.size());
    return out;
}

// The checksum of `a` followed by the `b_bytes` bytes `b` is of. CRCs only.
[[nodiscard]] inline checksum combined(const checksum& a, const checksum& b,
                                       std::uint64_t b_bytes) {
    RSX_ASSERT(a.kind == b.kind && is_crc(a.kind) && a.parts == 0 && b.parts == 0);
    checksum out{a.kind, {}, 0};
    const auto combine = [&]<class Sum>(std::type_identity<Sum>) {
        using value = typename Sum::value_type;
        store_be<value>(out.raw, digest::crc_combine<Sum>(load_be<value>(a.raw),
                                                          load_be<value>(b.raw), b_bytes));
    };
    switch (a.kind) {
        case checksum_kind::crc32: combine(std::type_identity<digest::crc32>{}); break;
        case checksum_kind::crc32c: combine(std::type_identity<digest::crc32c>{}); break;
        default: combine(std::type_identity<digest::crc64_nvme>{}); break;
    }
    return out;
}

}  // namespace rsx::s3
