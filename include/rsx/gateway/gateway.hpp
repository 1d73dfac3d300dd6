// SPDX-License-Identifier: Apache-2.0

// The gateway: HTTP in, S3 out. Parses, proves, dispatches, and turns every failure into the answer
// S3 would give.
//
//     gateway::service s3{{engine, lookup, wall, random, log, metrics}, {.domains =
//     {"localhost"}}}; net::http::server web{loop, {.port = 9000}, s3.handler()};
//
// What is not S3 lives under /_/: /_/health and /_/metrics (docs/reference/http.md). A handler can
// be reached only through the verifier (gateway/call.hpp). Every answer carries x-amz-request-id;
// every error, but to HEAD, an XML body. One loop; outlives its server.
#pragma once

#include <rsx/digest/base64.hpp>
#include <rsx/gateway/buckets.hpp>
#include <rsx/gateway/call.hpp>
#include <rsx/gateway/copy.hpp>
#include <rsx/gateway/lists.hpp>
#include <rsx/gateway/objects.hpp>
#include <rsx/gateway/uploads.hpp>

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::gateway {

// What a gateway stands on. All of it outlives the gateway.
struct ground {
    object::engine& engine;
    s3::credential_lookup credentials;
    wall_clock& wall;
    entropy& random;
    log::sink& log;
    metrics::registry& metrics;
};

// The state of the whole, as /_/health tells it.
struct health_report {
    bool ready{true};
    std::string json{"{\"status\":\"ok\"}\n"};
};

struct options {
    std::vector<std::string> domains{};  // bucket.DOMAIN addresses a bucket
    std::string region{"us-east-1"};
    std::function<health_report()> health{[] { return health_report{}; }};
};

namespace detail {

using handler = answer (*)(call&);

// The operations that are done here; s3/route.hpp says the same of each.
[[nodiscard]] constexpr handler handler_of(s3::operation op) noexcept {
    switch (op) {
        case s3::operation::list_buckets: return list_buckets;
        case s3::operation::create_bucket: return create_bucket;
        case s3::operation::head_bucket: return head_bucket;
        case s3::operation::delete_bucket: return delete_bucket;
        case s3::operation::get_bucket_location: return get_bucket_location;
        case s3::operation::get_bucket_versioning: return get_bucket_versioning;
        case s3::operation::get_bucket_acl: return get_bucket_acl;
        case s3::operation::list_objects: return list_objects;
        case s3::operation::list_objects_v2: return list_objects_v2;
        case s3::operation::list_object_versions: return list_object_versions;
        case s3::operation::list_multipart_uploads: return list_uploads;
        case s3::operation::delete_objects: return delete_objects;
        case s3::operation::put_object: return put_object;
        case s3::operation::get_object: return get_object;
        case s3::operation::head_object: return get_object;
        case s3::operation::get_object_acl: return get_object_acl;
        case s3::operation::delete_object: return delete_object;
        case s3::operation::copy_object: return copy_object;
        case s3::operation::create_multipart_upload: return create_upload;
        case s3::operation::upload_part: return upload_part;
        case s3::operation::upload_part_copy: return upload_part_copy;
        case s3::operation::list_parts: return list_parts;
        case s3::operation::complete_multipart_upload: return complete_upload;
        case s3::operation::abort_multipart_upload: return abort_upload;
        default: return nullptr;
    }
}

}  // namespace detail

class service {
public:
    service(ground on, options how)
        : on_{std::move(on)},
          how_{std::move(how)},
          verifier_{on_.credentials, s3::verify_rules{how_.region, false}} {
        std::byte host[12];
        on_.random.fill(host);
        host_id_ = digest::base64_encode(host);
    }
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    [[nodiscard]] net::http::handler handler() {
        return [this](net::http::exchange& with) { return handle(with); };
    }

    [[nodiscard]] step handle(net::http::exchange& with) {
        const std::string& target = with.head().target;
        if (target == "/_" || target.starts_with("/_/")) co_return co_await internal(with);
        co_return co_await s3_request(with);
    }

private:
    [[nodiscard]] step s3_request(net::http::exchange& with) {
        const env& here = co_await this_env{};
        const nanos began = here.where->now();
        call_ids ids{next_request_id(), host_id_};
        s3::request_head head{with.head().method, with.head().target, {}};
        for (const auto& field : with.head().fields) head.headers.add(field.name, field.value);

        auto asked = s3::parse_request(std::move(head), how_.domains);
        if (!asked) {
            const s3::address nowhere;
            co_return co_await refuse(with, asked.error(), ids, nowhere, "unknown");
        }
        const s3::address at{asked->bucket, asked->key};
        const std::string name{s3::facts_of(asked->op).name};
        const auto op = asked->op;
        auto verified = verifier_.verify(std::move(*asked), on_.wall.now_ms());
        if (!verified) co_return co_await refuse(with, verified.error(), ids, at, name);
        const auto serve = detail::handler_of(op);
        if (serve == nullptr) {
            const s3::error missing{s3::error_code::not_implemented};
            co_return co_await refuse(with, missing, ids, at, name);
        }
        call served{with, std::move(*verified), on_.engine, ids, how_.region};
        auto handled = co_await serve(served);
        status end{};
        if (!handled && !with.responded()) {
            end = co_await refuse(with, handled.error(), ids, at, name);
        } else {
            count(name, "2xx");
            if (served.broken()) end = std::unexpected(*served.broken());
        }
        const std::chrono::duration<double> took = here.where->now() - began;
        seconds(name).observe(took.count());
        co_return end;
    }

    // Answers an error: XML, but not to HEAD.
    [[nodiscard]] step refuse(net::http::exchange& with, s3::error why, call_ids ids,
                              s3::address at, std::string name) {
        const unsigned code = s3::status_of(why.code);
        count(name, code >= 500 ? "5xx" : "4xx");
        if (code >= 500 && why.code != s3::error_code::not_implemented) {
            log::line{log::level::warn, "request failed"}
                .with("operation", name)
                .with("bucket", at.bucket)
                .with("key", at.key)
                .with("code", s3::name_of(why.code))
                .with("request", ids.request)
                .to(on_.log);
        }
        const auto path = std::string_view{with.head().target}.substr(
            0, std::string_view{with.head().target}.find('?'));
        const s3::error_place place{at.bucket, at.key, path, ids.request, ids.host};
        std::string body = s3::render_error(why, place);
        net::http::response_head head;
        head.status = code;
        head.fields.push_back({"x-amz-request-id", ids.request});
        head.fields.push_back({"x-amz-id-2", ids.host});
        head.fields.push_back({"Server", "rsx"});
        head.fields.push_back({"Content-Type", "application/xml"});
        if (code == 503) head.fields.push_back({"Retry-After", "1"});
        co_return co_await send(with, std::move(head), std::move(body));
    }

    [[nodiscard]] step internal(net::http::exchange& with) {
        const std::string_view target = with.head().target;
        const std::string_view path = target.substr(0, target.find('?'));
        const std::string& method = with.head().method;
        net::http::response_head head;
        std::string body;
        std::string type = "text/plain; charset=utf-8";
        if (method != "GET" && method != "HEAD") {
            head.status = 405;
            body = "only GET and HEAD here\n";
        } else if (path == "/_/health") {
            health_report now = how_.health();
            head.status = now.ready ? 200 : 503;
            body = std::move(now.json);
            type = "application/json";
        } else if (path == "/_/metrics") {
            body = on_.metrics.text();
            type = "text/plain; version=0.0.4; charset=utf-8";
        } else {
            head.status = 404;
            body = "nothing here; there are /_/health and /_/metrics\n";
        }
        head.fields.push_back({"Content-Type", type});
        head.fields.push_back({"Server", "rsx"});
        co_return co_await send(with, std::move(head), std::move(body));
    }

    [[nodiscard]] static step send(net::http::exchange& with, net::http::response_head head,
                                   std::string body) {
        auto begun = co_await with.respond(std::move(head), body.size());
        if (!begun || with.head().method == "HEAD") co_return begun;
        co_return co_await with.write(bytes_of(body));
    }

    [[nodiscard]] std::string next_request_id() {
        std::byte raw[8];
        on_.random.fill(raw);
        std::string id = hex(raw);
        for (char& c : id)
            if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
        return id;
    }

    void count(std::string_view name, std::string_view outcome) {
        on_.metrics
            .counter("rsx_s3_requests_total", "S3 requests by operation and outcome",
                     {{"operation", name}, {"outcome", outcome}})
            .add();
    }
    metrics::histogram& seconds(std::string_view name) {
        return on_.metrics.histogram("rsx_s3_request_seconds", "S3 request time by operation",
                                     metrics::latency_bounds(), {{"operation", name}});
    }

    ground on_;
    options how_;
    s3::verifier verifier_;
    std::string host_id_;
};

}  // namespace rsx::gateway
