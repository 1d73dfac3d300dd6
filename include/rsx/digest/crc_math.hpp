// SPDX-License-Identifier: Apache-2.0

// The four CRCs as polynomials, and arithmetic modulo a polynomial: tables, powers, products.
//
// A CRC is the remainder of the message, read as a polynomial over GF(2), after division by P.
// All four here are *reflected*: the lowest bit of a word is the highest power. Remainders are kept
// in 64-bit words in which bit 63 - i is the coefficient of x^i, so that one text serves W = 32
// (the remainder stands in the upper half) and W = 64, and carry-less multiply instructions, which
// know nothing of W, need no case distinction (Gopal et al., Intel 2009).
//
//     crc_math<crc32c_poly>::power(127)          // x^127 mod P
//
// Pure and constexpr; `crc.hpp` is what programs use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rsx::digest {

// `reflected` is P without its leading term, lowest bit = highest power.
struct crc32c_poly {  // Castagnoli 1993; iSCSI, ext4, S3
    using value_type = std::uint32_t;
    static constexpr value_type reflected = 0x82f63b78u;
};
struct crc32_poly {  // IEEE 802.3; zip, gzip, S3
    using value_type = std::uint32_t;
    static constexpr value_type reflected = 0xedb88320u;
};
struct crc64_nvme_poly {  // NVM Express 64b CRC; S3's default
    using value_type = std::uint64_t;
    static constexpr value_type reflected = 0x9a6c9329ac4bc9b5u;
};
struct crc64_iso_poly {  // ISO 3309; Go's crc64.ISO
    using value_type = std::uint64_t;
    static constexpr value_type reflected = 0xd800000000000000u;
};

template <class Poly>
struct crc_math {
    using value_type = typename Poly::value_type;
    static constexpr unsigned width = sizeof(value_type) * 8;
    static constexpr unsigned shift = 64 - width;  // of a value to its place in a word

    // a · x mod P
    [[nodiscard]] static constexpr std::uint64_t times_x(std::uint64_t a) noexcept {
        constexpr std::uint64_t leaving = std::uint64_t{1} << shift;  // x^(W-1)
        constexpr std::uint64_t poly = std::uint64_t{Poly::reflected} << shift;
        const std::uint64_t moved = (a & ~leaving) >> 1;
        return (a & leaving) != 0 ? moved ^ poly : moved;
    }

    // a · b mod P: Horner over the bits of a, highest power first
    [[nodiscard]] static constexpr std::uint64_t times(std::uint64_t a, std::uint64_t b) noexcept {
        std::uint64_t sum = 0;
        for (unsigned i = shift; i < 64; ++i) {
            sum = times_x(sum);
            if (((a >> i) & 1) != 0) sum ^= b;
        }
        return sum;
    }

    // x^n mod P, by n steps: for the constants of the kernels
    [[nodiscard]] static constexpr std::uint64_t power(unsigned n) noexcept {
        std::uint64_t r = std::uint64_t{1} << 63;
        while (n-- > 0) r = times_x(r);
        return r;
    }

    // x^(8n) mod P, by squaring: what n zero bytes do to a remainder
    [[nodiscard]] static constexpr std::uint64_t power_of_bytes(std::uint64_t n) noexcept {
        std::uint64_t r = std::uint64_t{1} << 63;
        for (std::uint64_t square = power(8); n != 0; n >>= 1) {
            if ((n & 1) != 0) r = times(r, square);
            square = times(square, square);
        }
        return r;
    }

    // tables[0] advances a remainder over one byte; tables[j] over that byte and j zero bytes more
    using tables_type = std::array<std::array<value_type, 256>, 8>;
    [[nodiscard]] static constexpr tables_type make_tables() noexcept {
        tables_type t{};
        for (std::size_t byte = 0; byte < 256; ++byte) {
            auto r = static_cast<value_type>(byte);
            for (int bit = 0; bit < 8; ++bit)
                r = static_cast<value_type>((r & 1) != 0 ? (r >> 1) ^ Poly::reflected : r >> 1);
            t[0][byte] = r;
        }
        for (std::size_t j = 1; j < 8; ++j)
            for (std::size_t byte = 0; byte < 256; ++byte) {
                const auto before = t[j - 1][byte];
                t[j][byte] = static_cast<value_type>(t[0][before & 255] ^ (before >> 8));
            }
        return t;
    }
    static constexpr tables_type tables = make_tables();
};

}  // namespace rsx::digest
