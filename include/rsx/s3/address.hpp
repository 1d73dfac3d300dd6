// SPDX-License-Identifier: Apache-2.0

// Which bucket and which key a request means, and what may be a name of either.
//
//     auto at = s3::locate("photos.s3.example.com", "/2024//cat.jpg", domains);
//     // bucket "photos", key "2024//cat.jpg"; with host "s3.example.com" the bucket is in the path
//
// Virtual-host addressing needs the domains this server answers for: a host that is one of them
// plus one label or more in front names a bucket; any other host means path style. Bucket names
// follow Amazon's rules for new buckets; keys are 1 to 1024 bytes of UTF-8.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/uri.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace rsx::s3 {

struct address {
    std::string bucket;  // empty: the service itself
    std::string key;     // empty: the bucket itself
    friend bool operator==(const address&, const address&) = default;
};

// 3 to 63 of a-z 0-9 . -; every label begins and ends with a letter or digit; no IPv4 address; none
// of the prefixes and suffixes Amazon keeps for itself.
[[nodiscard]] inline bool is_bucket_name(std::string_view name) noexcept {
    if (name.size() < 3 || name.size() > 63) return false;
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
    if (!plain(name.front()) || !plain(name.back())) return false;
    bool only_numbers = true;
    std::size_t dots = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (!plain(c) && c != '.' && c != '-') return false;
        if (c == '.' && (!plain(name[i - 1]) || !plain(name[i + 1]))) return false;
        dots += c == '.' ? 1 : 0;
        only_numbers = only_numbers && (is_digit(c) || c == '.');
    }
    if (only_numbers && dots == 3) return false;
    for (const std::string_view prefix : {"xn--", "sthree-"})
        if (name.starts_with(prefix)) return false;
    for (const std::string_view suffix : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"})
        if (name.ends_with(suffix)) return false;
    return true;
}

[[nodiscard]] inline result<void> check_bucket_name(std::string_view name) {
    if (!is_bucket_name(name)) return fail(error_code::invalid_bucket_name);
    return {};
}

[[nodiscard]] inline result<void> check_key(std::string_view key) {
    if (key.size() > limits::key_bytes_max) {
        error refused{error_code::key_too_long};
        refused.with("Size", std::to_string(key.size()));
        refused.with("MaxSizeAllowed", std::to_string(limits::key_bytes_max));
        return std::unexpected(std::move(refused));
    }
    if (key.empty() || !is_utf8(key)) return fail(error_code::invalid_uri);
    return {};
}

namespace detail {

// Without a port; an IPv6 literal keeps its brackets.
inline std::string_view host_name(std::string_view host) noexcept {
    const auto colon = host.rfind(':');
    if (colon == std::string_view::npos) return host;
    const auto bracket = host.rfind(']');
    if (bracket != std::string_view::npos && bracket > colon) return host;
    return host.substr(0, colon);
}

inline std::string_view bucket_of_host(std::string_view host,
                                       std::span<const std::string> domains) noexcept {
    host = host_name(host);
    for (const auto& domain : domains) {
        if (host.size() < domain.size() + 2) continue;
        const auto at = host.size() - domain.size();
        if (host[at - 1] == '.' && same_ignoring_case(host.substr(at), domain))
            return host.substr(0, at - 1);
    }
    return {};
}

}  // namespace detail

// `path` is still encoded. Names are decoded, not judged: see check_bucket_name and check_key.
[[nodiscard]] inline result<address> locate(std::string_view host, std::string_view path,
                                            std::span<const std::string> domains) {
    if (path.empty() || path.front() != '/') return fail(error_code::invalid_uri);
    path.remove_prefix(1);
    const auto named = detail::bucket_of_host(host, domains);
    if (!named.empty()) {
        auto key = uri_decode(path, plus::itself);
        if (!key) return std::unexpected(std::move(key.error()));
        return address{lower(named), std::move(*key)};
    }
    const auto mark = path.find('/');
    auto bucket = uri_decode(path.substr(0, mark), plus::itself);
    if (!bucket) return std::unexpected(std::move(bucket.error()));
    if (mark == std::string_view::npos) return address{std::move(*bucket), {}};
    auto key = uri_decode(path.substr(mark + 1), plus::itself);
    if (!key) return std::unexpected(std::move(key.error()));
    if (bucket->empty()) return fail(error_code::invalid_bucket_name);  // "//key"
    return address{std::move(*bucket), std::move(*key)};
}

}  // namespace rsx::s3
