// SPDX-License-Identifier: Apache-2.0

// MD5, SHA-1, SHA-256 and HMAC-SHA-256 through OpenSSL 3 (optional: rsx::digest_openssl).
//
//     rsx::digest::md5 etag;
//     while (auto piece = next()) etag.update(*piece);
//     std::string text = rsx::hex(etag.finish());
//
//     auto signature = rsx::digest::hmac_sha256(key, rsx::bytes_of(string_to_sign));
//
// Each algorithm is fetched from OpenSSL once per process: a fetch per message costs ten times the
// digest of a short one. An object moves, belongs to one thread at a time, and after `finish` has
// begun anew. MD5 and SHA-1 are here because S3 names content by them, not for safety.
// That OpenSSL has these algorithms is a condition of running at all; it is asserted.
#pragma once

#include <rsx/digest/concept.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace rsx::digest {

namespace detail {

// "-fips": ETags want MD5 also where the default is to fetch approved algorithms only.
template <class Algorithm>
[[nodiscard]] const EVP_MD* fetched() {
    static const EVP_MD* const once = EVP_MD_fetch(nullptr, Algorithm::name, "-fips");
    RSX_ASSERT(once != nullptr);
    return once;
}

struct free_context {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

struct md5_algorithm {
    static constexpr const char* name = "MD5";
    static constexpr std::size_t size = 16;
};
struct sha1_algorithm {
    static constexpr const char* name = "SHA1";
    static constexpr std::size_t size = 20;
};
struct sha256_algorithm {
    static constexpr const char* name = "SHA256";
    static constexpr std::size_t size = 32;
};

}  // namespace detail

template <class Algorithm>
class evp_digest {
public:
    static constexpr std::size_t size = Algorithm::size;

    evp_digest() : context_{EVP_MD_CTX_new()} {
        RSX_ASSERT(context_ != nullptr);
        begin();
    }

    void update(byte_view bytes) {
        const int done = EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
        RSX_ASSERT(done == 1);
    }

    // The digest of everything since construction or the last `finish`.
    [[nodiscard]] std::array<std::byte, size> finish() {
        std::array<std::byte, size> out{};
        const int done = EVP_DigestFinal_ex(context_.get(),
                                            reinterpret_cast<unsigned char*>(out.data()), nullptr);
        RSX_ASSERT(done == 1);
        begin();
        return out;
    }

private:
    void begin() {
        const int done = EVP_DigestInit_ex2(context_.get(), detail::fetched<Algorithm>(), nullptr);
        RSX_ASSERT(done == 1);
    }

    std::unique_ptr<EVP_MD_CTX, detail::free_context> context_;
};

using md5 = evp_digest<detail::md5_algorithm>;
using sha1 = evp_digest<detail::sha1_algorithm>;
using sha256 = evp_digest<detail::sha256_algorithm>;

static_assert(cryptographic_digest<md5> && cryptographic_digest<sha256>);

[[nodiscard]] inline std::array<std::byte, 16> md5_of(byte_view bytes) {
    md5 sum;
    sum.update(bytes);
    return sum.finish();
}

[[nodiscard]] inline std::array<std::byte, 20> sha1_of(byte_view bytes) {
    sha1 sum;
    sum.update(bytes);
    return sum.finish();
}

[[nodiscard]] inline std::array<std::byte, 32> sha256_of(byte_view bytes) {
    sha256 sum;
    sum.update(bytes);
    return sum.finish();
}

// RFC 2104: H((key + opad) H((key + ipad) data)), the key padded to a block of 64 bytes.
[[nodiscard]] inline std::array<std::byte, 32> hmac_sha256(byte_view key, byte_view data) {
    std::array<std::byte, 64> block{};
    sha256 sum;
    if (key.size() > block.size()) {
        sum.update(key);
        std::ranges::copy(sum.finish(), block.begin());
    } else {
        std::ranges::copy(key, block.begin());
    }
    for (auto& byte : block) byte ^= std::byte{0x36};
    sum.update(block);
    sum.update(data);
    const auto inner = sum.finish();
    for (auto& byte : block) byte ^= std::byte{0x36 ^ 0x5c};
    sum.update(block);
    sum.update(inner);
    OPENSSL_cleanse(block.data(), block.size());
    return sum.finish();
}

}  // namespace rsx::digest
