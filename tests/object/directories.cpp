// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

#include <rsx/core/thread_loop.hpp>
#include <rsx/disk/posix.hpp>
#include <rsx/shard/any.hpp>
#include <rsx/shard/directory.hpp>

#include <cstdlib>
#include <filesystem>

namespace object = rsx::object;
namespace fs = std::filesystem;

namespace {

class scratch {
public:
    scratch() {
        std::string name = (fs::temp_directory_path() / "rsx-object-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

rsx::task<rsx::result<rsx::object::info>> put_text(object::engine& into, std::string key,
                                                   std::string body) {
    test::text_source source{std::move(body)};
    test::md5_digester sums;
    object::put_options how;
    auto putting = into.put("b", std::move(key), how, source, sums);
    co_return co_await putting;
}

}  // namespace

TEST_CASE("six directories and real threads: what was put comes back without any two of them") {
    const scratch folder;
    rsx::thread_loop loop;
    rsx::thread_pool threads{4};
    object::fleet nodes;
    std::vector<std::unique_ptr<rsx::shard::any_store>> stores;
    rsx::placement::view view{.epoch = 1, .members = {}};
    for (std::uint32_t n = 0; n < 6; ++n) {
        const auto path = folder.path() / ("node-" + std::to_string(n));
        fs::create_directory(path);
        auto files = rsx::disk::posix_files::open_root(path.string());
        REQUIRE(files);
        rsx::shard::directory_identity who;
        who.holder = {.node = n, .incarnation = 1};
        REQUIRE(rsx::shard::directory_identity::create(**files, who));
        auto store = rsx::shard::directory::open(std::move(*files), threads, who.holder);
        REQUIRE(store);
        stores.push_back(rsx::shard::wrap(std::move(*store)));
        nodes.add(*stores.back());
        rsx::placement::member member;
        member.who = who.holder;
        member.domain = "host-" + std::to_string(n);
        view.members.push_back(std::move(member));
    }
    rsx::meta::memory_store rows{loop};
    auto meta = rsx::meta::any_store::refer(rows);
    rsx::seeded_entropy random{1};
    rsx::placement::any_policy policy{rsx::placement::ring{}};
    rsx::log::silent_sink log;
    rsx::metrics::registry metrics;
    const rsx::meta::session_options lease{};
    auto session =
        loop.run(rsx::meta::session::open(meta, rsx::system_wall_clock(), random, lease));
    REQUIRE(session);
    object::engine engine{
        {**session, nodes, policy, threads, rsx::system_wall_clock(), random, log, metrics}, {}};
    engine.use(view);
    REQUIRE(loop.run(engine.create_bucket("b", {.owner = "o"})));
    std::map<std::string, std::string> objects;
    for (const std::size_t size : {0u, 1u, 4097u, 300'000u, 3u << 20}) {
        const auto key = "size/" + std::to_string(size);
        objects[key] = test::bytes_from(size, size);
        const auto stored = loop.run(put_text(engine, key, objects[key]));
        INFO(test::said(stored));
        REQUIRE(stored);
        CHECK(stored->etag == test::md5_text(objects[key]));
    }
    for (const std::uint32_t lost : {1u, 4u})
        fs::remove_all(folder.path() / ("node-" + std::to_string(lost)) / "shards");
    for (const auto& [key, body] : objects) {
        CAPTURE(key);
        const auto back = loop.run(test::world::read_all(engine, "b", key, {}));
        INFO(test::said(back));
        REQUIRE(back);
        CHECK((*back == body));
    }
    REQUIRE(loop.run(engine.drain()));
}
