// SPDX-License-Identifier: Apache-2.0

// A server that answers what a test tells it to, in order, and remembers what it was asked.
//
//     scripted_server server;
//     server.answer(503);
//     server.answer(200, "<ListBucketResult/>", "ETag: \"1\"\r\n");
//     server.answer_raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour");    // and hangs up
//     ... server.requests()[1].head ...
//
// One connection at a time, one request a connection. After the last answer it repeats it.
#pragma once

#include "catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

class scripted_server {
public:
    struct request {
        std::string line{};  // "GET /bucket/key HTTP/1.1"
        std::string head{};  // lower case
        std::string body{};
        [[nodiscard]] bool has(const std::string& part) const {
            return head.find(part) != std::string::npos;
        }
    };

    scripted_server() : door_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        REQUIRE(::bind(door_, reinterpret_cast<const sockaddr*>(&at), size) == 0);
        REQUIRE(::listen(door_, 64) == 0);
        REQUIRE(::getsockname(door_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;
    ~scripted_server() {
        ending_ = true;
        thread_.join();
        ::close(door_);
    }

    void answer(unsigned status, const std::string& body = {}, const std::string& fields = {}) {
        answer_raw("HTTP/1.1 " + std::to_string(status) +
                   " Said\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\nConnection: close\r\n" + fields + "\r\n" + body);
    }
    void answer_raw(std::string text) {
        const std::lock_guard guard{mutex_};
        answers_.push_back(std::move(text));
    }
    [[nodiscard]] std::vector<request> requests() {
        const std::lock_guard guard{mutex_};
        return requests_;
    }
    [[nodiscard]] std::string endpoint() const {
        return "http://127.0.0.1:" + std::to_string(port_);
    }

private:
    void serve() {
        while (!ending_) {
            pollfd ready{door_, POLLIN, 0};
            if (::poll(&ready, 1, 20) <= 0) continue;
            const int with = ::accept(door_, nullptr, nullptr);
            if (with < 0) continue;
            converse(with);
            ::close(with);
        }
    }
    void converse(int with) {
        std::string text;
        std::size_t head = 0;
        std::size_t body = 0;
        while (head == 0 || text.size() < head + body) {
            pollfd ready{with, POLLIN, 0};
            if (::poll(&ready, 1, 5000) <= 0) return;
            char room[65536];
            const auto n = ::recv(with, room, sizeof room, 0);
            if (n <= 0) return;
            text.append(room, static_cast<std::size_t>(n));
            if (head != 0 || text.find("\r\n\r\n") == std::string::npos) continue;
            head = text.find("\r\n\r\n") + 4;
            const std::string fields = lower(text.substr(0, head));
            const auto at = fields.find("content-length: ");
            if (at != std::string::npos) body = std::stoul(fields.substr(at + 16));
        }
        std::string said;
        {
            const std::lock_guard guard{mutex_};
            requests_.push_back(
                {text.substr(0, text.find('\r')), lower(text.substr(0, head)), text.substr(head)});
            if (answers_.empty()) return;
            said = answers_[std::min(next_, answers_.size() - 1)];
            ++next_;
        }
        std::size_t sent = 0;
        while (sent < said.size()) {
            const auto n = ::send(with, said.data() + sent, said.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
        ::shutdown(with, SHUT_WR);
    }
    static std::string lower(std::string text) {
        std::ranges::transform(text, text.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text;
    }

    int door_;
    std::uint16_t port_{0};
    std::atomic<bool> ending_{false};
    std::mutex mutex_;
    std::vector<std::string> answers_;
    std::size_t next_{0};
    std::vector<request> requests_;
    std::thread thread_;
};
