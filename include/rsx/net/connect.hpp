// SPDX-License-Identifier: Apache-2.0

// From a host and a port to a connected socket: each address the name stands for is tried in turn.
//
//     auto dial = rsx::net::connect(loop, "s3.example.com", 443);
//     auto socket = co_await rsx::within(limits::connect_time_max, std::move(dial));
//
// Errors: unavailable (no such host, refused, unreachable), timed_out or cancelled by the awaiting
// task. Names are looked up by the system's resolver on a thread of Asio's.
#pragma once

#include <rsx/net/asio_loop.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <string_view>

namespace rsx::net {

// "10.0.0.1:9100" or "[::1]:9100" or "host:9100".
struct endpoint {
    std::string host{};
    std::uint16_t port{0};

    friend bool operator==(const endpoint&, const endpoint&) = default;
};

[[nodiscard]] inline result<endpoint> endpoint_from(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return fail(errc::invalid, "an address is host:port");
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != host.npos) {
        return fail(errc::invalid, "an IPv6 address stands in brackets");
    }
    std::uint32_t number = 0;
    for (const char c : port) {
        if (c < '0' || c > '9' || number > 65535) return fail(errc::invalid, "no port number");
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (host.empty() || port.empty() || number > 65535) {
        return fail(errc::invalid, "an address is host:port");
    }
    return endpoint{std::string{host}, static_cast<std::uint16_t>(number)};
}

// Of this machine only: where plaintext is allowed.
[[nodiscard]] inline bool is_loopback(const std::string& host) {
    boost::system::error_code code;
    const auto address = asio::ip::make_address(host, code);
    if (code) return host == "localhost";
    return address.is_loopback();
}

[[nodiscard]] inline task<result<asio::ip::tcp::socket>> connect(asio_loop& where, std::string host,
                                                                 std::uint16_t port) {
    using asio::ip::tcp;
    std::vector<tcp::endpoint> all;
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) {
        all.emplace_back(address, port);
    } else {
        tcp::resolver resolver{where.context()};
        const std::string service = std::to_string(port);
        auto look_up = resolver.async_resolve(host, service, use_task);
        const result<tcp::resolver::results_type> found = co_await look_up;
        if (!found && found.error().code == errc::cancelled) {
            co_return std::unexpected(found.error());
        }
        if (!found) co_return fail(errc::unavailable, "no such host");
        for (const auto& one : *found) all.push_back(one.endpoint());
    }
    error last{errc::unavailable, "no such host", 0};
    for (const tcp::endpoint& to : all) {
        tcp::socket socket{where.context()};
        boost::system::error_code code;
        socket.open(to.protocol(), code);
        if (code) co_return std::unexpected(from_asio(code));
        auto dial = socket.async_connect(to, use_task);
        const status dialled = co_await dial;
        if (dialled) co_return std::move(socket);
        last = dialled.error();
        if (last.code == errc::cancelled) break;
    }
    co_return std::unexpected(last);
}

}  // namespace rsx::net
