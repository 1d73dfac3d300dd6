// SPDX-License-Identifier: Apache-2.0

// One S3 request on its way through the gateway: proven, addressed, and not yet answered.
//
//     gateway::answer head_bucket(gateway::call& call) {
//         auto bucket = co_await call.open_bucket();
//         if (!bucket) co_return std::unexpected(std::move(bucket.error()));
//         co_return co_await call.reply(200);
//     }
//
// A handler takes a `call`, and a call is made of a `verified_request`: there is no way to a
// handler around the verifier. It either replies and succeeds, or returns an s3::error without
// having replied, which the gateway renders. A reply that could not be sent is `broken`, and ends
// the connection. One loop; lives as long as its exchange.
#pragma once

#include <rsx/gateway/errors.hpp>
#include <rsx/net/http.hpp>
#include <rsx/object/engine.hpp>
#include <rsx/s3/head.hpp>
#include <rsx/s3/sigv4.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::gateway {

using answer = task<s3::result<void>>;
using fields = std::vector<net::http::field>;

struct call_ids {
    std::string request;  // x-amz-request-id: 16 hexadecimal digits
    std::string host;     // x-amz-id-2
};

class call {
public:
    call(net::http::exchange& with, s3::verified_request verified, object::engine& engine,
         call_ids ids, std::string region)
        : with_{with},
          verified_{std::move(verified)},
          engine_{engine},
          ids_{std::move(ids)},
          region_{std::move(region)} {}
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    [[nodiscard]] const s3::verified_request& verified() const noexcept { return verified_; }
    [[nodiscard]] const s3::request& asked() const noexcept { return verified_.asked(); }
    [[nodiscard]] const std::string& bucket() const noexcept { return asked().bucket; }
    [[nodiscard]] const std::string& key() const noexcept { return asked().key; }
    [[nodiscard]] const s3::identity& who() const noexcept { return verified_.who(); }
    [[nodiscard]] object::engine& engine() const noexcept { return engine_; }
    [[nodiscard]] net::http::exchange& with() const noexcept { return with_; }
    [[nodiscard]] const std::string& region() const noexcept { return region_; }
    [[nodiscard]] const std::optional<rsx::error>& broken() const noexcept { return broken_; }

    [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
        return verified_.header(name).value_or(std::string_view{});
    }
    [[nodiscard]] std::string_view query(std::string_view name) const noexcept {
        return asked().query.get_or(name, {});
    }

    // The bucket asked for, if the caller may use it: every bucket is its owner's alone.
    [[nodiscard]] task<s3::result<object::bucket>> open_bucket() { return open_bucket(bucket()); }
    [[nodiscard]] task<s3::result<object::bucket>> open_bucket(std::string name) {
        auto found = co_await engine_.find_bucket(std::move(name));
        if (!found) co_return std::unexpected(refusal_of(found.error()));
        const auto expected = header("x-amz-expected-bucket-owner");
        if (found->owner != who().owner_id || (!expected.empty() && expected != found->owner))
            co_return s3::fail(s3::error_code::access_denied);
        co_return std::move(*found);
    }

    // Sends an answer with a body that is whole.
    [[nodiscard]] answer reply(unsigned status, fields more = {}, std::string body = {},
                               std::string_view type = "application/xml") {
        net::http::response_head head = begin(status, std::move(more));
        if (!body.empty()) head.fields.push_back({"Content-Type", std::string{type}});
        if (status == 204 || status == 304) {
            co_return heard(co_await with_.respond(std::move(head), std::nullopt));
        }
        co_return co_await send(std::move(head), std::move(body));
    }

    [[nodiscard]] answer reply_xml(std::string body) {
        net::http::response_head head = begin(200);
        head.fields.push_back({"Content-Type", "application/xml"});
        co_return co_await send(std::move(head), std::move(body));
    }

    // The head every answer begins with.
    [[nodiscard]] net::http::response_head begin(unsigned status, fields more = {}) const {
        net::http::response_head head;
        head.status = status;
        head.fields = std::move(more);
        head.fields.push_back({"x-amz-request-id", ids_.request});
        head.fields.push_back({"x-amz-id-2", ids_.host});
        head.fields.push_back({"Server", "rsx"});
        return head;
    }

    // Remembers that a reply could not be sent.
    [[nodiscard]] s3::result<void> heard(status sent) {
        if (!sent) broken_ = sent.error();
        return {};
    }

private:
    [[nodiscard]] answer send(net::http::response_head head, std::string body) {
        auto begun = co_await with_.respond(std::move(head), body.size());
        if (!begun || body.empty() || with_.head().method == "HEAD") co_return heard(begun);
        co_return heard(co_await with_.write(bytes_of(body)));
    }

    net::http::exchange& with_;
    s3::verified_request verified_;
    object::engine& engine_;
    call_ids ids_;
    std::string region_;
    std::optional<rsx::error> broken_{};
};

}  // namespace rsx::gateway
