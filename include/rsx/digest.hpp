// SPDX-License-Identifier: Apache-2.0

// Checksums and hashes that need no library: CRCs, XXH64, base64, comparing secrets.
//
// With a library, each in a header of its own: digest/openssl.hpp (MD5, SHA-1, SHA-256, HMAC) and
// digest/xxhash.hpp (XXH3).
#pragma once

#include <rsx/digest/base64.hpp>
#include <rsx/digest/compare.hpp>
#include <rsx/digest/concept.hpp>
#include <rsx/digest/crc.hpp>
#include <rsx/digest/hash64.hpp>
