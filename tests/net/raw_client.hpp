// SPDX-License-Identifier: Apache-2.0

// A client that sends whatever bytes it is told to, on a blocking socket with a time-out.
#pragma once

#include <rsx/core/assert.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace rsx_test {

class raw_client {
public:
    explicit raw_client(std::uint16_t port, unsigned seconds = 20) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        RSX_ASSERT(socket_ >= 0);
        const timeval limit{static_cast<time_t>(seconds), 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    }
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;
    ~raw_client() { ::close(socket_); }

    [[nodiscard]] bool connected() const noexcept { return connected_; }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void end() { ::shutdown(socket_, SHUT_WR); }

    // What comes next, up to `size` bytes; empty at the end, on an error or after the time-out.
    std::string some(std::size_t size = 64 * 1024) {
        std::string out(size, '\0');
        const auto n = ::recv(socket_, out.data(), out.size(), 0);
        timed_out_ = n < 0 && errno == EAGAIN;
        reset_ = n < 0 && errno == ECONNRESET;
        out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return out;
    }
    // Everything up to and with `mark`.
    std::string until(std::string_view mark) {
        std::string out;
        while (!out.ends_with(mark)) {
            const std::string next = some(1);
            if (next.empty()) break;
            out += next;
        }
        return out;
    }
    std::string exactly(std::size_t size) {
        std::string out;
        while (out.size() < size) {
            const std::string next = some(std::min<std::size_t>(size - out.size(), 1 << 20));
            if (next.empty()) break;
            out += next;
        }
        return out;
    }
    // Everything until the server closes.
    std::string rest() {
        std::string out;
        for (;;) {
            const std::string next = some();
            if (next.empty()) return out;
            out += next;
        }
    }
    [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }
    [[nodiscard]] bool reset() const noexcept { return reset_; }

private:
    int socket_{-1};
    bool connected_{false};
    bool timed_out_{false};
    bool reset_{false};
};

}  // namespace rsx_test
