// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/limits.hpp>
#include <rsx/meta/ids.hpp>
#include <rsx/meta/key_parts.hpp>
#include <rsx/meta/key_range.hpp>

#include "catch.hpp"

#include <algorithm>
#include <set>

namespace key = rsx::meta::key;
using rsx::errc;
using rsx::object_id;
using rsx::meta::kind;
using rsx::meta::range;

namespace {

std::string hexed(const std::string& text) { return rsx::hex(rsx::bytes_of(text)); }

bool in(const range& r, const std::string& k) { return r.from <= k && (r.to.empty() || k < r.to); }

constexpr object_id some_id{.incarnation = 7, .counter = 41};

// Keys that would break a careless encoding: NULs, FFs, ones, prefixes of each other.
std::vector<std::string> hostile_keys(rsx::entropy& random, std::size_t count) {
    const std::string alphabet{"\0\1\2ab/\xfe\xff", 8};
    std::set<std::string> made{"a", std::string{"a\0", 2}, std::string{"a\1", 2}, "ab", "b"};
    while (made.size() < count) {
        std::string one;
        const auto size = random.below(8);
        for (std::uint64_t i = 0; i <= size; ++i) one += alphabet[random.below(alphabet.size())];
        made.insert(one);
    }
    return {made.begin(), made.end()};
}

}  // namespace

TEST_CASE("every kind of key has the bytes it always had") {
    using std::string_literals::operator""s;
    CHECK(key::bucket("photos") == "Bphotos");
    CHECK(key::owned_bucket("me", "photos") == "Ome\0photos"s);
    CHECK(hexed(key::configuration(1, rsx::meta::configuration::cors)) == "43000000000000000103");
    CHECK(hexed(key::object(0x0102, "a")) == "6f000000000000010261");
    CHECK(hexed(key::marker(1, "a\0"s)) ==
          "760000000000000001"
          "6100ff"
          "0001"
          "00");
    CHECK(hexed(key::version(1, "a", 2)) ==
          "760000000000000001"
          "61"
          "0001"
          "01"
          "fffffffffffffffd");
    CHECK(hexed(key::upload(1, "a", 5, some_id)) ==
          "750000000000000001"
          "61"
          "0001"
          "0000000000000005"
          "00000000000000070000000000000029");
    const std::string id = "00000000000000070000000000000029";
    const std::string spread = "4d";
    CHECK(hexed(key::part(some_id, 3)) == "70" + spread + id + "0003");
    CHECK(hexed(key::finished(some_id)) == "77" + spread + id);
    CHECK(hexed(key::layout(some_id, 1)) == "79" + spread + id + "0001");
    CHECK(hexed(key::layout_root(some_id)) == "72" + spread + id);
    CHECK(hexed(key::attributes(some_id)) == "65" + spread + id);
    CHECK(hexed(key::garbage(some_id, some_id)) == "67" + spread + id + id);
    CHECK(hexed(key::cleanup(some_id)) == "7a" + spread + id);
    CHECK(hexed(key::ticket(some_id)) == "74" + spread + id);
    CHECK(hexed(key::session(9)) == "530000000000000009");
    CHECK(hexed(key::slot(9, 63)) == "7300000000000000093f");
    CHECK(hexed(key::node(4)) == "6e00000004");
    CHECK(hexed(key::epoch(1)) == "4500000001");
    CHECK(key::cursor(rsx::meta::job::scrub, "n1") == "h\1n1");
    CHECK(hexed(key::usage(1, 0)) == "6300000000000000010000000000000000");
    CHECK(key::access_key("AK") == "KAK");
    CHECK(key::user("u") == "Uu");
    CHECK(key::group("g") == "Gg");
    CHECK(key::policy("p") == "Pp");
    CHECK(key::counter("inc") == "Minc");
}

TEST_CASE("keys sort as S3 sorts them, whatever bytes they have, and come back unharmed") {
    const auto seed = GENERATE(1u, 2u, 3u);
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    const auto keys = hostile_keys(random, 400);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        CAPTURE(rsx::hex(rsx::bytes_of(keys[i])));
        REQUIRE(key::parse_object(key::object(5, keys[i])) == key::object_name{5, keys[i]});
        REQUIRE(key::parse_version(key::marker(5, keys[i])) ==
                key::version_name{5, keys[i], std::nullopt});
        REQUIRE(key::parse_version(key::version(5, keys[i], 9)) ==
                key::version_name{5, keys[i], 9});
        REQUIRE(key::parse_upload(key::upload(5, keys[i], 8, some_id)) ==
                key::upload_name{5, keys[i], 8, some_id});
        if (i == 0) continue;  // keys[i - 1] < keys[i]
        REQUIRE(key::object(5, keys[i - 1]) < key::object(5, keys[i]));
        REQUIRE(key::version(5, keys[i - 1], 0) < key::marker(5, keys[i]));
        REQUIRE(key::upload(5, keys[i - 1], ~0ull, some_id) < key::upload(5, keys[i], 0, some_id));
    }
}

TEST_CASE("a prefix's range holds exactly the keys that begin with it") {
    rsx::seeded_entropy random{11};
    const auto keys = hostile_keys(random, 150);
    for (const auto& prefix : keys) {
        const range objects = key::objects_of(5, prefix);
        const range versions = key::versions_of(5, prefix);
        const range uploads = key::uploads_of(5, prefix);
        for (const auto& k : keys) {
            CAPTURE(rsx::hex(rsx::bytes_of(prefix)), rsx::hex(rsx::bytes_of(k)));
            const bool begins = k.starts_with(prefix);
            REQUIRE(in(objects, key::object(5, k)) == begins);
            REQUIRE(in(versions, key::marker(5, k)) == begins);
            REQUIRE(in(versions, key::version(5, k, 3)) == begins);
            REQUIRE(in(uploads, key::upload(5, k, 3, some_id)) == begins);
        }
        CHECK_FALSE(in(objects, key::object(6, prefix)));
        CHECK_FALSE(in(versions, key::version(4, prefix, 1)));
    }
}

TEST_CASE("a range goes on exactly behind what was shown") {
    rsx::seeded_entropy random{12};
    const auto keys = hostile_keys(random, 100);
    for (const auto& after : keys) {
        const range objects = key::objects_of(5, {}, after);
        const range from = key::objects_of(5, {}, {}, after);
        const range versions = key::versions_of(5, {}, after);
        const range versions_from = key::versions_of(5, {}, {}, after);
        const range uploads = key::uploads_after(5, {}, after);
        const range rest = key::versions_after(5, {}, after, 7);
        for (const auto& k : keys) {
            CAPTURE(rsx::hex(rsx::bytes_of(after)), rsx::hex(rsx::bytes_of(k)));
            REQUIRE(in(objects, key::object(5, k)) == (k > after));
            REQUIRE(in(from, key::object(5, k)) == (k >= after));
            REQUIRE(in(versions, key::marker(5, k)) == (k > after));
            REQUIRE(in(versions, key::version(5, k, 0)) == (k > after));
            REQUIRE(in(versions_from, key::marker(5, k)) == (k >= after));
            REQUIRE(in(uploads, key::upload(5, k, ~0ull, some_id)) == (k > after));
            REQUIRE(in(rest, key::version(5, k, 8)) == (k > after));
            REQUIRE(in(rest, key::version(5, k, 7)) == (k > after));
            REQUIRE(in(rest, key::version(5, k, 6)) == (k >= after));
        }
    }
}

TEST_CASE("all rows of one key are together: the marker, then the newest first") {
    const range all = key::versions_of_key(5, "k");
    CHECK(in(all, key::marker(5, "k")));
    CHECK(in(all, key::version(5, "k", 1)));
    CHECK_FALSE(in(all, key::marker(5, std::string{"k\0", 2})));
    CHECK(key::marker(5, "k") < key::version(5, "k", ~0ull));
    CHECK(key::version(5, "k", 9) < key::version(5, "k", 8));
    const range older = key::noncurrent_of_key(5, "k", 8);
    CHECK_FALSE(in(older, key::version(5, "k", 8)));
    CHECK(in(older, key::version(5, "k", 7)));
    CHECK_FALSE(in(key::noncurrent_of_key(5, "k"), key::marker(5, "k")));
}

TEST_CASE("a common prefix is skipped by one seek, and drops its trailing FFs") {
    CHECK(rsx::meta::successor("a/") == "a0");
    CHECK(rsx::meta::successor("a\xff\xff") == "b");
    CHECK(rsx::meta::successor("\xff").empty());
    const range next = key::objects_of(5, {}, {}, rsx::meta::successor("a/"));
    CHECK_FALSE(in(next, key::object(5, "a/\xff\xff")));
    CHECK(in(next, key::object(5, "a0")));
}

TEST_CASE("parts, layouts and garbage of one id stand side by side in one spread") {
    const auto spread = key::builder::spread(some_id);
    CHECK(in(key::parts_of(some_id), key::part(some_id, 1)));
    CHECK(in(key::parts_of(some_id), key::part(some_id, 10'000)));
    CHECK_FALSE(in(key::parts_of(some_id, 5), key::part(some_id, 5)));
    CHECK(in(key::parts_of(some_id, 5), key::part(some_id, 6)));
    CHECK(in(key::layouts_of(some_id), key::layout(some_id, 65'535)));
    CHECK(in(key::garbage_of(some_id), key::garbage(some_id, some_id)));
    CHECK(in(key::spread_of(kind::garbage, spread), key::garbage(some_id, some_id)));
    CHECK_FALSE(in(key::spread_of(kind::garbage, static_cast<std::uint8_t>(spread + 1)),
                   key::garbage(some_id, some_id)));
    CHECK(in(key::spread_of(kind::ticket, 0xff), std::string{"t\xff\xff\xff"}));
}

TEST_CASE("a range stays within one partition: kind and bucket, or kind and spread") {
    const std::string strange{"k\0\xff", 3};
    const auto within = [](const range& r, std::size_t partition) {
        const std::string start = r.from.substr(0, partition);
        return start.size() == partition && !r.to.empty() && r.to <= rsx::meta::successor(start);
    };
    CHECK(within(key::objects_of(5), 9));
    CHECK(within(key::objects_of(5, strange, strange, strange), 9));
    CHECK(within(key::objects_of(5, {}, {}, "\xff\xff"), 9));
    CHECK(within(key::versions_of(5, strange, strange), 9));
    CHECK(within(key::versions_of_key(5, strange), 9));
    CHECK(within(key::noncurrent_of_key(5, strange, 3), 9));
    CHECK(within(key::versions_after(5, strange, strange, 1), 9));
    CHECK(within(key::uploads_of(5, strange), 9));
    CHECK(within(key::uploads_after(5, {}, strange, 1, some_id), 9));
    CHECK(within(key::configurations_of(5), 9));
    CHECK(within(key::usage_of(5), 9));
    CHECK(within(key::slots_of(5), 9));
    CHECK(within(key::parts_of(some_id, 7), 2));
    CHECK(within(key::layouts_of(some_id), 2));
    CHECK(within(key::garbage_of(some_id), 2));
    CHECK(within(key::spread_of(kind::cleanup, 255), 2));
    CHECK(within(key::sessions(), 1));
    CHECK(within(key::buckets_of("me"), 1));
}

TEST_CASE("ids are spread evenly") {
    std::array<int, 256> count{};
    for (std::uint64_t i = 0; i < 256 * 100; ++i)
        ++count[key::builder::spread({.incarnation = 3, .counter = i})];
    CHECK(*std::ranges::min_element(count) > 50);
    CHECK(*std::ranges::max_element(count) < 160);
}

TEST_CASE("a key that is cut, lengthened or of another kind is corrupt") {
    const std::vector<std::string> whole{key::object(5, "k"),
                                         key::version(5, "k", 1),
                                         key::upload(5, "k", 1, some_id),
                                         key::part(some_id, 1),
                                         key::layout(some_id, 1),
                                         key::garbage(some_id, some_id),
                                         key::owned_bucket("me", "b"),
                                         key::session(1),
                                         key::slot(1, 1),
                                         key::node(1),
                                         key::usage(1, 1),
                                         key::ticket(some_id),
                                         key::configuration(5, rsx::meta::configuration::acl),
                                         key::epoch(1)};
    const auto parses = [](const std::string& k) {
        int good = 0;
        good += key::parse_object(k).has_value() && k.size() > 9;
        good += key::parse_version(k).has_value();
        good += key::parse_upload(k).has_value();
        good += key::parse_part(k).has_value();
        good += key::parse_layout(k).has_value();
        good += key::parse_garbage(k).has_value();
        good += key::parse_owned_bucket(k).has_value() && k.size() > 4;
        good += key::parse_session(k).has_value();
        good += key::parse_slot(k).has_value();
        good += key::parse_node(k).has_value();
        good += key::parse_usage(k).has_value();
        good += key::parse_id(k, kind::ticket).has_value();
        good += key::parse_configuration(k).has_value();
        good += key::parse_epoch(k).has_value();
        return good;
    };
    for (const auto& k : whole) {
        CAPTURE(rsx::hex(rsx::bytes_of(k)));
        CHECK(parses(k) == 1);
        CHECK(parses(k.substr(0, k.size() - 1)) == 0);
        if (k.front() != 'o' && k.front() != 'O') CHECK(parses(k + "x") == 0);
        CHECK(parses("?" + k.substr(1)) == 0);
    }
    CHECK(parses("") == 0);
    CHECK(key::parse_object("").error().code == errc::corrupt);
}

TEST_CASE("a row under the wrong spread is corrupt: it would never be found") {
    std::string moved = key::ticket(some_id);
    moved[1] = static_cast<char>(moved[1] + 1);
    CHECK(key::parse_id(moved, kind::ticket).error().code == errc::corrupt);
}

TEST_CASE("the longest key that S3 allows fits its row") {
    const std::string worst(1024, '\0');
    CHECK(key::upload(1, worst, 0, some_id).size() == rsx::limits::row_key_bytes_max);
    CHECK(key::version(1, worst, 0).size() == 1 + 8 + 2048 + 2 + 1 + 8);
    CHECK(key::version(1, worst, 0).size() <= rsx::limits::row_key_bytes_max);
}

TEST_CASE("version and upload ids are opaque text that leads back to the row") {
    rsx::meta::version_id version{.seq = rsx::meta::seq_max};
    for (std::size_t i = 0; i < version.nonce.size(); ++i)
        version.nonce[i] = static_cast<std::byte>(i);
    CHECK(to_string(version) == "________AAECAwQFBgcICQoL");
    CHECK(rsx::meta::parse_version_id(to_string(version)) == version);
    const rsx::meta::upload_id upload{.initiated_ms = 1, .id = some_id};
    CHECK(to_string(upload) == "AAAAAAAAAAEAAAAAAAAABwAAAAAAAAAp");
    CHECK(rsx::meta::parse_upload_id(to_string(upload)) == upload);
    CHECK(rsx::meta::parse_version_id("null").error().code == errc::invalid);
    CHECK(rsx::meta::parse_version_id("________AAECAwQFBgcICQo=").error().code == errc::invalid);
    CHECK(rsx::meta::parse_upload_id("x").error().code == errc::invalid);
    CHECK(rsx::meta::parse_upload_id(std::string(32, '!')).error().code == errc::invalid);
}
