// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include "catch.hpp"

namespace {

constexpr const char* whole = R"([cluster]
name = "demo"
code = "6+3"
listen = "127.0.0.1:9100"
region = "eu-north-1"
domains = ["s3.example.com"]
[meta]
store = "rocksdb"
path = "names"
[[nodes]]
id = 0
address = "127.0.0.1:9200"
path = "node-0"
domain = "rack-a/host-1"
[[nodes]]
id = 1
address = "[::1]:9201"
path = "/disks/1"
[tls]
ca = "ca.pem"
cert = "node.pem"
key = "node.key"
[[auth]]
access_key = "alice"
secret_key = "s3cr3t"
user_id = "u1"
display_name = "Alice"
[[auth]]
access_key = "bob"
secret_key = "hush"
)";

std::string complaint(std::string_view text) {
    const auto parsed = rsxd::parse_config(text, "/etc/rsx/cluster.toml");
    REQUIRE_FALSE(parsed.has_value());
    return parsed.error();
}

}  // namespace

TEST_CASE("every key of cluster.toml arrives where it belongs") {
    const auto parsed = rsxd::parse_config(whole, "/etc/rsx/cluster.toml");
    REQUIRE(parsed.has_value());
    CHECK(parsed->name == "demo");
    CHECK(parsed->code == rsxd::code_shape{6, 3});
    CHECK(parsed->listen == rsxd::endpoint{"127.0.0.1", 9100});
    CHECK(parsed->region == "eu-north-1");
    CHECK(parsed->domains == std::vector<std::string>{"s3.example.com"});
    CHECK(parsed->meta_path == "/etc/rsx/names");
    REQUIRE(parsed->nodes.size() == 2);
    CHECK(parsed->nodes[0].path == "/etc/rsx/node-0");
    CHECK(parsed->nodes[0].domain == "rack-a/host-1");
    CHECK(parsed->nodes[1].path == "/disks/1");
    CHECK(parsed->nodes[1].address == rsxd::endpoint{"::1", 9201});
    REQUIRE(parsed->tls.has_value());
    CHECK(parsed->tls->key == "/etc/rsx/node.key");
    REQUIRE(parsed->auth.size() == 2);
    CHECK(parsed->auth[0].display_name == "Alice");
    CHECK(parsed->auth[1].user_id == "bob");
}

TEST_CASE("an unknown key is refused by name and line") {
    CHECK(complaint("[cluster]\nnmae = \"x\"\n") ==
          "cluster.toml:2: [cluster] nmae is not a key this build knows");
    CHECK(complaint("[clutser]\n") == "cluster.toml:1: clutser is not a key this build knows");
}

TEST_CASE("a reserved key is refused as not yet") {
    CHECK(complaint("[[nodes]]\nid = 1\npath = \"a\"\nweight = 2\n").find("reserved") !=
          std::string::npos);
    CHECK(complaint("[heal]\n").find("reserved") != std::string::npos);
}

TEST_CASE("a value of the wrong kind is refused by name") {
    CHECK(complaint("[cluster]\ncode = \"4-2\"\n") ==
          "cluster.toml:2: [cluster] code must look like \"4+2\", not \"4-2\"");
    CHECK(complaint("[cluster]\ncode = 4\n") ==
          "cluster.toml:2: [cluster] code must be a text in quotes");
    CHECK(complaint("[cluster]\nlisten = \"nowhere\"\n").find("listen") != std::string::npos);
    CHECK(complaint("[[nodes]]\nid = -1\npath = \"a\"\n").find("id") != std::string::npos);
    CHECK(complaint("[[nodes]]\npath = \"a\"\n") == "cluster.toml: [[nodes]] id is missing");
    CHECK(complaint("[cluster\n").starts_with("cluster.toml:1: "));
}

TEST_CASE("two nodes of one id and two keys of one name are refused") {
    CHECK(complaint("[[nodes]]\nid=1\npath=\"a\"\n[[nodes]]\nid=1\npath=\"b\"\n").find("twice") !=
          std::string::npos);
    CHECK(complaint("[[auth]]\naccess_key=\"a\"\nsecret_key=\"b\"\n"
                    "[[auth]]\naccess_key=\"a\"\nsecret_key=\"c\"\n")
              .find("twice") != std::string::npos);
}

TEST_CASE("a metadata store this build does not have is refused by name") {
    CHECK(complaint("[meta]\nstore = \"etcd\"\n").find("\"etcd\" is not here") !=
          std::string::npos);
}

TEST_CASE("loopback is known when seen") {
    CHECK(rsxd::is_loopback("127.0.0.1"));
    CHECK(rsxd::is_loopback("127.9.9.9"));
    CHECK(rsxd::is_loopback("::1"));
    CHECK_FALSE(rsxd::is_loopback("0.0.0.0"));
    CHECK_FALSE(rsxd::is_loopback("10.0.0.1"));
}

TEST_CASE("a code has at least one data shard and at most 255 in all") {
    CHECK(rsxd::parse_code("1+0").has_value());
    CHECK_FALSE(rsxd::parse_code("0+2").has_value());
    CHECK_FALSE(rsxd::parse_code("250+6").has_value());
    CHECK_FALSE(rsxd::parse_code("4+").has_value());
    CHECK_FALSE(rsxd::parse_code("").has_value());
}
