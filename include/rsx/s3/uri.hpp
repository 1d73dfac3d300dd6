// SPDX-License-Identifier: Apache-2.0

// Percent-encoding as S3 signs it, and request targets taken apart without normalising anything.
//
//     s3::uri_encode("a b/ü", s3::slash::kept);            // "a%20b/%C3%BC"
//     auto target = s3::split_target("/bucket/a//b?prefix=x+y");
//     auto query  = s3::query_list::parse(target->query);       // prefix = "x y"
//
// Keys are any text, so `//`, `.` and `..` in a path mean themselves. A `+` is a space in a query
// and a plus in a path. A percent sign without two hexadecimal digits is InvalidURI. Canonical form
// is "decode, then encode": only A-Z a-z 0-9 - . _ ~ stand for themselves.
#pragma once

#include <rsx/s3/error.hpp>
#include <rsx/s3/text.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

enum class slash : bool { encoded, kept };
enum class plus : bool { itself, space };

[[nodiscard]] constexpr bool is_unreserved(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

// Amazon's UriEncode: upper-case hexadecimal, space is %20.
[[nodiscard]] inline std::string uri_encode(std::string_view text, slash slashes) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        if (is_unreserved(c) || (c == '/' && slashes == slash::kept)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

// What encoding-type=url does to keys in listings: as above, slashes kept.
[[nodiscard]] inline std::string url_encoded_key(std::string_view key) {
    return uri_encode(key, slash::kept);
}

[[nodiscard]] inline result<std::string> uri_decode(std::string_view text, plus pluses) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && pluses == plus::space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return fail(error_code::invalid_uri);
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

struct target_parts {
    std::string_view path;   // still encoded, begins with '/'
    std::string_view query;  // still encoded, without '?'
};

// Origin form ("/path?query") and absolute form ("http://host/path?query"); the latter's host is
// the HTTP server's business. "*" and authorities are no targets of S3.
[[nodiscard]] inline result<target_parts> split_target(std::string_view target) {
    for (const auto scheme : {std::string_view{"http://"}, std::string_view{"https://"}}) {
        if (!begins_ignoring_case(target, scheme)) continue;
        target.remove_prefix(scheme.size());
        target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
        if (target.empty() || target.front() == '?')
            return target_parts{"/", target.substr(std::min<std::size_t>(1, target.size()))};
    }
    if (target.empty() || target.front() != '/') return fail(error_code::invalid_uri);
    const auto mark = target.find('?');
    if (mark == std::string_view::npos) return target_parts{target, {}};
    return target_parts{target.substr(0, mark), target.substr(mark + 1)};
}

struct parameter {
    std::string name;
    std::string value;  // "?acl" and "?acl=" are the same
    friend bool operator==(const parameter&, const parameter&) = default;
};

// The decoded parameters of a query in the order they were given.
class query_list {
public:
    [[nodiscard]] static result<query_list> parse(std::string_view raw) {
        query_list made;
        if (raw.empty()) return made;
        for (const auto piece : split(raw, '&')) {
            if (piece.empty()) continue;
            const auto mark = piece.find('=');
            auto name = uri_decode(piece.substr(0, mark), plus::space);
            auto value = mark == std::string_view::npos
                             ? result<std::string>{std::string{}}
                             : uri_decode(piece.substr(mark + 1), plus::space);
            if (!name || !value) return fail(error_code::invalid_uri);
            made.parameters_.push_back({std::move(*name), std::move(*value)});
        }
        return made;
    }

    void add(std::string name, std::string value) {
        parameters_.push_back({std::move(name), std::move(value)});
    }

    // The first of that name; names of S3 are case-sensitive here.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
        for (const auto& p : parameters_)
            if (p.name == name) return p.value;
        return std::nullopt;
    }
    [[nodiscard]] std::string_view get_or(std::string_view name,
                                          std::string_view otherwise) const noexcept {
        return get(name).value_or(otherwise);
    }
    [[nodiscard]] bool has(std::string_view name) const noexcept { return get(name).has_value(); }
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept {
        return static_cast<std::size_t>(
            std::count_if(parameters_.begin(), parameters_.end(),
                          [&](const parameter& p) { return p.name == name; }));
    }

    [[nodiscard]] auto begin() const noexcept { return parameters_.begin(); }
    [[nodiscard]] auto end() const noexcept { return parameters_.end(); }
    [[nodiscard]] bool empty() const noexcept { return parameters_.empty(); }

    // Sorted by encoded name, then encoded value: the canonical query of a signature, and a good
    // spelling for the wire. `except` is left out (a presigned query does not sign its signature).
    [[nodiscard]] std::string canonical(std::string_view except = {}) const {
        std::vector<std::pair<std::string, std::string>> encoded;
        for (const auto& p : parameters_)
            if (except.empty() || p.name != except)
                encoded.emplace_back(uri_encode(p.name, slash::encoded),
                                     uri_encode(p.value, slash::encoded));
        std::sort(encoded.begin(), encoded.end());
        std::string out;
        for (const auto& [name, value] : encoded) {
            if (!out.empty()) out += '&';
            out += name;
            out += '=';
            out += value;
        }
        return out;
    }

private:
    std::vector<parameter> parameters_;
};

}  // namespace rsx::s3
