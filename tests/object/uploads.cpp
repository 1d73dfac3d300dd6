// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "world.hpp"

#include <rsx/object/collector.hpp>

using test::bytes_from;
using test::mood;
using test::world;
namespace object = rsx::object;

namespace {

constexpr std::size_t part_min = 5u << 20;

rsx::result<object::part_info> put_part(world& w, const std::string& id, unsigned number,
                                        std::string body, std::string key = "key") {
    test::text_source source{std::move(body)};
    test::md5_digester sums;
    return w.run(w.engine().put_part("b", key, id, number, {}, source, sums));
}

rsx::result<object::info> complete(world& w, const std::string& id,
                                   std::vector<object::completed_part> parts,
                                   object::complete_options how = {}) {
    test::md5_composer sums;
    return w.run(w.engine().complete("b", "key", id, std::move(parts), std::move(how), sums));
}

object::completed_part named(const object::part_info& part) {
    object::completed_part out;
    out.number = part.number;
    out.etag = part.etag;
    return out;
}

std::string begin_upload(world& w, object::upload_options how = {}) {
    const auto made = w.run(w.engine().create_upload("b", "key", std::move(how)));
    REQUIRE(made);
    return made->id;
}

}  // namespace

TEST_CASE("an upload in parts becomes their concatenation") {
    world w;
    w.make_bucket();
    object::upload_options how;
    how.headers.content_type = "video/mp4";
    const auto id = begin_upload(w, how);
    const auto one = bytes_from(1, part_min + 123);
    const auto two = bytes_from(2, part_min);
    const auto three = bytes_from(3, 77);
    const auto p3 = put_part(w, id, 30, three);
    const auto p1 = put_part(w, id, 1, one);
    const auto p2 = put_part(w, id, 7, two);
    REQUIRE((p1 && p2 && p3));
    CHECK(p1->etag == test::md5_text(one));
    const auto listed = w.run(w.engine().list_parts("b", "key", id, 1, 1));
    REQUIRE(listed);
    REQUIRE(listed->parts.size() == 1);
    CHECK(listed->parts[0].number == 7);
    CHECK(listed->truncated);
    CHECK(listed->next == 7);

    const auto done = complete(w, id, {named(*p1), named(*p2), named(*p3)});
    INFO(test::said(done));
    REQUIRE(done);
    CHECK(done->etag.ends_with("-3"));
    CHECK(done->headers.content_type == "video/mp4");
    const auto whole = one + two + three;
    CHECK((*w.get("b", "key") == whole));
    const auto range =
        w.get("b", "key", std::pair{one.size() - 10, std::uint64_t{two.size() + 20}});
    CHECK((*range == whole.substr(one.size() - 10, two.size() + 20)));
    for (auto& store : w.stores) store->be(mood::well);
    w.stores[0]->be(mood::dead);
    w.stores[5]->be(mood::dead);
    CHECK((*w.get("b", "key") == whole));

    auto reader = w.run(w.engine().get("b", "key"));
    REQUIRE(reader);
    REQUIRE((*reader)->parts().size() == 3);
    CHECK((*reader)->parts()[1].number == 7);
    CHECK((*reader)->parts()[1].offset == one.size());
    reader->reset();

    // Asked again, the answer is the same; asked for something else, there is no such upload.
    const auto again = complete(w, id, {named(*p1), named(*p2), named(*p3)});
    REQUIRE(again);
    CHECK(again->etag == done->etag);
    CHECK(complete(w, id, {named(*p1)}).error() == object::no_such_upload);
    CHECK(put_part(w, id, 2, "x").error() == object::no_such_upload);
}

TEST_CASE("what cannot be completed is refused, and the upload stays open") {
    world w;
    w.make_bucket();
    const auto id = begin_upload(w);
    const auto small = put_part(w, id, 1, "small");
    const auto last = put_part(w, id, 2, "last");
    REQUIRE((small && last));
    CHECK(complete(w, id, {}).error() == object::invalid_part);
    CHECK(complete(w, id, {named(*last), named(*small)}).error() == object::invalid_part_order);
    CHECK(complete(w, id, {named(*small), named(*small)}).error() == object::invalid_part_order);
    CHECK(complete(w, id, {named(*small), named(*last)}).error() == object::entity_too_small);
    auto wrong = named(*last);
    wrong.etag = "00000000000000000000000000000000";
    CHECK(complete(w, id, {wrong}).error() == object::invalid_part);
    auto absent = named(*last);
    absent.number = 3;
    CHECK(complete(w, id, {absent}).error() == object::invalid_part);
    object::complete_options none;
    none.condition.if_none_match = {"*"};
    REQUIRE(w.put("b", "key", "in the way"));
    CHECK(complete(w, id, {named(*last)}, none).error() == object::precondition_failed);
    object::complete_options length;
    length.length = 5;
    CHECK(complete(w, id, {named(*last)}, length).error() == object::incomplete_body);
    CHECK(*w.get("b", "key") == "in the way");
    REQUIRE(complete(w, id, {named(*last)}));
    CHECK(*w.get("b", "key") == "last");
    CHECK(put_part(w, id, 0, "x").error() == object::invalid_part_number);
    CHECK(put_part(w, id, 10'001, "x").error() == object::invalid_part_number);
    CHECK(put_part(w, "nonsense", 1, "x").error() == object::no_such_upload);
}

TEST_CASE("a part written again replaces the first, whose shards are collected") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto id = begin_upload(w);
    REQUIRE(put_part(w, id, 1, "first"));
    const auto second = put_part(w, id, 1, "second");
    REQUIRE(second);
    CHECK(w.rows_of('g').size() == 1);
    REQUIRE(complete(w, id, {named(*second)}));
    object::collector collector{w.engine().state()};
    REQUIRE(w.run(collector.pass()));
    REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == 6);
    CHECK(w.rows_of('g').empty());
    CHECK(w.rows_of('p').empty());
    CHECK(w.rows_of('z').empty());
    CHECK(*w.get("b", "key") == "second");
}

TEST_CASE("an abandoned upload leaves nothing behind") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto id = begin_upload(w);
    for (unsigned n = 1; n <= 5; ++n) REQUIRE(put_part(w, id, n, bytes_from(n, 1000)));
    REQUIRE(w.run(w.engine().abort("b", "key", id)));
    CHECK(w.run(w.engine().abort("b", "key", id)).error() == object::no_such_upload);
    CHECK(w.run(w.engine().list_parts("b", "key", id, 0, 10)).error() == object::no_such_upload);
    object::collector collector{w.engine().state()};
    REQUIRE(w.run(collector.pass()));
    REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == 0);
    for (const char kind : {'u', 'p', 'g', 'z'}) CHECK(w.rows_of(kind).empty());
}

TEST_CASE("unused parts of a completed upload are collected, used ones are not") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto id = begin_upload(w);
    REQUIRE(put_part(w, id, 1, "unused"));
    const auto used = put_part(w, id, 2, "used");
    REQUIRE(put_part(w, id, 3, "unused too"));
    REQUIRE(complete(w, id, {named(*used)}));
    object::collector collector{w.engine().state()};
    for (int i = 0; i < 3; ++i) REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == 6);
    CHECK(*w.get("b", "key") == "used");
    // And when the object goes, so do they.
    REQUIRE(w.run(w.engine().remove("b", "key")));
    REQUIRE(w.run(collector.pass()));
    CHECK(w.shards() == 0);
}

TEST_CASE("a layout too long for its row stands in rows of its own, and goes with its object") {
    world w;
    w.first->keep_renewed();
    w.make_bucket();
    const auto id = begin_upload(w);
    std::vector<object::completed_part> parts;
    std::string whole;
    for (unsigned n = 1; n <= 5; ++n) {
        auto body = bytes_from(n, part_min);
        const auto part = put_part(w, id, n, body);
        REQUIRE(part);
        parts.push_back(named(*part));
        whole += body;
    }
    // Long enough for `y` rows: the inline bound is a few kilobytes, a part takes some 150 bytes.
    for (unsigned n = 6; n <= 30; ++n) {
        const auto part = put_part(w, id, n, bytes_from(n, n < 30 ? part_min : 10));
        REQUIRE(part);
        parts.push_back(named(*part));
        whole += bytes_from(n, n < 30 ? part_min : 10);
    }
    REQUIRE(complete(w, id, parts));
    CHECK(!w.rows_of('y').empty());
    CHECK(w.rows_of('r').size() == 1);
    CHECK((*w.get("b", "key") == whole));
    auto reader = w.run(w.engine().get("b", "key"));
    REQUIRE(reader);
    CHECK((*reader)->parts().size() == 30);
    reader->reset();
    REQUIRE(w.put("b", "key", "small again"));
    object::collector collector{w.engine().state()};
    for (int i = 0; i < 2; ++i) REQUIRE(w.run(collector.pass()));
    for (const char kind : {'y', 'r', 'g', 'z', 'p', 'u'}) CHECK(w.rows_of(kind).empty());
    CHECK(w.shards() == 6);
}

TEST_CASE("of two completions, or one and an abort, exactly one happens") {
    const int rival = GENERATE(0, 1);
    for (int delay = 0; delay < 12; ++delay) {
        world w;
        w.make_bucket();
        auto second = w.add_process();
        const auto id = begin_upload(w);
        const auto part = put_part(w, id, 1, "one part");
        REQUIRE(part);
        bool won = false;
        bool ended = false;
        test::md5_composer sums;
        const auto start = [&] {
            const auto note = [&](bool good) {
                won = good;
                ended = true;
            };
            rsx::env here{&w.loop, {}, rsx::nanos::max()};
            if (rival == 0)
                rsx::spawn(here, second->engine->abort("b", "key", id),
                           [note](rsx::status done) { note(done.has_value()); });
            else
                rsx::spawn(here, second->engine->complete("b", "key", id, {named(*part)}, {}, sums),
                           [note](rsx::result<object::info> done) { note(done.has_value()); });
        };
        // Start the rival in the middle of ours, a few jobs later each time.
        std::optional<rsx::result<object::info>> ours;
        test::md5_composer mine;
        rsx::spawn(rsx::env{&w.loop, {}, rsx::nanos::max()},
                   w.engine().complete("b", "key", id, {named(*part)}, {}, mine),
                   [&](rsx::result<object::info> done) { ours = std::move(done); });
        for (int i = 0; i < delay; ++i) (void)w.loop.step();
        start();
        while ((!ours || !ended) && w.loop.step()) {
        }
        REQUIRE(ours.has_value());
        CAPTURE(rival, delay, test::said(*ours), won);
        const auto back = w.get("b", "key");
        if (rival == 0) {
            CHECK(ours->has_value() != won);
            CHECK(back.has_value() == ours->has_value());
        } else {
            CHECK((ours->has_value() || won));
            REQUIRE(back);
            CHECK(*back == "one part");
        }
        CHECK(w.rows_of('u').empty());
    }
}

TEST_CASE("a lock whose holder died is taken over by a part and by a completion") {
    world w;
    w.make_bucket();
    const auto id = begin_upload(w);
    const auto lock = [&] {
        auto row = w.rows_of('u').at(0);
        auto value = *rsx::meta::rows::decode<rsx::meta::rows::upload>(row.value);
        value.locked = 4711;
        rsx::meta::commit_request request;
        request.changes.push_back({row.key, rsx::meta::rows::encode(value)});
        REQUIRE(w.run(w.meta.commit(std::move(request))));
    };
    lock();
    const auto part = put_part(w, id, 1, "x");
    REQUIRE(part);
    lock();
    REQUIRE(complete(w, id, {named(*part)}));
}

TEST_CASE("uploads are listed in the order of keys and times, in pages") {
    world w;
    w.make_bucket();
    std::vector<std::pair<std::string, std::string>> all;
    for (const std::string key : {"a", "a", "b/1", "b/2", "c"}) {
        const auto made = w.run(w.engine().create_upload("b", key, {}));
        REQUIRE(made);
        all.emplace_back(key, made->id);
        w.wall.offset_ms += 10;
    }
    std::vector<std::pair<std::string, std::string>> seen;
    object::uploads_request what;
    what.max_uploads = 1;
    for (;;) {
        const auto page = w.run(w.engine().list_uploads("b", what));
        REQUIRE(page);
        for (const auto& one : page->uploads) seen.emplace_back(one.key, one.id);
        if (!page->truncated) break;
        what.after_key = page->next_key;
        what.after_upload = page->next_upload;
    }
    CHECK(seen == all);
    object::uploads_request grouped;
    grouped.delimiter = "/";
    const auto page = w.run(w.engine().list_uploads("b", grouped));
    REQUIRE(page);
    CHECK(page->uploads.size() == 3);
    CHECK(page->common_prefixes == std::vector<std::string>{"b/"});
}

TEST_CASE("copies carry bytes and headers, or new headers, or a part") {
    world w;
    w.make_bucket();
    object::put_options how;
    how.headers.content_type = "text/plain";
    const auto body = bytes_from(1, 300'000);
    const auto stored = w.put("b", "from", body, how);
    REQUIRE(stored);
    object::copy_source from;
    from.bucket = "b";
    from.key = "from";
    test::md5_digester sums;
    const auto copied = w.run(w.engine().copy(from, "b", "to", {}, sums));
    REQUIRE(copied);
    CHECK(copied->etag == stored->etag);
    CHECK(w.run(w.engine().head("b", "to"))->headers.content_type == "text/plain");
    CHECK((*w.get("b", "to") == body));
    object::copy_options replaced;
    replaced.replace.emplace().content_type = "image/png";
    REQUIRE(w.run(w.engine().copy(from, "b", "from", replaced, sums)));  // onto itself
    CHECK(w.run(w.engine().head("b", "from"))->headers.content_type == "image/png");
    CHECK((*w.get("b", "from") == body));
    from.condition.if_none_match = {stored->etag};
    CHECK(w.run(w.engine().copy(from, "b", "to", {}, sums)).error() == object::precondition_failed);
    from.condition = {};

    const auto id = begin_upload(w);
    const auto part = w.run(w.engine().copy_part(
        from, std::pair{std::uint64_t{1000}, std::uint64_t{200'000}}, "b", "key", id, 1, sums));
    REQUIRE(part);
    REQUIRE(complete(w, id, {named(*part)}));
    CHECK((*w.get("b", "key") == body.substr(1000, 200'000)));
    from.key = "nothing";
    CHECK(w.run(w.engine().copy(from, "b", "to", {}, sums)).error() == object::no_such_key);
}
