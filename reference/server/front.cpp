// SPDX-License-Identifier: Apache-2.0
#include "front.hpp"

#include <rsx/core/gather.hpp>
#include <rsx/gateway.hpp>
#include <rsx/meta/session.hpp>
#include <rsx/meta/sweeper.hpp>
#include <rsx/net/asio_loop.hpp>
#include <rsx/net/http_server.hpp>
#include <rsx/object.hpp>
#include <rsx/object/collector.hpp>
#include <rsx/object/healer.hpp>
#include <rsx/placement.hpp>

#include <array>
#include <future>
#include <thread>

namespace rsxd {

using namespace std::chrono_literals;
namespace log = rsx::log;

namespace {

constexpr auto stop_grace = 20s;
constexpr auto watch_every = 500ms;
constexpr auto collect_every = 30s;
constexpr auto heal_every = 1s;

constexpr std::array<std::string_view, 5> node_states{"ok", "near_full", "full", "fenced", "away"};

std::string_view state_name(rsx::shard::state state, bool reached) {
    if (state == rsx::shard::state::fenced) return "fenced";
    if (!reached) return "away";
    if (state == rsx::shard::state::near_full) return "near_full";
    return state == rsx::shard::state::full ? "full" : "ok";
}

std::string health_json(const shared_ground& on) {
    const auto all = static_cast<unsigned>(on.cluster.nodes.size());
    const unsigned up = on.nodes_up.load();
    std::string out = "{\"status\":\"";
    out += up == all ? "ok" : "degraded";
    out += "\",\"cluster\":\"" + rsx::shard::to_string(on.cluster.cluster);
    out += "\",\"epoch\":" + std::to_string(on.cluster.epoch);
    out += ",\"nodes\":" + std::to_string(all) + ",\"nodes_up\":" + std::to_string(up);
    out += ",\"repair_queue\":" + std::to_string(on.repair_queue.load());
    out += ",\"metadata\":\"one copy\"}\n";
    return out;
}

}  // namespace

struct front::inside {
    inside(shared_ground& g, front_options o) : on{g}, how{std::move(o)} {}

    shared_ground& on;
    front_options how;
    rsx::net::asio_loop loop{};
    std::thread thread{};
    std::promise<std::expected<std::uint16_t, std::string>> up{};
    bool stopped{false};

    // On the loop's thread only.
    std::unique_ptr<node_links> links{};
    std::unique_ptr<rsx::meta::session> session{};
    rsx::object::fleet fleet{};
    std::optional<rsx::placement::any_policy> policy{};
    std::optional<rsx::object::engine> engine{};
    std::optional<rsx::object::collector> collector{};
    std::optional<rsx::object::healer> healer{};
    std::optional<rsx::gateway::service> gateway{};
    std::optional<rsx::net::http::server> web{};
    std::stop_source chores{};  // renewing, watching, collecting
    rsx::news chores_ended{};
    unsigned chores_running{0};

    [[nodiscard]] log::line line(log::level severity, std::string_view event) const {
        log::line made{severity, event};
        made.with("front", how.index);
        return made;
    }

    // A task that runs until the front stops, or for as long as it is let.
    void chore(rsx::step work, std::string_view what) {
        ++chores_running;
        rsx::spawn(
            rsx::env{&loop, chores.get_token()}, std::move(work),
            [this, what = std::string{what}](const rsx::status& end) {
                if (!end && end.error().code != rsx::errc::cancelled)
                    line(log::level::error, what + " ended").with("error", end.error()).to(on.log);
                --chores_running;
                chores_ended.announce();
            });
    }

    [[nodiscard]] rsx::placement::view view_of(const std::vector<rsx::shard::status>& states,
                                               const std::vector<bool>& reached) const {
        rsx::placement::view now;
        now.epoch = on.cluster.epoch;
        for (std::size_t i = 0; i < on.cluster.nodes.size(); ++i) {
            const layout_node& node = on.cluster.nodes[i];
            rsx::placement::member one;
            one.who = node.who;
            one.domain = node.domain;
            one.up = reached[i];
            one.accepts = states[i].state == rsx::shard::state::ok ||
                          states[i].state == rsx::shard::state::near_full;
            if (reached[i]) one.free = states[i].free;
            now.members.push_back(std::move(one));
        }
        return now;
    }

    static rsx::task<rsx::result<rsx::shard::status>> ask(rsx::shard::any_store* store) {
        auto asking = store->status();
        auto limited = rsx::within(1s, std::move(asking));
        co_return co_await limited;
    }

    // Looks at every node once.
    rsx::step look() {
        const std::size_t count = on.cluster.nodes.size();
        std::vector<rsx::shard::status> states(count);
        std::vector<bool> reached(count, false);
        std::vector<rsx::task<rsx::result<rsx::shard::status>>> asking;
        std::vector<std::size_t> whose;
        for (std::size_t i = 0; i < count; ++i) {
            rsx::shard::any_store* store = fleet.find(on.cluster.nodes[i].who);
            if (store == nullptr) continue;
            asking.push_back(ask(store));
            whose.push_back(i);
        }
        auto all = rsx::gather(std::move(asking));
        auto answers = co_await all;
        unsigned up_now = 0;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (!answers[i]) continue;
            states[whose[i]] = *answers[i];
            const bool good = answers[i]->state != rsx::shard::state::fenced;
            reached[whose[i]] = good;
            up_now += good ? 1 : 0;
        }
        engine->use(view_of(states, reached));
        if (how.index == 0) tell(states, reached, up_now);
        co_return rsx::status{};
    }

    void tell(const std::vector<rsx::shard::status>& states, const std::vector<bool>& reached,
              unsigned up_now) {
        on.nodes_up.store(up_now);
        on.metrics.gauge("rsx_epoch", "Epoch of the layout").set(on.cluster.epoch);
        for (std::size_t i = 0; i < reached.size(); ++i) {
            const std::string node = std::to_string(on.cluster.nodes[i].who.node);
            const std::string_view now = state_name(states[i].state, reached[i]);
            for (const std::string_view state : node_states)
                on.metrics
                    .gauge("rsx_node_state", "1 for the state a node is in",
                           {{"node", node}, {"state", state}})
                    .set(state == now ? 1 : 0);
            if (!reached[i]) continue;
            on.metrics.gauge("rsx_node_free_bytes", "Free space of a node", {{"node", node}})
                .set(static_cast<std::int64_t>(states[i].free));
            on.metrics.gauge("rsx_node_shards", "Shards of a node", {{"node", node}})
                .set(static_cast<std::int64_t>(states[i].shards));
        }
    }

    rsx::step watch() {
        for (;;) {
            auto slept = co_await rsx::sleep_for(watch_every);
            if (!slept) co_return slept;
            auto looked = co_await look();
            if (!looked) co_return looked;
        }
    }

    rsx::step renew() {
        auto end = co_await session->keep_renewed();
        // A fenced session may not commit ever again: this process must go.
        if (!end && end.error().code != rsx::errc::cancelled) {
            line(log::level::error, "the session is fenced; ending").to(on.log);
            std::raise(SIGTERM);
        }
        co_return end;
    }

    rsx::step sweep() {
        rsx::meta::sweeper sweeper{*session};
        for (;;) {
            auto slept = co_await rsx::sleep_for(10s);
            if (!slept) co_return slept;
            auto swept = co_await sweeper.dead();
            if (!swept && swept.error().code == rsx::errc::cancelled)
                co_return std::unexpected(swept.error());
            if (!swept)
                line(log::level::warn, "sweeping failed").with("error", swept.error()).to(on.log);
        }
    }

    // Everything from nothing to a listening server.
    rsx::task<rsx::result<std::uint16_t>> come_up() {
        rsx::meta::session_options lease;
        lease.address = how.listen.host + ":" + std::to_string(how.listen.port);
        auto opened = co_await rsx::meta::session::open(on.meta, rsx::system_wall_clock(),
                                                        rsx::system_entropy(), lease);
        if (!opened) co_return std::unexpected(opened.error());
        session = std::move(*opened);
        links = on.links(loop, session->incarnation());
        for (rsx::shard::any_store* store : links->stores()) fleet.add(*store);
        if (how.index == 0) {  // the store is ours alone: whoever had it before is gone
            rsx::meta::sweeper sweeper{*session};
            auto swept = co_await sweeper.all_older();
            if (!swept) co_return std::unexpected(swept.error());
        }
        auto named = rsx::placement::policy_named("ring");
        if (!named) co_return std::unexpected(named.error());
        policy.emplace(std::move(*named));
        rsx::object::options objects;
        objects.code = {on.settings.code.data, on.settings.code.parity};
        objects.region = on.settings.region;
        rsx::object::ground beneath{*session,
                                    fleet,
                                    *policy,
                                    on.threads,
                                    rsx::system_wall_clock(),
                                    rsx::system_entropy(),
                                    on.log,
                                    on.metrics};
        engine.emplace(beneath, objects);
        auto looked = co_await look();
        if (!looked) co_return std::unexpected(looked.error());
        chore(renew(), "renewing the lease");
        chore(watch(), "watching the nodes");
        if (how.index == 0) {
            chore(sweep(), "sweeping sessions");
            collector.emplace(engine->state());
            healer.emplace(engine->state(), [&shared = on](std::size_t layouts) {
                shared.repair_queue.store(layouts);
            });
            chore(collector->run(collect_every), "collecting garbage");
            chore(healer->run(heal_every), "healing");
        }
        co_return serve();
    }

    rsx::result<std::uint16_t> serve() {
        rsx::s3::credential_lookup lookup =
            [&all = on.settings.auth](
                std::string_view access_key) -> std::optional<rsx::s3::credential> {
            for (const credential& each : all) {
                if (each.access_key != access_key) continue;
                rsx::s3::credential found;
                found.who = {each.access_key, each.user_id, each.display_name};
                found.secret_key = each.secret_key;
                return found;
            }
            return std::nullopt;
        };
        rsx::gateway::ground beneath{
            *engine, std::move(lookup), rsx::system_wall_clock(), rsx::system_entropy(),
            on.log,  on.metrics};
        rsx::gateway::options s3;
        s3.domains = on.settings.domains;
        s3.region = on.settings.region;
        s3.health = [&shared = on] {
            rsx::gateway::health_report report;
            report.json = health_json(shared);
            return report;
        };
        gateway.emplace(std::move(beneath), std::move(s3));
        rsx::net::http::server_options web_options;
        web_options.address = how.listen.host == "localhost" ? "127.0.0.1" : how.listen.host;
        web_options.port = how.listen.port;
        web_options.reuse_port = how.share_port;
        web.emplace(loop, std::move(web_options), gateway->handler());
        return web->listen();
    }

    rsx::step go_down() {
        if (web) {
            auto ended = co_await web->stop(stop_grace);
            if (!ended)
                line(log::level::warn, "requests were cut").with("error", ended.error()).to(on.log);
        }
        chores.request_stop();
        while (chores_running > 0) {
            auto news = co_await chores_ended.next();
            if (!news) break;
        }
        if (engine) {
            auto drained = co_await engine->drain();
            if (!drained)
                line(log::level::warn, "not drained").with("error", drained.error()).to(on.log);
        }
        if (session) {
            auto closed = co_await session->close();
            if (!closed)
                line(log::level::warn, "lease not given back")
                    .with("error", closed.error())
                    .to(on.log);
        }
        if (links) {
            auto closed = co_await links->close();
            if (!closed)
                line(log::level::warn, "links not closed").with("error", closed.error()).to(on.log);
        }
        co_return rsx::status{};
    }
};

front::front(shared_ground& on, front_options how)
    : in_{std::make_unique<inside>(on, std::move(how))} {}

front::~front() { stop(); }

std::expected<std::uint16_t, std::string> front::start() {
    inside& in = *in_;
    auto answered = in.up.get_future();
    in.thread = std::thread{[&in] {
        rsx::spawn(rsx::env{&in.loop}, in.come_up(), [&in](const rsx::result<std::uint16_t>& up) {
            if (up) {
                in.up.set_value(*up);
            } else {
                in.up.set_value(std::unexpected(rsx::to_string(up.error())));
            }
        });
        in.loop.run();
    }};
    return answered.get();
}

void front::stop() {
    inside& in = *in_;
    if (in.stopped || !in.thread.joinable()) return;
    in.stopped = true;
    in.loop.post([&in] {
        rsx::spawn(rsx::env{&in.loop}, in.go_down(), [&in](const rsx::status&) { in.loop.stop(); });
    });
    in.thread.join();
    // What ran on the loop goes before the loop does, in the order it was made backwards.
    in.web.reset();
    in.gateway.reset();
    in.healer.reset();
    in.collector.reset();
    in.engine.reset();
    in.session.reset();
    in.links.reset();
}

}  // namespace rsxd
