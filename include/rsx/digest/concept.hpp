// SPDX-License-Identifier: Apache-2.0

// What every digest of this module is: bytes go in, in any pieces; a short value comes out.
//
//     template <rsx::digest::checksum Sum>
//     auto sum_of(rsx::byte_view a, rsx::byte_view b) {
//         Sum sum;
//         sum.update(a);
//         sum.update(b);
//         return sum.value();          // the same as of a and b in one piece
//     }
//
// A `checksum` finds accidents and can be read at any time (CRCs, XXH3). A `cryptographic_digest`
// finds malice; reading it ends it, and it starts anew (MD5, SHA-1, SHA-256 in digest/openssl.hpp).
// Values of both kinds belong to one thread at a time.
#pragma once

#include <rsx/core/bytes.hpp>

#include <array>
#include <concepts>

namespace rsx::digest {

template <class Sum>
concept checksum = std::default_initializable<Sum> && std::copyable<Sum> &&
                   requires(Sum sum, const Sum& seen, byte_view bytes) {
                       sum.update(bytes);
                       { seen.value() } -> std::equality_comparable;
                   };

template <class Sum>
concept cryptographic_digest =
    std::default_initializable<Sum> && requires(Sum sum, byte_view bytes) {
        sum.update(bytes);
        { sum.finish() } -> std::same_as<std::array<std::byte, Sum::size>>;
    };

}  // namespace rsx::digest
