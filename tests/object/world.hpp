// SPDX-License-Identifier: Apache-2.0

// A small world for the engine: virtual time, metadata and shard nodes in memory, a session, and
// bodies made of a seed.
#pragma once

#include <rsx/digest/openssl.hpp>
#include <rsx/meta/memory.hpp>
#include <rsx/meta/sweeper.hpp>
#include <rsx/object/engine.hpp>
#include <rsx/sim/loop.hpp>

#include "faulty.hpp"

namespace test {

using namespace std::chrono_literals;
namespace object = rsx::object;

class hand_clock final : public rsx::wall_clock {
public:
    explicit hand_clock(const rsx::loop& by) : by_{by} {}
    std::int64_t now_ms() const override {
        return 1'700'000'000'000 + offset_ms +
               std::chrono::duration_cast<std::chrono::milliseconds>(by_.now()).count();
    }
    std::int64_t offset_ms{0};

private:
    const rsx::loop& by_;
};

inline std::string bytes_from(std::uint64_t seed, std::size_t size) {
    std::string out(size, '\0');
    rsx::seeded_entropy random{seed};
    random.fill({reinterpret_cast<std::byte*>(out.data()), out.size()});
    return out;
}

class text_source final : public object::source {
public:
    explicit text_source(std::string text, std::size_t bite = ~std::size_t{0})
        : text_{std::move(text)}, bite_{bite} {}
    rsx::task<rsx::result<std::size_t>> read(rsx::byte_span out) override {
        if (fail_at && at_ >= *fail_at) co_return rsx::fail(rsx::errc::io, "the client has gone");
        if (pause > rsx::nanos{0}) {
            rsx::step sleeping = rsx::sleep_for(pause);
            const auto slept = co_await sleeping;
            if (!slept) co_return std::unexpected(slept.error());
        }
        std::size_t n = std::min({out.size(), text_.size() - at_, bite_});
        if (fail_at) n = std::min(n, *fail_at - at_);
        if (n > 0) std::memcpy(out.data(), text_.data() + at_, n);
        at_ += n;
        co_return n;
    }
    std::optional<std::size_t> fail_at{};
    rsx::nanos pause{0};

private:
    std::string text_;
    std::size_t bite_;
    std::size_t at_{0};
};

class md5_digester final : public object::digester {
public:
    void update(rsx::byte_view bytes) override { sum_.update(bytes); }
    rsx::result<object::digests> finish() override {
        object::digests out;
        out.md5 = sum_.finish();
        if (refuse) return std::unexpected(object::bad_digest);
        return out;
    }
    bool refuse{false};

private:
    rsx::digest::md5 sum_;
};

class md5_composer final : public object::composer {
public:
    rsx::result<object::digests> compose(const std::vector<object::part_info>& parts) override {
        rsx::digest::md5 sum;
        for (const auto& part : parts) sum.update(part.md5);
        object::digests out;
        out.md5 = sum.finish();
        if (refuse) return std::unexpected(object::bad_checksum);
        return out;
    }
    bool refuse{false};
};

// One process: a session and an engine, on metadata and nodes that others may share.
struct process {
    process(rsx::sim::virtual_loop& l, rsx::meta::any_store& meta, object::fleet& nodes,
            rsx::wall_clock& wall, object::options how, std::uint64_t seed)
        : loop{l}, random{seed} {
        auto opened =
            loop.run(rsx::meta::session::open(meta, wall, random, rsx::meta::session_options{}));
        RSX_ASSERT(opened.has_value());
        session = std::move(*opened);
        engine = std::make_unique<object::engine>(
            object::ground{*session, nodes, policy, pool, wall, random, log, metrics}, how);
    }
    ~process() {
        (void)loop.run(engine->drain());
        engine.reset();
        renewing.request_stop();
        while (renews && loop.step()) {
        }
    }
    // Renews the lease in the background, as barriers need it.
    void keep_renewed() {
        renews = true;
        rsx::spawn(rsx::env{&loop, renewing.get_token(), rsx::nanos::max()},
                   session->keep_renewed(), [this](rsx::status) { renews = false; });
    }

    rsx::sim::virtual_loop& loop;
    rsx::seeded_entropy random;
    rsx::placement::any_policy policy{rsx::placement::rendezvous{}};
    rsx::inline_pool pool;
    rsx::log::silent_sink log;
    rsx::metrics::registry metrics;
    std::stop_source renewing;
    bool renews{false};
    std::unique_ptr<rsx::meta::session> session;
    std::unique_ptr<object::engine> engine;
};

struct world {
    explicit world(unsigned nodes_count = 6, object::code code = {4, 2}, std::uint64_t seed = 1)
        : seed_{seed} {
        how.code = code;
        for (unsigned i = 0; i < nodes_count; ++i) {
            stores.push_back(
                std::make_unique<faulty_store>(rsx::holder{.node = i, .incarnation = 1}));
            nodes.add(*stores.back());
        }
        first = add_process();
    }

    std::unique_ptr<process> add_process() {
        auto made = std::make_unique<process>(loop, meta, nodes, wall, how, ++seed_);
        made->engine->use(view());
        return made;
    }
    rsx::placement::view view() const {
        rsx::placement::view now{.epoch = 1, .members = {}};
        for (const auto& store : stores) {
            rsx::placement::member one;
            one.who = store->holder();
            one.domain = "host-" + std::to_string(one.who.node);
            now.members.push_back(std::move(one));
        }
        return now;
    }

    object::engine& engine() { return *first->engine; }
    template <class T>
    T run(rsx::task<T> work) {
        return loop.run(std::move(work));
    }

    rsx::result<object::info> put(std::string bucket, std::string key, std::string body,
                                  object::put_options options = {}) {
        return put_by(*first, std::move(bucket), std::move(key), std::move(body),
                      std::move(options));
    }
    rsx::result<object::info> put_by(process& by, std::string bucket, std::string key,
                                     std::string body, object::put_options options = {}) {
        text_source source{std::move(body)};
        md5_digester sums;
        return loop.run(
            by.engine->put(std::move(bucket), std::move(key), std::move(options), source, sums));
    }
    rsx::result<std::string> get(
        std::string bucket, std::string key,
        std::optional<std::pair<std::uint64_t, std::uint64_t>> range = {}) {
        return loop.run(read_all(engine(), std::move(bucket), std::move(key), range));
    }
    static rsx::task<rsx::result<std::string>> read_all(
        object::engine& from, std::string bucket, std::string key,
        std::optional<std::pair<std::uint64_t, std::uint64_t>> range) {
        auto opening = from.get(std::move(bucket), std::move(key));
        auto reader = co_await opening;
        if (!reader) co_return std::unexpected(reader.error());
        if (range) {
            const auto chosen = (*reader)->select(range->first, range->second);
            if (!chosen) co_return std::unexpected(chosen.error());
        }
        std::string out;
        for (;;) {
            auto next = (*reader)->next();
            auto piece = co_await next;
            if (!piece) co_return std::unexpected(piece.error());
            if (piece->empty()) break;
            out += rsx::text_of(piece->view());
        }
        co_return out;
    }

    // A bucket named b, and its number.
    std::uint64_t make_bucket(std::string name = "b") {
        const auto made = run(engine().create_bucket(std::move(name), {.owner = "o"}));
        RSX_ASSERT(made.has_value());
        return made->number;
    }
    std::size_t shards() {
        std::size_t sum = 0;
        for (auto& store : stores) sum += run(store->status())->shards;
        return sum;
    }
    // Rows of one kind, as the store has them.
    std::vector<rsx::meta::row> rows_of(char kind) {
        std::vector<rsx::meta::row> out;
        const std::string from(1, kind);
        const std::string to(1, static_cast<char>(kind + 1));
        rsx::meta::scan_limits all;
        all.rows = 1'000'000;
        all.bytes = ~std::size_t{0};
        (void)rows.rows().scan(rsx::meta::range{from, to}, all, out);
        return out;
    }
    void all_be(mood m) {
        for (auto& store : stores) store->be(m);
    }

    rsx::sim::virtual_loop loop;
    hand_clock wall{loop};
    rsx::meta::memory_store rows{loop};
    rsx::meta::any_store meta{rsx::meta::any_store::refer(rows)};
    object::options how;
    std::vector<std::unique_ptr<faulty_store>> stores;
    object::fleet nodes;
    std::unique_ptr<process> first;

private:
    std::uint64_t seed_;
};

inline constexpr std::size_t cell = 64 * 1024;

template <class T>
std::string said(const rsx::result<T>& what) {
    return what ? "success" : rsx::to_string(what.error());
}

inline std::string md5_text(const std::string& body) {
    return rsx::hex(rsx::digest::md5_of(rsx::bytes_of(body)));
}

}  // namespace test
