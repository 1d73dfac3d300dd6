// SPDX-License-Identifier: Apache-2.0
#include <rsx/net/http_chunked.hpp>
#include <rsx/net/http_parse.hpp>

#include "catch.hpp"

#include <random>

using namespace rsx::net::http;

namespace {

std::expected<asked, refusal> whole(std::string_view text) {
    head_scan scan;
    const auto size = scan.look(text);
    if (!size) return std::unexpected(size.error());
    REQUIRE(*size == text.size());
    return parse_request(text);
}

unsigned status_of(std::string_view text) {
    const auto got = whole(text);
    return got ? 200 : got.error().status;
}

// All data of a chunked body that comes in pieces of `piece` bytes; nothing: refused.
std::optional<std::string> unchunked(std::string_view text, std::size_t piece,
                                     std::string_view* rest = nullptr) {
    chunk_reader chunks;
    std::string out;
    while (!chunks.ended() && !text.empty()) {
        std::string_view here = text.substr(0, piece);
        const std::size_t size = here.size();
        while (!here.empty() && !chunks.ended()) {
            const auto used = chunks.advance(here);
            if (!used) return {};
            here.remove_prefix(*used);
            const auto n =
                static_cast<std::size_t>(std::min<std::uint64_t>(chunks.data_left(), here.size()));
            if (n == 0) continue;
            out.append(here.substr(0, n));
            here.remove_prefix(n);
            chunks.took(n);
        }
        text.remove_prefix(size - here.size());
    }
    if (rest != nullptr) *rest = text;
    if (!chunks.ended()) return {};
    return out;
}

}  // namespace

TEST_CASE("a head is found wherever the pieces break") {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        CAPTURE(cut);
        head_scan scan;
        const auto early = scan.look(std::string_view{text}.substr(0, cut));
        REQUIRE(early.has_value());
        CHECK(*early == (cut >= text.size() - 4 ? text.size() - 4 : 0));
        if (*early == 0) CHECK(scan.look(text).value() == text.size() - 4);
    }
}

TEST_CASE("a request becomes a value") {
    const auto got = whole(
        "PUT /bucket/a%20b?x=1 HTTP/1.1\r\nHost: h:9000\r\nContent-Length: 12\r\n"
        "X-Amz-Meta-Name: \t caf\xc3\xa9 \r\nEmpty:\r\nExpect: 100-Continue\r\n\r\n");
    REQUIRE(got.has_value());
    CHECK(got->head.method == "PUT");
    CHECK(got->head.target == "/bucket/a%20b?x=1");
    CHECK(got->head.content_length == 12);
    CHECK(got->head.expects_continue);
    CHECK_FALSE(got->head.chunked);
    CHECK(got->keep_alive);
    REQUIRE(got->head.find("x-amz-meta-name") != nullptr);
    CHECK(*got->head.find("x-amz-meta-name") == "caf\xc3\xa9");
    CHECK(got->head.find("empty")->empty());
    CHECK(got->head.find("absent") == nullptr);
}

TEST_CASE("Connection and the version say whether the connection lives on") {
    CHECK(whole("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->keep_alive);
    CHECK_FALSE(whole("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n")->keep_alive);
    CHECK_FALSE(whole("GET / HTTP/1.1\r\nHost: h\r\nConnection: te, close\r\n\r\n")->keep_alive);
    CHECK_FALSE(whole("GET / HTTP/1.0\r\n\r\n")->keep_alive);
    CHECK(whole("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->keep_alive);
}

TEST_CASE("what two parsers might read differently is refused") {
    const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
    CHECK(status_of(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(status_of(post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n") == 400);
    CHECK(status_of(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n") == 400);
    CHECK(status_of(post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n") == 400);
    for (const char* bad : {"5, 5", "5,6", "+5", "-5", "0x5", "5 5", "", "5a", "1e3", "٣",
                            "99999999999999999999", "18446744073709551617", "5;", "\"5\""}) {
        CAPTURE(bad);
        CHECK(status_of(post + "Content-Length: " + bad + "\r\n\r\n") == 400);
    }
    for (const char* other : {"gzip", "gzip, chunked", "chunked, gzip", "identity", "chunked,",
                              "xchunked", "chunked;q=1", "\"chunked\"", "chunked chunked", ""}) {
        CAPTURE(other);
        const unsigned got = status_of(post + "Transfer-Encoding: " + other + "\r\n\r\n");
        CHECK((got == 501 || got == 400));
    }
    CHECK(status_of(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n") ==
          400);
    CHECK(status_of(post + "Transfer-Encoding : chunked\r\n\r\n") == 400);
    CHECK(status_of(post + "Transfer-Encoding: chunked\r\n\r\n") == 200);
    CHECK(status_of(post + "transfer-encoding: CHUNKED\r\n\r\n") == 200);
    CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("bytes that do not belong into a head are refused") {
    const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
    CHECK(status_of("GET / HTTP/1.1\nHost: h\n\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: h\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\rHost: h\r\n\r\n") == 400);
    CHECK(status_of(get + "A: b\r\r\n\r\n") == 400);
    CHECK(status_of(get + " folded: b\r\n\r\n") == 400);
    CHECK(status_of(get + "A: b\r\n\tfolded\r\n\r\n") == 400);
    CHECK(status_of(get + "A: b\r\n folded\r\n\r\n") == 400);
    CHECK(status_of(get + ": no name\r\n\r\n") == 400);
    CHECK(status_of(get + "no colon\r\n\r\n") == 400);
    CHECK(status_of(get + "A : b\r\n\r\n") == 400);
    CHECK(status_of(get + "A\t: b\r\n\r\n") == 400);
    for (const char bad : std::string_view{"\0\x01\x08\x0b\x0c\x1f\x7f", 7}) {
        CAPTURE(int{bad});
        CHECK(status_of(get + "A: b" + bad + "c\r\n\r\n") == 400);
        CHECK(status_of(get + "A" + bad + ": b\r\n\r\n") == 400);
        CHECK(status_of(std::string{"GET /"} + bad + " HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    }
    for (const char bad : std::string_view{"()<>@,;\\\"/[]?={} "}) {
        CAPTURE(bad);
        CHECK(status_of(get + "A" + bad + "B: c\r\n\r\n") == 400);
    }
}

TEST_CASE("request lines of every other shape are refused") {
    const std::string rest = "\r\nHost: h\r\n\r\n";
    for (const char* bad :
         {"GET", "GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
          "GET / HTTP/1.1 ", "GET /a b HTTP/1.1", "GET\t/\tHTTP/1.1", "GET / http/1.1",
          "GET / HTTP/1", "GET / HTTP/11", "GET / HTTP/1.1x", "GET / FTP/1.1", "G(T / HTTP/1.1",
          "GET a HTTP/1.1", "GET ftp://h/ HTTP/1.1", "GET h:80 HTTP/1.1", "GET /\"<> HTTP/1.1 x"}) {
        CAPTURE(bad);
        CHECK(status_of(bad + rest) == 400);
    }
    for (const char* other :
         {"GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / HTTP/3.0"}) {
        CAPTURE(other);
        CHECK(status_of(other + rest) == 505);
    }
    CHECK(status_of(std::string(40, 'A') + " / HTTP/1.1" + rest) == 501);
    CHECK(status_of("CONNECT h:80 HTTP/1.1" + rest) == 501);
    CHECK(status_of("BREW /pot HTTP/1.1" + rest) == 200);  // the handler's to refuse
    CHECK(status_of("OPTIONS * HTTP/1.1" + rest) == 200);
    CHECK(status_of("GET http://h/a HTTP/1.1" + rest) == 200);
}

TEST_CASE("exactly one Host, one known expectation, a bounded number of fields") {
    CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
    CHECK(status_of("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n") == 417);
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 1; i < rsx::limits::http_fields_max; ++i) many += "A: b\r\n";
    CHECK(status_of(many + "\r\n") == 200);
    CHECK(status_of(many + "A: b\r\n\r\n") == 431);
}

TEST_CASE("random bytes are refused or parsed, and never more") {
    std::mt19937_64 random{20260101};
    const std::string good =
        "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nX-A: b\r\nConnection: close\r\n\r\n";
    unsigned parsed = 0;
    for (int i = 0; i < 50'000; ++i) {
        std::string text = good;
        const auto changes = 1 + random() % 4;
        for (unsigned c = 0; c < changes; ++c) {
            const auto at = random() % text.size();
            switch (random() % 3) {
                case 0: text[at] = static_cast<char>(random()); break;
                case 1: text.erase(at, 1 + random() % 3); break;
                default: text.insert(at, 1, static_cast<char>(random() % 128)); break;
            }
        }
        head_scan scan;
        const auto size = scan.look(text);
        if (!size || *size == 0) continue;
        REQUIRE(*size <= text.size());
        parsed += parse_request(std::string_view{text}.substr(0, *size)).has_value() ? 1u : 0u;
    }
    CHECK(parsed > 0);
}

TEST_CASE("answers become values, and ambiguous ones are refused") {
    const auto got =
        parse_response("HTTP/1.1 206 Partial Content\r\nContent-Length: 7\r\nETag: \"x\"\r\n\r\n");
    REQUIRE(got.has_value());
    CHECK(got->status == 206);
    CHECK(got->content_length == 7);
    CHECK(got->keep_alive);
    CHECK(parse_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")->chunked);
    CHECK_FALSE(parse_response("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")->keep_alive);
    CHECK_FALSE(parse_response("HTTP/1.0 200 OK\r\n\r\n")->keep_alive);
    CHECK_FALSE(
        parse_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"));
    CHECK_FALSE(parse_response("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"));
    CHECK_FALSE(parse_response("HTTP/1.1 2x0 OK\r\n\r\n"));
    CHECK_FALSE(parse_response("garbage\r\n\r\n"));
}

TEST_CASE("chunked bodies are unwrapped however they are cut") {
    const std::string text =
        "5\r\nhello\r\n1;name=\"v\"\r\n,\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        CAPTURE(piece);
        std::string_view rest;
        CHECK(unchunked(text, piece, &rest).value() == "hello,0123456789");
        CHECK(rest == "GET /");
    }
}

TEST_CASE("bad framing of chunked bodies is refused") {
    for (const char* bad :
         {"\r\n", "x\r\n", "5\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n",
          " 5\r\nhello\r\n0\r\n\r\n", "5\r\nhelloX0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "-1\r\n",
          "0x5\r\nhello\r\n0\r\n\r\n", "1000000000000000\r\n", "5\r\nhello\r\n0\r\n\nX", "5\rhello",
          "0\r\nA: b\n\r\n", "5;\x01\r\nhello", "0\r\n\rX", "+5\r\nhello\r\n0\r\n\r\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(unchunked(bad, 3).has_value());
    }
    CHECK_FALSE(unchunked("5;" + std::string(300, 'x') + "\r\nhello\r\n0\r\n\r\n", 7).has_value());
    CHECK_FALSE(unchunked("0\r\nA: " + std::string(5000, 'x') + "\r\n\r\n", 7).has_value());
}
