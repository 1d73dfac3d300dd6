// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

using test::world;
namespace object = rsx::object;

namespace {

// S3's listing as its text says it, on a sorted set.
object::list_page reference_page(const std::set<std::string>& keys,
                                 const object::list_request& what) {
    std::vector<std::pair<std::string, bool>> items;  // name, whether a common prefix
    for (const auto& key : keys) {
        if (!key.starts_with(what.prefix)) continue;
        std::string name = key;
        bool common = false;
        if (!what.delimiter.empty()) {
            const auto at = key.find(what.delimiter, what.prefix.size());
            if (at != std::string::npos) {
                name = key.substr(0, at + what.delimiter.size());
                common = true;
            }
        }
        if (name <= what.after) continue;
        if (items.empty() || items.back() != std::pair{name, common})
            items.emplace_back(name, common);
    }
    object::list_page out;
    out.truncated = items.size() > what.max_keys && what.max_keys > 0;
    if (items.size() > what.max_keys) items.resize(what.max_keys);
    for (const auto& [name, common] : items) {
        if (common) {
            out.common_prefixes.push_back(name);
        } else {
            object::list_entry entry;
            entry.key = name;
            out.entries.push_back(entry);
        }
        out.next = name;
    }
    return out;
}

std::vector<std::string> keys_of(const object::list_page& page) {
    std::vector<std::string> out;
    for (const auto& entry : page.entries) out.push_back(entry.key);
    return out;
}

}  // namespace

TEST_CASE("pages of a listing are those of the reference, for any keys and delimiters") {
    world w;
    w.make_bucket();
    const auto seed = GENERATE(1u, 2u, 3u);
    rsx::seeded_entropy random{seed};
    std::set<std::string> keys;
    const std::string alphabet{"ab/\x01\x00\xff", 6};
    const auto word = [&](std::size_t most) {
        std::string out;
        const auto size = random.below(most + 1);
        for (std::uint64_t i = 0; i < size; ++i) out += alphabet[random.below(alphabet.size())];
        return out;
    };
    for (int i = 0; i < 120; ++i) {
        const auto key = word(6) + 'x';
        keys.insert(key);
        REQUIRE(w.put("b", key, ""));
    }
    for (int i = 0; i < 400; ++i) {
        object::list_request what;
        what.prefix = word(2);
        what.delimiter = random.below(3) == 0 ? "" : word(2);
        what.after = random.below(2) == 0 ? "" : word(4);
        what.max_keys = static_cast<unsigned>(random.below(12));
        CAPTURE(seed, i, what.prefix, what.delimiter, what.after, what.max_keys);
        const auto expected = reference_page(keys, what);
        const auto page = w.run(w.engine().list("b", what));
        REQUIRE(page);
        REQUIRE(keys_of(*page) == keys_of(expected));
        REQUIRE(page->common_prefixes == expected.common_prefixes);
        REQUIRE(page->truncated == expected.truncated);
        if (page->truncated) REQUIRE(page->next == expected.next);
    }
}

TEST_CASE("paging through a listing shows everything once") {
    world w;
    w.make_bucket();
    std::set<std::string> keys;
    for (int i = 0; i < 300; ++i) {
        const auto key = "p" + std::to_string(i % 17) + "/" + std::to_string(i);
        keys.insert(key);
        REQUIRE(w.put("b", key, ""));
    }
    for (const std::string delimiter : {"", "/"}) {
        std::set<std::string> seen;
        object::list_request what;
        what.delimiter = delimiter;
        what.max_keys = 7;
        for (;;) {
            const auto page = w.run(w.engine().list("b", what));
            REQUIRE(page);
            for (const auto& entry : page->entries) CHECK(seen.insert(entry.key).second);
            for (const auto& common : page->common_prefixes) CHECK(seen.insert(common).second);
            if (!page->truncated) break;
            what.after = page->next;
        }
        CHECK(seen.size() == (delimiter.empty() ? 300u : 17u));
    }
}

TEST_CASE("a listing tells what HEAD tells") {
    world w;
    w.make_bucket();
    object::put_options how;
    how.storage_class = "REDUCED_REDUNDANCY";
    const auto stored = w.put("b", "key", "hello", how);
    REQUIRE(stored);
    const auto page = w.run(w.engine().list("b", {}));
    REQUIRE(page);
    REQUIRE(page->entries.size() == 1);
    CHECK(page->entries[0].size == 5);
    CHECK(page->entries[0].etag == stored->etag);
    CHECK(page->entries[0].last_modified_ms == stored->last_modified_ms);
    CHECK(page->entries[0].storage_class == "REDUCED_REDUNDANCY");
    CHECK(page->entries[0].owner == "o");
    CHECK(w.run(w.engine().list("nowhere", {})).error() == object::no_such_bucket);
}

TEST_CASE("many keys are removed at once, and each has its answer") {
    world w;
    w.make_bucket();
    std::vector<std::string> keys;
    for (int i = 0; i < 130; ++i) {
        keys.push_back("k" + std::to_string(i));
        if (i % 2 == 0) REQUIRE(w.put("b", keys.back(), "x"));
    }
    keys.push_back("k0");  // twice
    keys.push_back("");
    const auto gone = w.run(w.engine().remove_many("b", keys));
    REQUIRE(gone);
    REQUIRE(gone->size() == keys.size());
    for (std::size_t i = 0; i < 130; ++i) {
        REQUIRE((*gone)[i]);
        CHECK((*gone)[i]->was_there == (i % 2 == 0));
    }
    CHECK((*gone)[131].error() == object::key_empty);
    CHECK(w.run(w.engine().list("b", {}))->entries.empty());
    CHECK(w.rows_of('g').size() == 65);
    CHECK(w.run(w.engine().remove_many("nowhere", keys)).error() == object::no_such_bucket);
}

TEST_CASE("buckets are made once, listed by owner, and removed only when empty") {
    world w;
    auto& engine = w.engine();
    REQUIRE(w.run(engine.create_bucket("one", {.owner = "alice"})));
    REQUIRE(w.run(engine.create_bucket("two", {.owner = "bob"})));
    CHECK(w.run(engine.create_bucket("one", {.owner = "alice"})).error() ==
          object::bucket_exists_yours);
    CHECK(w.run(engine.create_bucket("one", {.owner = "bob"})).error() ==
          object::bucket_exists_others);
    CHECK(w.run(engine.find_bucket("one"))->owner == "alice");
    CHECK(w.run(engine.find_bucket("three")).error() == object::no_such_bucket);
    const auto listed = w.run(engine.list_buckets("alice"));
    REQUIRE(listed);
    REQUIRE(listed->size() == 1);
    CHECK((*listed)[0].name == "one");

    REQUIRE(w.put("one", "key", "x"));
    const auto refused = w.run(engine.remove_bucket("one"));
    REQUIRE(!refused);
    CHECK(refused.error() == object::bucket_not_empty);
    CHECK(*w.get("one", "key") == "x");
    REQUIRE(w.run(engine.remove("one", "key")));
    CHECK(w.run(engine.remove_bucket("one")));
    CHECK(w.put("one", "key", "x").error() == object::no_such_bucket);

    const auto again = w.run(engine.create_bucket("one", {.owner = "bob"}));
    REQUIRE(again);
    CHECK(again->number == 3);
    CHECK(w.get("one", "key").error() == object::no_such_key);
}

TEST_CASE("a bucket made anew is another bucket, also for a process that knew the old one") {
    world w;
    auto second = w.add_process();
    w.make_bucket();
    REQUIRE(w.put_by(*second, "b", "key", "old"));
    REQUIRE(w.run(w.engine().remove("b", "key")));
    REQUIRE(w.run(w.engine().remove_bucket("b")));
    CHECK(w.put_by(*second, "b", "key", "new").error() == object::no_such_bucket);
    w.make_bucket();
    REQUIRE(w.put_by(*second, "b", "key", "new"));
    CHECK(*w.get("b", "key") == "new");
}

TEST_CASE("a write that races the removal of its bucket is in it or refused, never lost") {
    for (int delay = 0; delay < 30; ++delay) {
        world w;
        w.make_bucket();
        auto second = w.add_process();
        test::text_source source{"x"};
        source.pause = std::chrono::microseconds{delay};
        test::md5_digester sums;
        bool removed = false;
        bool ended = false;
        rsx::spawn(rsx::env{&w.loop, {}, rsx::nanos::max()}, second->engine->remove_bucket("b"),
                   [&](rsx::status done) {
                       removed = done.has_value();
                       ended = true;
                   });
        const auto stored = w.run(w.engine().put("b", "key", {}, source, sums));
        while (!ended && w.loop.step()) {
        }
        CAPTURE(delay, removed, test::said(stored));
        if (stored) {
            CHECK(!removed);
            CHECK(*w.get("b", "key") == "x");
        } else {
            CHECK(removed);
        }
    }
}

TEST_CASE("a bucket whose remover died in between is opened again") {
    world w;
    w.make_bucket();
    auto rows = w.rows_of('B');
    REQUIRE(rows.size() == 1);
    auto value = *rsx::meta::rows::decode<rsx::meta::rows::bucket>(rows[0].value);
    value.closing = rsx::meta::rows::closing{.incarnation = 999, .nonce = 1};
    rsx::meta::commit_request request;
    request.changes.push_back({rows[0].key, rsx::meta::rows::encode(value)});
    REQUIRE(w.run(w.meta.commit(request)));
    REQUIRE(w.put("b", "key", "x"));
    CHECK(*w.get("b", "key") == "x");

    value.closing->incarnation = w.first->session->incarnation();  // alive, and never ends
    REQUIRE(w.run(w.meta.commit([&] {
        rsx::meta::commit_request again;
        again.changes.push_back({rows[0].key, rsx::meta::rows::encode(value)});
        return again;
    }())));
    CHECK(w.put("b", "key", "y").error() == object::operation_aborted);
    CHECK(*w.get("b", "key") == "x");
}
