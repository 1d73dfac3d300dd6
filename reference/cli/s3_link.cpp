// SPDX-License-Identifier: Apache-2.0
#include "s3_link.hpp"

#include "config.hpp"
#include "terminal.hpp"

#include <rsx/core/clock.hpp>
#include <rsx/net/http_client.hpp>
#include <rsx/s3/client_results.hpp>
#include <rsx/s3/payload.hpp>
#include <rsx/s3/sign.hpp>

#include <csignal>
#include <cstdlib>

namespace rsx_cli {
namespace {

namespace http = rsx::net::http;
namespace s3 = rsx::s3;

constexpr unsigned attempts_max = 6;
constexpr unsigned attempts_unreachable_max = 3;
constexpr unsigned retries_a_command = 64;
constexpr auto first_pause = std::chrono::milliseconds{150};
constexpr auto longest_pause = std::chrono::seconds{5};
constexpr std::size_t reply_bytes_max = 16 * rsx::mib;
constexpr std::size_t connections = 8;

constexpr const char* development_access_key = "rsxdev";
constexpr const char* development_secret_key = "rsxdevsecret";

std::string from_environment(std::initializer_list<const char*> names) {
    for (const char* const name : names) {
        const char* const value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return {};
}

bool worth_repeating(unsigned status) {
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool worth_repeating(const rsx::error& why) {
    return why.code == rsx::errc::unavailable || why.code == rsx::errc::timed_out ||
           why.code == rsx::errc::unknown_outcome || why.code == rsx::errc::corrupt;
}

class http_stream final : public s3_stream {
public:
    http_stream(http::response from, s3_reply head)
        : from_{std::move(from)}, head_{std::move(head)} {}
    [[nodiscard]] const s3_reply& head() const override { return head_; }
    [[nodiscard]] rsx::task<rsx::result<std::size_t>> read(rsx::byte_span out) override {
        return from_.read(out);
    }
    [[nodiscard]] http::response& from() { return from_; }

private:
    http::response from_;
    s3_reply head_;
};

class asio_link final : public s3_link {
public:
    explicit asio_link(const s3_settings& settings)
        : settings_{settings},
          signer_{{settings.access_key, settings.secret_key, settings.region}},
          client_{loop_, options_for(settings)},
          retries_left_{retries_a_command} {
        loop_.on_signal({SIGINT, SIGTERM}, [this](int) {
            if (stop_.stop_requested()) std::_Exit(static_cast<int>(exit_code::failed));
            stop_.request_stop();
        });
    }

    rsx::task<rsx::result<s3_reply>> call(s3_request request) override {
        for (unsigned attempt = 1;; ++attempt) {
            auto sending = once(request);
            auto opened = co_await sending;
            rsx::result<s3_reply> reply = rsx::fail(rsx::errc::io, "no answer");
            if (opened) {
                auto reading = whole(std::move(*opened));
                reply = co_await reading;
            } else {
                reply = std::unexpected(opened.error());
            }
            const bool again = reply ? worth_repeating(reply->status)
                                     : worth_repeating(reply.error()) &&
                                           (attempt < attempts_unreachable_max ||
                                            reply.error().code != rsx::errc::unavailable);
            if (!again) co_return reply;
            auto pausing = pause(attempt);
            const bool may = co_await pausing;
            if (!may) co_return reply;
        }
    }

    rsx::task<rsx::result<std::unique_ptr<s3_stream>>> stream(s3_request request) override {
        auto sending = once(std::move(request));
        auto opened = co_await sending;
        if (!opened) co_return std::unexpected(opened.error());
        if ((*opened)->head().good()) co_return std::unique_ptr<s3_stream>{std::move(*opened)};
        http::response& from = (*opened)->from();
        auto reading = from.read_all(reply_bytes_max);
        auto body = co_await reading;
        s3_reply head = (*opened)->head();
        if (body) head.body = std::move(*body);
        co_return std::unique_ptr<s3_stream>{
            std::make_unique<http_stream>(std::move(from), std::move(head))};
    }

    rsx::task<bool> pause(unsigned attempt) override {
        if (attempt >= attempts_max || retries_left_ == 0) co_return false;
        --retries_left_;
        const auto most = std::min<rsx::nanos>(first_pause * (1u << attempt), longest_pause);
        const auto part = rsx::system_entropy().below(static_cast<std::uint64_t>(most.count() / 2));
        auto sleeping = rsx::sleep_for(most / 2 + rsx::nanos{part});
        const rsx::status slept = co_await sleeping;
        co_return slept.has_value();
    }

    rsx::status run(rsx::step work) override {
        return loop_.run(std::move(work), stop_.get_token());
    }
    rsx::status clean_up(rsx::step work) override { return loop_.run(std::move(work)); }
    bool cancelled() const override { return stop_.stop_requested(); }
    const s3_settings& settings() const override { return settings_; }

private:
    static http::client_options options_for(const s3_settings& settings) {
        http::client_options made;
        made.host = settings.host;
        made.port = settings.port;
        made.connections_max = connections;
        if (settings.tls) made.tls = rsx::net::tls_files{.ca = settings.ca_file.string()};
        return made;
    }

    [[nodiscard]] std::string host_field() const {
        const bool six = settings_.host.find(':') != std::string::npos;
        std::string text = six ? '[' + settings_.host + ']' : settings_.host;
        if (settings_.port != (settings_.tls ? 443 : 80)) {
            text += ':' + std::to_string(settings_.port);
        }
        return text;
    }

    // Signs and sends once.
    rsx::task<rsx::result<std::unique_ptr<http_stream>>> once(s3_request request) {
        s3::outgoing out;
        out.method = request.method;
        out.path = '/' + request.bucket;
        if (!request.key.empty()) out.path += '/' + request.key;
        out.query = request.query;
        out.headers = request.headers;
        out.headers.set("Host", host_field());
        const std::string hash = settings_.tls && !request.body.empty()
                                     ? std::string{s3::unsigned_payload}
                                     : s3::sha256_hex(request.body.view());
        (void)signer_.sign(out, hash, rsx::system_wall_clock().now_ms());
        http::request_head head;
        head.method = out.method;
        head.target = s3::target_of(out);
        for (const s3::header& field : out.headers) {
            http::field one{field.name, field.value};
            head.fields.push_back(std::move(one));
        }
        http::field agent{"User-Agent", "rsx"};
        head.fields.push_back(std::move(agent));
        auto sending = client_.request(std::move(head), request.body);
        auto answer = co_await sending;
        if (!answer) co_return std::unexpected(answer.error());
        s3_reply reply;
        reply.status = answer->status();
        for (const http::field& field : answer->fields())
            reply.headers.add(field.name, field.value);
        co_return std::make_unique<http_stream>(std::move(*answer), std::move(reply));
    }

    static rsx::task<rsx::result<s3_reply>> whole(std::unique_ptr<http_stream> from) {
        auto reading = from->from().read_all(reply_bytes_max);
        auto body = co_await reading;
        if (!body) co_return std::unexpected(body.error());
        s3_reply reply = from->head();
        reply.body = std::move(*body);
        co_return reply;
    }

    s3_settings settings_;
    rsx::net::asio_loop loop_{std::chrono::seconds{1}};
    std::stop_source stop_{};
    s3::signer signer_;
    http::client client_;
    unsigned retries_left_;
};

outcome<void> read_endpoint(s3_settings& into) {
    std::string_view rest = into.endpoint;
    const auto wrong = [&] {
        return give_up(exit_code::usage,
                       "the endpoint must look like http://127.0.0.1:9000 or "
                       "https://s3.example.com, not \"" +
                           printable(into.endpoint) + "\"");
    };
    if (rest.starts_with("https://")) {
        into.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        into.tls = false;
        rest.remove_prefix(7);
    } else {
        return wrong();
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.empty() || rest.find_first_of("/?#@ ") != rest.npos) return wrong();
    const bool has_port = rest.back() != ']' && rest.rfind(':') != rest.npos &&
                          (rest.front() == '[' || rest.find(':') == rest.rfind(':'));
    const std::string with_port =
        has_port ? std::string{rest} : std::string{rest} + (into.tls ? ":443" : ":80");
    const auto parsed = rsxd::parse_endpoint(with_port);
    if (!parsed || parsed->port == 0) return wrong();
    into.host = parsed->host;
    into.port = parsed->port;
    return {};
}

exit_code code_of_status(unsigned status) {
    switch (status) {
        case 404: return exit_code::not_found;
        case 401:
        case 403: return exit_code::refused;
        case 429:
        case 500:
        case 502:
        case 503:
        case 504: return exit_code::unavailable;
        default: return exit_code::failed;
    }
}

// What to do about it.
std::string advice_for(std::string_view code, unsigned status) {
    if (code == "NoSuchBucket") return "`rsx mb` makes buckets, `rsx ls` lists them";
    if (code == "NoSuchKey") return "`rsx ls` lists what is there";
    if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch")
        return "check RSX_ACCESS_KEY and RSX_SECRET_KEY";
    if (code == "AccessDenied") return "these keys may not do that";
    if (code == "RequestTimeTooSkewed") return "set this machine's clock";
    if (code == "AuthorizationHeaderMalformed") return "is --region right?";
    if (code == "BucketNotEmpty") return "`rsx rb --force` empties it first";
    if (status == 503 || code == "SlowDown")
        return "the server is busy or too few nodes are up; "
               "try again later";
    if (status == 507 || code == "XMinioStorageFull") return "the cluster is full";
    return {};
}

}  // namespace

outcome<s3_settings> settle_s3(s3_settings given) {
    const auto fill = [](std::string& into, std::initializer_list<const char*> names) {
        if (into.empty()) into = from_environment(names);
    };
    fill(given.endpoint, {"RSX_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
    if (given.endpoint.empty()) given.endpoint = "http://127.0.0.1:9000";
    fill(given.region, {"RSX_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"});
    if (given.region.empty()) given.region = "us-east-1";
    if (given.ca_file.empty()) given.ca_file = from_environment({"RSX_CA_FILE", "AWS_CA_BUNDLE"});
    if (auto ok = read_endpoint(given); !ok) return std::unexpected(ok.error());

    // Both keys come from one place: half a pair is a mistake, never mixed with another half.
    for (const auto& [id, secret] : {std::pair{"RSX_ACCESS_KEY", "RSX_SECRET_KEY"},
                                     std::pair{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}}) {
        if (!given.access_key.empty()) break;
        given.access_key = from_environment({id});
        given.secret_key = from_environment({secret});
        if (given.access_key.empty() != given.secret_key.empty()) {
            return give_up(exit_code::usage, std::string{given.access_key.empty() ? id : secret} +
                                                 " is not set, " +
                                                 (given.access_key.empty() ? secret : id) + " is");
        }
    }
    if (given.access_key.empty()) {
        if (!rsxd::is_loopback(given.host)) {
            return give_up(exit_code::refused,
                           "no keys for " + given.endpoint +
                               ": set RSX_ACCESS_KEY and RSX_SECRET_KEY (the development keys are "
                               "for loopback only)");
        }
        given.access_key = development_access_key;
        given.secret_key = development_secret_key;
    }
    return given;
}

outcome<std::unique_ptr<s3_link>> s3_link::open(const s3_settings& settings) {
    return std::make_unique<asio_link>(settings);
}

failure explain(const s3_settings& where, const s3_request& request, const s3_reply& reply) {
    const s3::remote_error told = s3::parse_error(reply.body);
    failure made;
    made.code = code_of_status(reply.status);
    made.what = request.method + ' ' + printable(request.url()) + " at " + where.endpoint + ": " +
                std::to_string(reply.status);
    std::string code = told.code;
    if (code.empty() && reply.status == 404)
        code = request.key.empty() ? "NoSuchBucket" : "NoSuchKey";
    if (!code.empty()) made.what += ' ' + printable(code);
    if (!told.message.empty()) made.what += ": " + printable(told.message);
    if (const std::string advice = advice_for(code, reply.status); !advice.empty()) {
        made.what += " (" + advice + ')';
    }
    if (!told.request_id.empty()) made.what += " [request " + printable(told.request_id) + ']';
    return made;
}

failure explain(const s3_settings& where, const s3_request& request, const rsx::error& why) {
    failure made;
    made.code = exit_code_of(why.code);
    if (why.code == rsx::errc::cancelled) return {exit_code::failed, "interrupted"};
    if (why.code == rsx::errc::unknown_outcome || why.code == rsx::errc::corrupt) {
        made.code = exit_code::unavailable;
    }
    made.what = request.method + ' ' + printable(request.url()) + ": cannot talk to " +
                where.endpoint + ": " + to_string(why);
    if (why.code == rsx::errc::unavailable) {
        made.what += " (is it running? --endpoint or RSX_ENDPOINT names another)";
    }
    return made;
}

}  // namespace rsx_cli
