// SPDX-License-Identifier: Apache-2.0

// HTTP/1.1 as values: what a handler sees of a request and says in answer. No sockets here.
//
//     rsx::step hello(net::http::exchange& with) {
//         net::http::response_head head{.status = 200};
//         head.fields.push_back({"Content-Type", "text/plain"});
//         auto sent = co_await with.respond(std::move(head), 5);
//         if (!sent) co_return sent;
//         co_return co_await with.write(rsx::bytes_of("hello"));
//     }
//
// net/http_server.hpp calls handlers; net/http_client.hpp makes requests. Bodies stream both ways.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/task.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rsx::net::http {

struct field {
    std::string name;
    std::string value;
};

// Case-insensitive for ASCII, as field names are.
[[nodiscard]] inline bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

struct request_head {
    std::string method{};
    std::string target{};  // as it came: not decoded
    std::vector<field> fields{};
    std::optional<std::uint64_t> content_length{};
    bool chunked{false};
    bool expects_continue{false};
    std::string remote{};  // address of the peer, without port
    bool secure{false};    // came over TLS

    [[nodiscard]] const std::string* find(std::string_view name) const noexcept {
        for (const field& f : fields) {
            if (same_name(f.name, name)) return &f.value;
        }
        return nullptr;
    }
};

struct response_head {
    unsigned status{200};
    std::vector<field> fields{};  // without Content-Length, Transfer-Encoding, Connection, Date
};

// One request being answered. Belongs to its connection's loop.
class exchange {
public:
    virtual ~exchange() = default;
    [[nodiscard]] virtual const request_head& head() const noexcept = 0;

    // The next bytes of the body (Transfer-Encoding removed), up to out.size(); 0: its end. Sends
    // "100 Continue" before the first read if the client expects it. errc::corrupt: the body ended
    // early or its framing is broken; errc::timed_out: the client stalled.
    [[nodiscard]] virtual task<result<std::size_t>> read(byte_span out) = 0;

    // Sends the head. `length`: bytes that `write` will send; nothing: chunked. To HEAD the length
    // is said and no byte is sent.
    [[nodiscard]] virtual step respond(response_head head, std::optional<std::uint64_t> length) = 0;
    [[nodiscard]] virtual step write(byte_view bytes) = 0;

    // Ends the connection after this answer (a body that is not to be read, a broken client).
    virtual void close_after() noexcept = 0;
    // True once respond() was called.
    [[nodiscard]] virtual bool responded() const noexcept = 0;
};

// Answers one request; an error it returns before respond() becomes a plain 500, after it the
// connection is cut, so that a client never takes a torn body for a whole one.
using handler = std::move_only_function<step(exchange& with)>;

}  // namespace rsx::net::http
