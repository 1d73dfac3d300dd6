// SPDX-License-Identifier: Apache-2.0

// A signed conversation with one S3 endpoint: requests as values, answers whole or as a stream.
//
//     auto settings = settle_s3({.endpoint = "http://127.0.0.1:9000"});   // the environment's too
//     auto link = s3_link::open(*settings);
//     s3_request request{.method = "GET", .bucket = "photos"};
//     auto reply = co_await (*link)->call(request);       // inside (*link)->run(...)
//     if (reply->status != 200) return explain(...);
//
// `call` signs anew and repeats, with a growing and jittered pause, what was answered by 429, 500,
// 502, 503 or 504 or not at all, so long as the command's budget of retries lasts. Only s3_link.cpp
// includes sockets. One loop, one thread.
#pragma once

#include "exit_codes.hpp"

#include <rsx/core/slice.hpp>
#include <rsx/core/task.hpp>
#include <rsx/s3/head.hpp>
#include <rsx/s3/uri.hpp>

#include <filesystem>
#include <memory>

namespace rsx_cli {

struct s3_settings {
    std::string endpoint{};  // as the user wrote it
    std::string access_key{};
    std::string secret_key{};
    std::string region{};
    std::filesystem::path ca_file{};  // for https; empty: the system's authorities
    // What `settle_s3` reads from the endpoint.
    std::string host{};
    std::uint16_t port{0};
    bool tls{false};
};

// Fills what is empty from RSX_ENDPOINT, RSX_ACCESS_KEY, RSX_SECRET_KEY, AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_CA_BUNDLE; development keys for loopback endpoints only.
[[nodiscard]] outcome<s3_settings> settle_s3(s3_settings given);

struct s3_request {
    std::string method{"GET"};
    std::string bucket{};
    std::string key{};
    rsx::s3::query_list query{};
    rsx::s3::header_list headers{};
    rsx::slice body{};

    [[nodiscard]] std::string url() const {
        return "s3://" + bucket + (key.empty() ? "" : "/" + key);
    }
};

struct s3_reply {
    unsigned status{0};
    rsx::s3::header_list headers{};
    std::string body{};

    [[nodiscard]] bool good() const { return status >= 200 && status < 300; }
};

// An answer whose body is read as it comes.
class s3_stream {
public:
    virtual ~s3_stream() = default;
    [[nodiscard]] virtual const s3_reply& head() const = 0;  // the body of errors, else none
    [[nodiscard]] virtual rsx::task<rsx::result<std::size_t>> read(rsx::byte_span out) = 0;
};

class s3_link {
public:
    [[nodiscard]] static outcome<std::unique_ptr<s3_link>> open(const s3_settings& settings);
    virtual ~s3_link() = default;

    [[nodiscard]] virtual rsx::task<rsx::result<s3_reply>> call(s3_request request) = 0;
    [[nodiscard]] virtual rsx::task<rsx::result<std::unique_ptr<s3_stream>>> stream(
        s3_request request) = 0;
    // Takes one retry of the budget and sleeps; false: there is none left.
    [[nodiscard]] virtual rsx::task<bool> pause(unsigned attempt) = 0;

    // Runs a task to its end on this thread. Ctrl-C cancels what `run` runs, not what `clean_up`
    // does.
    virtual rsx::status run(rsx::step work) = 0;
    virtual rsx::status clean_up(rsx::step work) = 0;
    [[nodiscard]] virtual bool cancelled() const = 0;
    [[nodiscard]] virtual const s3_settings& settings() const = 0;
};

// A sentence that names endpoint, bucket, key and S3's code, and says what to do.
[[nodiscard]] failure explain(const s3_settings& where, const s3_request& request,
                              const s3_reply& reply);
[[nodiscard]] failure explain(const s3_settings& where, const s3_request& request,
                              const rsx::error& why);

}  // namespace rsx_cli
