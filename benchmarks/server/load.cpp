// SPDX-License-Identifier: Apache-2.0

// A load of S3 requests on a server that is there already: put, then get, sizes and connections as
// asked, several rounds each; prints a line of JSON a measurement.
//
//     RSX_ACCESS_KEY=... RSX_SECRET_KEY=... s3_load --port 9000 --sizes 4096,65536
//         --connections 1,32 --seconds 3 --rounds 3
//
// What is counted: answers of status 200 whose body was sent or read whole, from the first request
// to the last answer of a round. Bodies are one random buffer; PUTs carry UNSIGNED-PAYLOAD and no
// checksum, so that the client costs as little as it can. One thread: its own share of the machine
// is part of what is measured.

#include <rsx/core/gather.hpp>
#include <rsx/core/slice.hpp>
#include <rsx/net/asio_loop.hpp>
#include <rsx/net/http_client.hpp>
#include <rsx/s3/sign.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace {

namespace net = rsx::net;
using rsx::result;
using rsx::status;
using rsx::step;
using rsx::task;

struct settings {
    std::string host{"127.0.0.1"};
    std::uint16_t port{9000};
    std::vector<std::size_t> sizes{4096, 65536, 1 << 20, 64 << 20};
    std::vector<unsigned> connections{1, 32};
    double seconds{3};
    unsigned rounds{3};
    std::string bucket{"benchmark"};
    std::string label{"rsx"};
};

struct tally {
    std::uint64_t answers{0};
    std::uint64_t failures{0};
    std::vector<double> latencies_ms{};
};

class load {
public:
    load(net::asio_loop& loop, settings how, unsigned connections)
        : how_{std::move(how)}, client_{loop, options(how_, connections)}, signer_{credential()} {}

    step make_bucket() {
        rsx::slice none;
        auto answer = co_await send("PUT", "/" + how_.bucket, none);
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->status() != 200) co_return rsx::fail(rsx::errc::invalid, "no bucket was made");
        auto rest = co_await answer->read_all();
        if (!rest) co_return std::unexpected(rest.error());
        co_return status{};
    }

    // One connection's work until the time is over.
    step work(bool putting, unsigned which, rsx::slice body, std::uint64_t keys, rsx::nanos end,
              tally& into) {
        const rsx::env& here = co_await rsx::this_env{};
        rsx::buffer room = rsx::buffer::uninitialized(1 << 20);
        for (std::uint64_t n = 0; here.where->now() < end; ++n) {
            const rsx::nanos began = here.where->now();
            std::string path = "/" + how_.bucket + "/" + std::to_string(body.size()) + "/" +
                               std::to_string(which) + "/" + std::to_string(n % keys);
            auto one = request(putting, std::move(path), body, room);
            auto done = co_await one;
            if (!done) {
                ++into.failures;
                continue;
            }
            ++into.answers;
            if (putting) put_[which] = std::max(put_[which], n + 1);
            const std::chrono::duration<double, std::milli> took = here.where->now() - began;
            into.latencies_ms.push_back(took.count());
        }
        co_return status{};
    }

    // How many keys every connection has put: what GETs may ask for.
    [[nodiscard]] std::uint64_t fewest_put(unsigned connections, std::uint64_t most) const {
        std::uint64_t fewest = most;
        for (unsigned i = 0; i < connections; ++i) {
            const auto found = put_.find(i);
            fewest = std::min(fewest, found == put_.end() ? 0 : found->second);
        }
        return std::max<std::uint64_t>(1, fewest);
    }

private:
    static net::http::client_options options(const settings& how, unsigned connections) {
        net::http::client_options made;
        made.host = how.host;
        made.port = how.port;
        made.connections_max = connections;
        return made;
    }
    static rsx::s3::signing_credential credential() {
        const char* access = std::getenv("RSX_ACCESS_KEY");
        const char* secret = std::getenv("RSX_SECRET_KEY");
        return {access != nullptr ? access : "rsxdev", secret != nullptr ? secret : "rsxdevsecret",
                "us-east-1"};
    }

    task<result<net::http::response>> send(std::string method, std::string path, rsx::slice body) {
        rsx::s3::outgoing out{std::move(method), std::move(path), {}, {}};
        out.headers.add("Host", how_.host + ":" + std::to_string(how_.port));
        signer_.sign(out, "UNSIGNED-PAYLOAD", rsx::system_wall_clock().now_ms());
        net::http::request_head head;
        head.method = out.method;
        head.target = rsx::s3::target_of(out);
        for (const auto& field : out.headers)
            if (!net::http::same_name(field.name, "host"))
                head.fields.push_back({field.name, field.value});
        if (head.method == "GET") {
            auto asking = client_.request(std::move(head));
            co_return co_await asking;
        }
        auto sending = client_.request(std::move(head), std::move(body));
        co_return co_await sending;
    }

    step request(bool putting, std::string path, rsx::slice body, rsx::buffer& room) {
        std::string method = "GET";
        if (putting) method = "PUT";
        auto sending = send(std::move(method), std::move(path), body);
        auto answer = co_await sending;
        if (!answer) co_return std::unexpected(answer.error());
        std::size_t got = 0;
        for (;;) {
            auto more = co_await answer->read(room.span());
            if (!more) co_return std::unexpected(more.error());
            if (*more == 0) break;
            got += *more;
        }
        const std::size_t wanted = putting ? 0 : body.size();
        if (answer->status() != 200 || (!putting && got != wanted))
            co_return rsx::fail(rsx::errc::invalid, "not the answer that was wanted",
                                answer->status());
        co_return status{};
    }

    settings how_;
    net::http::client client_;
    rsx::s3::signer signer_;
    std::map<unsigned, std::uint64_t> put_{};
};

task<result<tally>> round_of(load& with, bool putting, rsx::slice body, unsigned connections,
                             std::uint64_t keys, double seconds) {
    const rsx::env& here = co_await rsx::this_env{};
    const auto end = here.where->now() +
                     std::chrono::duration_cast<rsx::nanos>(std::chrono::duration<double>(seconds));
    std::vector<tally> each(connections);
    std::vector<step> workers;
    for (unsigned i = 0; i < connections; ++i)
        workers.push_back(with.work(putting, i, body, keys, end, each[i]));
    auto all = rsx::gather(std::move(workers));
    (void)co_await all;
    tally whole;
    for (tally& one : each) {
        whole.answers += one.answers;
        whole.failures += one.failures;
        whole.latencies_ms.insert(whole.latencies_ms.end(), one.latencies_ms.begin(),
                                  one.latencies_ms.end());
    }
    std::ranges::sort(whole.latencies_ms);
    co_return whole;
}

double percentile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    return sorted[std::min(sorted.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

bool measure(net::asio_loop& loop, const settings& how, std::size_t size, unsigned connections) {
    load with{loop, how, connections};
    rsx::buffer bytes = rsx::buffer::uninitialized(size);
    rsx::seeded_entropy{size}.fill(bytes.span());
    const rsx::slice body{std::move(bytes)};
    if (auto made = loop.run(with.make_bucket()); !made) {
        std::fprintf(stderr, "s3_load: %s\n", rsx::to_string(made.error()).c_str());
        return false;
    }
    const std::uint64_t keys =
        std::max<std::uint64_t>(1, (std::uint64_t{256} << 20) / size / connections);
    std::uint64_t there =
        std::min<std::uint64_t>(keys, 200);  // a connection's keys, of 0, 1, 2, ...
    for (const bool putting : {true, false}) {
        for (unsigned round = 0; round < how.rounds; ++round) {
            const auto began = loop.now();
            auto seen = loop.run(round_of(with, putting, body, connections, there, how.seconds));
            const std::chrono::duration<double> took = loop.now() - began;
            const double rate = static_cast<double>(seen->answers) / took.count();
            std::printf(
                "{\"contender\":\"%s\",\"op\":\"%s\",\"bytes\":%zu,\"connections\":%u,"
                "\"round\":%u,\"ops\":%.1f,\"mb\":%.1f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
                "\"failures\":%llu}\n",
                how.label.c_str(), putting ? "put" : "get", size, connections, round, rate,
                rate * static_cast<double>(size) / 1e6, percentile(seen->latencies_ms, 0.5),
                percentile(seen->latencies_ms, 0.99),
                static_cast<unsigned long long>(seen->failures));
            std::fflush(stdout);
        }
        if (putting) there = with.fewest_put(connections, there);
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    settings how;
    CLI::App app{"s3_load: puts and gets objects and prints what it measured", "s3_load"};
    app.add_option("--host", how.host, "address of the server");
    app.add_option("--port", how.port, "its port");
    app.add_option("--sizes", how.sizes, "object sizes in bytes")->delimiter(',');
    app.add_option("--connections", how.connections, "connections at once")->delimiter(',');
    app.add_option("--seconds", how.seconds, "of one round");
    app.add_option("--rounds", how.rounds, "of each measurement");
    app.add_option("--bucket", how.bucket, "made if it is not there");
    app.add_option("--label", how.label, "name of the server in the output");
    CLI11_PARSE(app, argc, argv);
    net::asio_loop loop;
    for (const std::size_t size : how.sizes)
        for (const unsigned connections : how.connections)
            if (!measure(loop, how, size, connections)) return 1;
    return 0;
}
