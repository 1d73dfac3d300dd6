// SPDX-License-Identifier: Apache-2.0

// Heads of HTTP/1.1 messages: text to values, by Beast's parser behind stricter rules.
//
//     rsx::net::http::head_scan scan;
//     auto size = scan.look(received);            // 0: not whole yet; an error: answer 400, close
//     auto asked = rsx::net::http::parse_request(received.substr(0, *size));
//     if (!asked) answer(asked.error().status);   // 400, 417, 431, 501, 505
//
// Requests are smuggled where two parsers read one text differently. So whatever a proxy in front
// might read otherwise is refused: bare CR or LF, control bytes, folded lines, Content-Length
// together with Transfer-Encoding, either of them twice or in any but its plainest form, a missing
// or second Host. Pure functions, no sockets; linear in the head, bounded by
// limits::head_bytes_max.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/net/http.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>

namespace rsx::net::http {

// How a bad request is answered; the connection is closed after it.
struct refusal {
    unsigned status;
    reason why;
};

struct asked {
    request_head head{};
    bool http10{false};
    bool keep_alive{true};
};

struct answered {
    unsigned status{0};
    std::vector<field> fields{};
    std::optional<std::uint64_t> content_length{};
    bool chunked{false};
    bool keep_alive{true};
};

// Finds the end of a head that arrives in pieces, looking at each byte once.
class head_scan {
public:
    // `so_far` is all that was received, growing from call to call. Answers the size of the head
    // with its empty line; 0: more is needed; an error: this can be no head.
    [[nodiscard]] std::expected<std::size_t, refusal> look(std::string_view so_far) {
        for (; at_ < so_far.size(); ++at_) {
            const char c = so_far[at_];
            if (c == '\n') {
                if (last_ != '\r') return std::unexpected(refusal{400, "a line ends with LF only"});
                if (line_ == 0) return ++at_;
                line_ = 0;
            } else if (last_ == '\r') {
                return std::unexpected(refusal{400, "CR without LF"});
            } else if (c != '\r') {
                if (is_control(c)) return std::unexpected(refusal{400, "control byte in the head"});
                ++line_;
            }
            last_ = c;
        }
        return 0;
    }

private:
    static bool is_control(char c) noexcept {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < ' ' && c != '\t') || byte == 0x7f;
    }
    std::size_t at_{0};
    std::size_t line_{0};  // bytes of the line so far, without CR
    char last_{0};
};

namespace detail {

namespace beast_http = boost::beast::http;
using beast_text = boost::beast::string_view;

[[nodiscard]] inline std::string_view view_of(beast_text text) noexcept {
    return {text.data(), text.size()};
}

[[nodiscard]] inline std::optional<std::uint64_t> plain_number(std::string_view text) noexcept {
    if (text.empty() || text.size() > 18) return {};
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return {};
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

// Beast's parser as a collector of fields; bodies are read elsewhere.
template <bool IsRequest>
class collector final : public beast_http::basic_parser<IsRequest> {
public:
    using code = boost::beast::error_code;
    std::string method{};
    std::string target{};
    unsigned status{0};
    int version{0};
    bool too_many{false};
    std::vector<field> fields{};

    collector() {
        this->header_limit(limits::head_bytes_max + 16);
        this->body_limit(boost::none);
        this->skip(true);
        fields.reserve(16);
    }

private:
    void on_request_impl(beast_http::verb, beast_text verb, beast_text path, int v,
                         code&) override {
        method = view_of(verb);
        target = view_of(path);
        version = v;
    }
    void on_response_impl(int number, beast_text, int v, code&) override {
        status = static_cast<unsigned>(number);
        version = v;
    }
    void on_field_impl(beast_http::field, beast_text name, beast_text value, code& ec) override {
        if (fields.size() == limits::http_fields_max) {
            too_many = true;
            ec = beast_http::error::header_limit;
            return;
        }
        fields.push_back({std::string{view_of(name)}, std::string{view_of(value)}});
    }
    void on_header_impl(code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, code&) override {}
    std::size_t on_body_impl(beast_text, code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, beast_text, code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast_text, code&) override { return 0; }
    void on_finish_impl(code&) override {}
};

[[nodiscard]] inline bool has_folded_line(std::string_view head) noexcept {
    for (std::size_t i = head.find('\n'); i != head.npos && i + 1 < head.size();
         i = head.find('\n', i + 1)) {
        if (head[i + 1] == ' ' || head[i + 1] == '\t') return true;
    }
    return false;
}

// What both directions say about their body, in its plainest form only.
struct framing {
    std::optional<std::uint64_t> length{};
    bool chunked{false};
    unsigned hosts{0};
    std::string_view expect{};
    bool close{false};
    bool keep{false};
};

inline void note_connection(framing& f, std::string_view list) noexcept {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view one = list.substr(0, end);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
        f.close = f.close || same_name(one, "close");
        f.keep = f.keep || same_name(one, "keep-alive");
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

[[nodiscard]] inline std::expected<framing, refusal> framing_of(const std::vector<field>& fields) {
    framing f;
    for (const auto& [name, value] : fields) {
        if (same_name(name, "Content-Length")) {
            if (f.length) return std::unexpected(refusal{400, "Content-Length twice"});
            f.length = plain_number(value);
            if (!f.length) return std::unexpected(refusal{400, "Content-Length is no number"});
        } else if (same_name(name, "Transfer-Encoding")) {
            if (f.chunked) return std::unexpected(refusal{400, "Transfer-Encoding twice"});
            if (!same_name(value, "chunked")) {
                return std::unexpected(refusal{501, "a transfer encoding other than chunked"});
            }
            f.chunked = true;
        } else if (same_name(name, "Host")) {
            ++f.hosts;
        } else if (same_name(name, "Expect")) {
            f.expect = value;
        } else if (same_name(name, "Connection")) {
            note_connection(f, value);
        }
    }
    if (f.length && f.chunked) {
        return std::unexpected(refusal{400, "Content-Length and Transfer-Encoding"});
    }
    return f;
}

// Of an HTTP version this does not speak, or none at all.
[[nodiscard]] inline std::optional<refusal> bad_request_line(std::string_view head) noexcept {
    const std::string_view line = head.substr(0, head.find('\r'));
    const std::size_t one = line.find(' ');
    const std::size_t two = line.rfind(' ');
    if (one == line.npos || one == two) return refusal{400, "no request line"};
    const std::string_view version = line.substr(two + 1);
    if (line.substr(one + 1, two - one - 1).find_first_of(" \t") != line.npos || one + 1 == two) {
        return refusal{400, "blanks in the request line"};
    }
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && digit(version[5]) &&
                        version[6] == '.' && digit(version[7]);
    if (!shaped) return refusal{400, "no HTTP version"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return refusal{505, "another HTTP version"};
    if (one > 32) return refusal{501, "no such method"};
    if (line.substr(0, one) == "CONNECT") return refusal{501, "CONNECT is not done here"};
    return {};
}

[[nodiscard]] inline bool good_target(std::string_view target) noexcept {
    return target.starts_with('/') || target == "*" || target.starts_with("http://") ||
           target.starts_with("https://");
}

// Fit to be sent: no value can end its line.
[[nodiscard]] inline bool is_field(const field& f) noexcept {
    constexpr std::string_view token =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    if (f.name.empty() || f.name.find_first_not_of(token) != f.name.npos) return false;
    return std::none_of(f.value.begin(), f.value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < ' ' && c != '\t') || byte == 0x7f;
    });
}

[[nodiscard]] inline bool is_target(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != '\x7f';
    });
}

}  // namespace detail

// `head`: what head_scan measured.
[[nodiscard]] inline std::expected<asked, refusal> parse_request(std::string_view head) {
    if (const auto bad = detail::bad_request_line(head)) return std::unexpected(*bad);
    if (detail::has_folded_line(head)) return std::unexpected(refusal{400, "a folded line"});

    detail::collector<true> text;
    boost::beast::error_code code;
    text.put(boost::asio::buffer(head.data(), head.size()), code);
    if (text.too_many) return std::unexpected(refusal{431, "too many fields"});
    const auto framing = detail::framing_of(text.fields);
    if (!framing) return std::unexpected(framing.error());
    if (code || !text.is_header_done()) return std::unexpected(refusal{400, "a malformed head"});
    if (!detail::good_target(text.target)) return std::unexpected(refusal{400, "a bad target"});

    asked out;
    out.http10 = text.version == 10;
    if (framing->hosts > 1 || (framing->hosts == 0 && !out.http10)) {
        return std::unexpected(refusal{400, "one Host is needed"});
    }
    if (framing->chunked && out.http10) return std::unexpected(refusal{400, "chunked HTTP/1.0"});
    if (!framing->expect.empty() && !out.http10) {
        if (!same_name(framing->expect, "100-continue")) {
            return std::unexpected(refusal{417, "an unknown expectation"});
        }
        out.head.expects_continue = framing->chunked || framing->length.value_or(0) > 0;
    }
    out.keep_alive = !framing->close && (!out.http10 || framing->keep);
    out.head.method = std::move(text.method);
    out.head.target = std::move(text.target);
    out.head.fields = std::move(text.fields);
    out.head.content_length = framing->length;
    out.head.chunked = framing->chunked;
    return out;
}

[[nodiscard]] inline result<answered> parse_response(std::string_view head) {
    if (detail::has_folded_line(head))
        return fail(errc::corrupt, "a folded line in an HTTP answer");
    detail::collector<false> text;
    boost::beast::error_code code;
    text.put(boost::asio::buffer(head.data(), head.size()), code);
    const auto framing = detail::framing_of(text.fields);
    if (!framing) return fail(errc::corrupt, "bad framing of an HTTP answer");
    if (code || !text.is_header_done()) return fail(errc::corrupt, "a malformed HTTP answer");
    answered out;
    out.status = text.status;
    out.fields = std::move(text.fields);
    out.content_length = framing->length;
    out.chunked = framing->chunked;
    out.keep_alive = !framing->close && (text.version != 10 || framing->keep);
    return out;
}

}  // namespace rsx::net::http
