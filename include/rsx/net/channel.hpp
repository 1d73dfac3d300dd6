// SPDX-License-Identifier: Apache-2.0

// A channel is one connection of bytes, plain TCP or TLS, on which nobody waits for ever.
//
//     rsx::net::channel with{std::move(socket), dog};
//     auto n = co_await with.read_some(out, limits::idle_time_max);    // 0: the peer has finished
//     std::array pieces{asio::buffer(head), asio::buffer(body)};
//     auto sent = co_await with.write(pieces, limits::body_stall_max);
//
// Patience is how long an operation may go without a single byte moving: a slow peer lives, a
// silent one ends with errc::timed_out. One reader and one writer may be under way at a time. A
// write first tries the socket at once, which spares small answers a turn of the loop. Belongs to
// one loop; what it watches by must outlive it.
#pragma once

#include <rsx/net/tls.hpp>
#include <rsx/net/use_task.hpp>
#include <rsx/net/watchdog.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <span>
#include <string>

namespace rsx::net {

class channel final : private watched {
public:
    using tcp = asio::ip::tcp;

    channel(tcp::socket socket, watchdog& dog) : socket_{std::move(socket)}, dog_{dog} {
        boost::system::error_code ignored;
        socket_.non_blocking(true, ignored);
        socket_.set_option(tcp::no_delay{true}, ignored);
        const auto far = socket_.remote_endpoint(ignored);
        if (!ignored) remote_ = far.address().to_string();
        dog_.add(*this);
    }
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel() override { dog_.remove(*this); }

    [[nodiscard]] const std::string& remote() const noexcept { return remote_; }
    [[nodiscard]] bool secure() const noexcept { return tls_ != nullptr; }
    // Nothing has come and the peer has not ended: fit to be used again.
    [[nodiscard]] bool quiet() {
        if (!socket_.is_open()) return false;
        char one = 0;
        boost::system::error_code code;
        socket_.receive(asio::buffer(&one, 1), asio::socket_base::message_peek, code);
        return code == asio::error::would_block;
    }
    // Of TLS; nullptr for plain TCP.
    [[nodiscard]] SSL* native_tls() const noexcept {
        return tls_ ? tls_->native_handle() : nullptr;
    }

    [[nodiscard]] step secure_as_server(tls_context with, nanos patience) {
        begin_tls(std::move(with));
        reading_.begin(now(), patience);
        auto shake = tls_->async_handshake(asio::ssl::stream_base::server, use_task);
        const status done = co_await shake;
        co_return ended(reading_, done);
    }
    // `host`: the name the certificate must prove; empty: the caller checks proven_names().
    [[nodiscard]] step secure_as_client(tls_context with, std::string host, nanos patience) {
        begin_tls(std::move(with));
        if (!host.empty()) {
            boost::system::error_code not_an_address;
            asio::ip::make_address(host, not_an_address);
            X509_VERIFY_PARAM* const wanted = SSL_get0_param(tls_->native_handle());
            if (not_an_address) {
                // SSL_set_tlsext_host_name, whose macro casts in the old style.
                SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                         TLSEXT_NAMETYPE_host_name, host.data());
                X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
            } else {
                X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str());
            }
        }
        reading_.begin(now(), patience);
        auto shake = tls_->async_handshake(asio::ssl::stream_base::client, use_task);
        const status done = co_await shake;
        co_return ended(reading_, done);
    }

    // At least one byte, or 0 at the end of what the peer sends.
    [[nodiscard]] task<result<std::size_t>> read_some(byte_span out, nanos patience) {
        const auto into = asio::buffer(out.data(), out.size());
        reading_.begin(now(), patience);
        result<std::size_t> n{0};
        if (tls_) {
            auto read = tls_->async_read_some(into, use_task);
            n = co_await read;
        } else {
            auto read = socket_.async_read_some(into, use_task);
            n = co_await read;
        }
        if (!n && n.error() == end_of_stream()) {
            reading_.end();
            co_return 0;
        }
        co_return ended(reading_, n);
    }

    // All of `pieces`, which are consumed on the way.
    [[nodiscard]] step write(std::span<asio::const_buffer> pieces, nanos patience) {
        for (;;) {
            while (!pieces.empty() && pieces.front().size() == 0) pieces = pieces.subspan(1);
            if (pieces.empty()) co_return status{};
            result<std::size_t> n{0};
            if (tls_) {
                writing_.begin(now(), patience);
                auto write = tls_->async_write_some(pieces, use_task);
                n = co_await write;
            } else {
                boost::system::error_code code;
                n = socket_.write_some(pieces, code);
                if (code == asio::error::would_block || code == asio::error::interrupted) {
                    writing_.begin(now(), patience);
                    auto write = socket_.async_write_some(pieces, use_task);
                    n = co_await write;
                } else if (code) {
                    n = std::unexpected(from_asio(code));
                }
            }
            n = ended(writing_, n);
            if (!n) co_return std::unexpected(n.error());
            consume(pieces, *n);
        }
    }

    // Nothing more from this side; reading goes on.
    [[nodiscard]] step end_writing(nanos patience) {
        if (tls_) {
            writing_.begin(now(), patience);
            auto bye = tls_->async_shutdown(use_task);
            const status done = co_await bye;
            co_return ended(writing_, done);
        }
        boost::system::error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        co_return status{};
    }

    // Ends both directions; what is under way fails with errc::cancelled.
    void close() {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }
    // The same, and the peer sees a reset: it must not take what it has for the whole.
    void cut() {
        boost::system::error_code ignored;
        socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
        socket_.close(ignored);
    }

private:
    struct limit {
        nanos until{nanos::max()};
        bool passed{false};
        void begin(nanos now, nanos patience) noexcept {
            until = now + patience;
            passed = false;
        }
        void end() noexcept { until = nanos::max(); }
    };

    [[nodiscard]] nanos now() const { return dog_.home().now(); }

    void look(nanos at) override {
        const bool late = at >= reading_.until || at >= writing_.until;
        if (!late) return;
        reading_.passed = at >= reading_.until;
        writing_.passed = at >= writing_.until;
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }

    template <class T>
    static result<T> ended(limit& of, result<T> with) {
        of.end();
        if (!with && of.passed && with.error().code == errc::cancelled) {
            return fail(errc::timed_out, "the peer was silent for too long");
        }
        return with;
    }

    [[nodiscard]] static error end_of_stream() { return from_asio(asio::error::eof); }

    void begin_tls(tls_context with) {
        context_ = std::move(with);
        tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, *context_);
    }

    static void consume(std::span<asio::const_buffer>& pieces, std::size_t n) noexcept {
        while (n > 0) {
            const std::size_t here = std::min(n, pieces.front().size());
            pieces.front() += here;
            n -= here;
            if (pieces.front().size() == 0) pieces = pieces.subspan(1);
        }
    }

    tcp::socket socket_;
    watchdog& dog_;
    std::string remote_{};
    tls_context context_{};
    std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_{};
    limit reading_{};
    limit writing_{};
};

}  // namespace rsx::net
