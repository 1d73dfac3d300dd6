// SPDX-License-Identifier: Apache-2.0

// rsx cluster: init, replace, certs, status.
#include "catch.hpp"
#include "run.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Four nodes, 2+1, on ports nobody has.
struct cluster {
    workbench bench{};
    std::uint16_t port{0};
    std::string config{bench.file("c/cluster.toml")};
    cluster() {
        do port = free_port();
        while (port > 60'000);
        const ran made =
            run("init", {"--nodes", "4", "--code", "2+1", "--port", std::to_string(port)});
        INFO(made.err);
        REQUIRE(made.code == 0);
    }
    [[nodiscard]] ran run(const std::string& what, const words& more = {}) const {
        words line{"cluster", what, "--config", config};
        line.insert(line.end(), more.begin(), more.end());
        return bench.rsx(line);
    }
    [[nodiscard]] std::string identity(unsigned node) const {
        return bench.read("c/node-" + std::to_string(node) + "/rsx-identity");
    }
};

}  // namespace

TEST_CASE("init lays a cluster out once and never again") {
    const cluster made;
    CHECK(made.bench.names("c") ==
          words{"cluster.toml", "meta", "node-0", "node-1", "node-2", "node-3"});
    const std::string config = made.bench.read("c/cluster.toml");
    const std::string identity = made.identity(2);
    CHECK(has(identity, "node 2\nincarnation 1\n"));
    const ran again = made.run("init");
    CHECK(again.code == 1);
    CHECK(has(again.err, "already"));
    CHECK(made.run("init", {"--nodes", "9"}).code == 2);
    CHECK(made.bench.read("c/cluster.toml") == config);
    CHECK(made.identity(2) == identity);

    // Without its metadata the folders still belong to somebody.
    fs::remove_all(made.bench.file("c/meta"));
    const ran stolen = made.run("init");
    CHECK(stolen.code == 1);
    CHECK(has(stolen.err, "needs an empty folder"));
    CHECK(made.identity(2) == identity);
}

TEST_CASE("an init that fails half way takes its identities back") {
    const workbench bench;
    bench.write("cluster.toml",
                "[cluster]\ncode = \"1+1\"\n"
                "[[nodes]]\nid = 0\naddress = \"127.0.0.1:9100\"\npath = \"n0\"\n"
                "[[nodes]]\nid = 1\naddress = \"127.0.0.1:9101\"\npath = \"file/n1\"\n");
    bench.write("file", "in the way");
    CHECK(bench.rsx({"cluster", "init", "--config", bench.file("cluster.toml")}).code != 0);
    CHECK_FALSE(bench.exists("n0/rsx-identity"));
}

TEST_CASE("replace gives a lost folder the next incarnation, a folder in use stays") {
    const cluster made;
    const ran in_use = made.run("replace", {"--node", "1"});
    CHECK(in_use.code == 1);
    CHECK(has(in_use.err, "needs an empty folder"));
    fs::remove_all(made.bench.file("c/node-1"));
    for (const char* incarnation : {"incarnation 2", "incarnation 3"}) {
        const ran replaced = made.run("replace", {"--node", "1"});
        CHECK(replaced.code == 0);
        CHECK(has(replaced.out, incarnation));
        CHECK(has(made.identity(1), incarnation));
        fs::remove_all(made.bench.file("c/node-1"));
    }
    CHECK(has(made.identity(0), "incarnation 1\n"));
    CHECK(made.run("replace", {"--node", "77"}).code == 3);
}

TEST_CASE("certs makes an authority and a pair a node, keys for their owner only") {
    const cluster made;
    const std::string folder = made.bench.file("certs");
    REQUIRE(made.run("certs", {"--out", folder}).code == 0);
    words expected;
    for (const char* name :
         {"ca", "cluster", "gateway-0", "node-0", "node-1", "node-2", "node-3"}) {
        expected.push_back(std::string{name} + ".key");
        expected.push_back(std::string{name} + ".pem");
    }
    CHECK(made.bench.names("certs") == expected);
    for (const std::string& name : expected) {
        struct stat facts{};
        REQUIRE(::stat((folder + "/" + name).c_str(), &facts) == 0);
        INFO(name);
        CHECK(has(made.bench.read("certs/" + name),
                  name.ends_with(".key") ? "PRIVATE KEY" : "BEGIN CERTIFICATE"));
        if (name.ends_with(".key")) CHECK((facts.st_mode & 0777) == 0600);
    }
    const std::string authority = made.bench.read("certs/ca.pem");
    const std::string kept = made.bench.read("certs/node-0.pem");
    fs::remove(folder + "/node-2.pem");
    fs::remove(folder + "/node-2.key");
    const ran again = made.run("certs", {"--out", folder});
    CHECK(again.code == 0);
    CHECK(has(again.out, "kept"));
    CHECK(made.bench.read("certs/ca.pem") == authority);
    CHECK(made.bench.read("certs/node-0.pem") == kept);
    CHECK(made.bench.names("certs") == expected);
}

TEST_CASE("status of a cluster that is down says so and ends with 6") {
    const cluster made;
    const ran down = made.run("status");
    CHECK(down.code == 6);
    CHECK(has(down.out, "down"));
    CHECK(made.run("status", {"--node", "3", "--quiet"}).out.empty());
    CHECK(made.run("status", {"--node", "9"}).code == 3);
    CHECK(has(made.run("status", {"--json"}).out, "\"up\":false"));
    CHECK(made.bench.rsx({"cluster", "status", "--config", made.bench.file("none")}).code == 3);
}

#ifdef RSXD_PROGRAM
TEST_CASE("status asks a running cluster's nodes and gateway themselves") {
    const cluster made;
    const std::string log = made.bench.file("log");
    const auto node = [&](unsigned n) {
        return words{RSXD_PROGRAM, "--config", made.config,      "--role",
                     "shard",      "--node",   std::to_string(n)};
    };
    const auto comes_up = [&](const words& more) {
        for (int i = 0; i < 150; ++i) {
            if (made.run("status", more).code == 0) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{100});
        }
        return false;
    };
    const background zero{node(0), log};
    const background one{node(1), log};
    const background two{node(2), log};
    background three{node(3), log};
    INFO(made.bench.read("log"));
    REQUIRE(comes_up({"--node", "0"}));
    CHECK(made.run("status").code == 6);  // no gateway yet
    const background gateway{{RSXD_PROGRAM, "--config", made.config, "--role", "gateway"}, log};
    INFO(made.bench.read("log"));
    REQUIRE(comes_up({}));
    const ran all = made.run("status", {"--json"});
    CHECK(has(all.out, "\"incarnation\":1"));
    CHECK(has(all.out, "\"shards\":0"));
    CHECK(has(all.out, "\"health\":{"));

    const ran locked = made.run("replace", {"--node", "3"});
    CHECK(locked.code == 1);
    CHECK(has(locked.err, "another rsxd is running"));

    three.kill_now();
    const ran three_down = made.run("status");
    CHECK(three_down.code == 6);
    CHECK(has(three_down.err, "1 of 4 nodes"));
    CHECK(made.run("status", {"--node", "2", "--quiet"}).code == 0);
    CHECK(made.run("status", {"--node", "3", "--quiet"}).code == 6);
}
#endif
