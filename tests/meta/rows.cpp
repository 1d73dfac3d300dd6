// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/clock.hpp>
#include <rsx/meta/rows.hpp>

#include "catch.hpp"

namespace rows = rsx::meta::rows;
using rsx::errc;
using rsx::object_id;

namespace {

std::string hexed(const std::string& text) { return rsx::hex(rsx::bytes_of(text)); }

template <std::size_t N>
std::array<std::byte, N> counting(unsigned first) {
    std::array<std::byte, N> out;
    for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<std::byte>(first + i);
    return out;
}
std::vector<std::byte> some_bytes(std::initializer_list<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned v : values) out.push_back(static_cast<std::byte>(v));
    return out;
}

constexpr object_id some_id{.incarnation = 7, .counter = 41};

// A run of full chunks over six disks, then a shorter one.
rows::extent six_wide(std::uint32_t chunks, std::uint64_t offset = 0, std::uint32_t disks = 6) {
    rows::extent run{.offset = offset,
                     .bytes = chunks * 1000ull - 1,
                     .chunk_bytes = 1000,
                     .data = 4,
                     .parity = 2,
                     .cell_bytes = 65536,
                     .code = 1,
                     .generator = 3,
                     .hash = 0x1122334455667788,
                     .write = 0x99};
    run.shards.places.resize(std::size_t{chunks} * 6);
    for (std::size_t i = 0; i < run.shards.places.size(); ++i) {
        run.shards.places[i].where = {.node = static_cast<std::uint32_t>(i % disks),
                                      .incarnation = 1};
        run.shards.places[i].hash = 0x0101010101010101u * (i % 200);
    }
    return run;
}

rows::version small_object() {
    rows::version head{};
    head.order = {.seq = 3, .last = 3, .nonce = counting<12>(0x40)};
    head.size = 999;
    head.etag.md5 = counting<16>(0x10);
    head.modified_ms = 1'700'000'000'000;
    head.checksums.push_back(
        {.kind = rows::checksum_kind::crc32, .value = some_bytes({1, 2, 3, 4})});
    head.owner = "me";
    head.attributes.content_type = "text/plain";
    head.attributes.metadata = {{"colour", "teal"}};
    head.layout = some_id;
    head.inlined.emplace().extents.push_back(six_wide(1));
    return head;
}

// A value for every member of every row, so that nothing is forgotten on the way.
template <class T>
void comes_back(const T& row) {
    const std::string value = rows::encode(row);
    CAPTURE(hexed(value));
    const auto back = rows::decode<T>(value);
    REQUIRE(back.has_value());
    CHECK(*back == row);
    CHECK(rows::encode(*back) == value);
    for (std::size_t size = 0; size < value.size(); ++size) {
        const auto cut = rows::decode<T>(std::string_view{value}.substr(0, size));
        CHECK((!cut || !(*cut == row)));
    }
}

}  // namespace

TEST_CASE("one example of each row has the bytes it always had") {
    CHECK(hexed(rows::encode(rows::counter{.value = 7})) == "01010107");
    CHECK(hexed(rows::encode(rows::slot{.n = 2, .aborted = true})) == "01010102030101");
    CHECK(hexed(rows::encode(rows::session{.address = "a:1",
                                           .wall_ms = 258,
                                           .renewal = 1,
                                           .next = 5,
                                           .oldest = 4,
                                           .next_id = 9,
                                           .epoch = 1})) ==
          "010203613a3104020201010101030105050104060109070101");
    CHECK(hexed(rows::encode(rows::bucket{.number = 2,
                                          .owner = "me",
                                          .created_ms = 1,
                                          .region = "eu",
                                          .versioning = rows::versioning::enabled,
                                          .code = "4+2",
                                          .generation = 1})) ==
          "01010102"
          "02026d65"
          "040101"
          "06026575"
          "050101"
          "0903342b32"
          "080101");
    rows::layout_root root{.references = 1, .rows = 2, .bucket = 3, .key = "k"};
    CHECK(hexed(rows::encode(root)) == "0101010103010202010304016b");
    rows::garbage old{.outlined = some_id, .rows = 2, .by = 7, .replaced = "ok"};
    CHECK(hexed(rows::encode(old)) ==
          "01"
          "031000000000000000070000000000000029"
          "050102"
          "020107"
          "09026f6b");
    rows::ticket owed{.bucket = 1, .key = "k", .seq_hint = 3, .spare = 1};
    owed.owed.push_back({.chunk = 2, .index = 5, .kind = rows::owed_kind::corrupt});
    owed.owed_count = 1;
    CHECK(hexed(rows::encode(owed)) ==
          "0102010104016b0601030809020102040105060102"
          "0a0101"
          "0c0101");
}

TEST_CASE("a small object's row has the bytes it always had, about three hundred") {
    const std::string value = rows::encode(small_object());
    CHECK(hexed(value) ==
          "010114010103030103090c404142434445464748494a4b0502e7030710101112131415161718191a"
          "1b1c1d1e1f09060068e5cf8b0104090101010504010203040b026d650819020a746578742f706c61"
          "696e100b06636f6c6f75727465616c156e016c0302e7030502e8030901040b01020d030000010f01"
          "01110103150888776655443322111701991b44060001010102010301040105010600010203040500"
          "00000000000000010101010101010102020202020202020303030303030303040404040404040405"
          "050505050505051b1000000000000000070000000000000029");
    CHECK(value.size() < 330);
}

TEST_CASE("a layout has the bytes it always had") {
    rows::layout all;
    all.extents.push_back(six_wide(1));
    all.extents[0].shards.places[1].state = rows::presence::missing;
    all.extents[0].shards.places[2].state = rows::presence::handed_off;
    all.extents[0].shards.places[2].write = 0x1234;
    all.parts.push_back({.number = 1, .bytes = 999, .etag = {.md5 = counting<16>(0)}});
    CHECK(hexed(rows::encode(all)) ==
          "0101750302e7030502e8030901040b01020d030000010f0101110103150888776655443322111701"
          "991b4d06000101010201030104010501060041820304050000000000000000010101010101010102"
          "02020202020202030303030303030304040404040404040505050505050505023412000000000000"
          "03190101010502e7030210000102030405060708090a0b0c0d0e0f");
}

TEST_CASE("rows come back as they were, and never from a part of their bytes") {
    comes_back(small_object());
    rows::version full = small_object();
    full.order.null = true;
    full.order.null_seq = 2;
    full.marker = true;
    full.etag.parts = 12;
    full.storage_class = "REDUCED_REDUNDANCY";
    full.noncurrent_ms = 5;
    full.attributes.tags = {{"", ""}, {"a", "b"}, {"a", "b"}};
    full.attributes.acl = "x";
    full.attributes_at = some_id;
    full.retention = rows::retention{.mode = rows::lock_mode::compliance, .until_ms = 9};
    full.legal_hold = true;
    full.replication = "COMPLETED";
    full.transform = rows::transform{.crypt = rows::crypt_kind::kms,
                                     .key_id = "k",
                                     .wrapped_key = some_bytes({1}),
                                     .nonce = some_bytes({2}),
                                     .customer_hash = some_bytes({3}),
                                     .compression = "zstd",
                                     .frames = some_bytes({4}),
                                     .stored_bytes = 77};
    full.inlined.reset();
    full.outlined = rows::outline{.layout = some_id, .rows = {{0, 1}, {5000, 3}}, .parts = 4};
    full.upload = object_id{.incarnation = 1, .counter = 2};
    comes_back(full);
    comes_back(rows::bucket{
        .number = 1,
        .closing = rows::closing{.incarnation = 3, .nonce = 4},
        .lock = {.on = true, .mode = rows::lock_mode::governance, .days = 1, .years = 2},
        .encryption = rows::crypt_kind::server,
        .encryption_key = "k",
        .ownership = rows::ownership::object_writer});
    comes_back(rows::owned_bucket{.number = 4, .created_ms = 5, .region = "eu"});
    comes_back(rows::configuration{.document = "<xml/>", .changed_ms = 5});
    rows::upload open{.locked = 3, .layout = some_id, .owner = "o", .initiator = "i"};
    open.checksum = rows::checksum_kind::sha256;
    open.checksum_form = rows::checksum_type::composite;
    open.attributes.content_type = "a/b";
    open.legal_hold = true;
    comes_back(open);
    rows::part part{.object = some_id, .size = 999, .modified_ms = 3};
    part.inlined.emplace().extents.push_back(six_wide(2));
    comes_back(part);
    comes_back(rows::finished{.bucket = 1,
                              .key = "k",
                              .parts_digest = some_bytes({9}),
                              .etag = {.md5 = counting<16>(1), .parts = 2},
                              .version_id = "null",
                              .finished_ms = 8});
    rows::garbage old{.by = 7, .since_ms = 3};
    old.inlined.emplace().extents.push_back(six_wide(2));
    old.copies.push_back({.node = 1, .incarnation = 2, .hash = 3, .object = some_id, .chunk = 4});
    comes_back(old);
    comes_back(rows::cleanup{.kind = rows::cleanup_kind::layout_begun,
                             .id = some_id,
                             .incarnation = 3,
                             .rows = 4,
                             .bucket = 5,
                             .since_ms = 6});
    comes_back(rows::cursor{.position = "p", .done = 1, .found = 2, .began_ms = 3, .rounds = 4});
    comes_back(rows::usage{.objects = -1, .bytes = -5'000'000'000, .versions = 2, .uploads = 0});
    comes_back(rows::current_epoch{.epoch = 1, .state = rows::epoch_state::changing});
    comes_back(rows::cluster{.uuid = counting<16>(1), .name = "n", .level = 1, .code = "4+2"});
    comes_back(rows::node{.address = "a", .domain = "d", .incarnation = 2, .weight = 3});
    rows::topology topology{.epoch = 1, .policy = "ring"};
    topology.members.push_back({.node = 1, .incarnation = 2, .domain = "r/h", .weight = 3});
    comes_back(topology);
}

TEST_CASE("what a later build added is kept, or the row is refused if it must be known") {
    const std::string now = rows::encode(small_object());
    rsx::wire::field_writer later;
    later.put_extras(rsx::bytes_of(now).subspan(1));
    later.put(200, std::string_view{"new"});
    const std::string even{rsx::text_of(later.view())};
    auto kept = rows::decode<rows::version>(even);
    REQUIRE(kept.has_value());
    CHECK(kept->size == 999);
    kept->size = 998;
    const std::string again = rows::encode(*kept);
    CHECK(again.ends_with("new"));
    later.put(201, std::string_view{"must"});
    CHECK(rows::decode<rows::version>(rsx::text_of(later.view())).error().code ==
          errc::unsupported);
}

TEST_CASE("unknown fields within groups are kept as well, or refused") {
    rsx::wire::field_writer order = rsx::wire::field_writer::group();
    order.put(1, 5u);
    order.put(100, 6u);
    rsx::wire::field_writer row;
    row.put(1, order);
    const auto kept = rows::decode<rows::version>(rsx::text_of(row.view()));
    REQUIRE(kept.has_value());
    CHECK(kept->order.seq == 5);
    CHECK(rows::encode(*kept) == rsx::text_of(row.view()));
    order.put(101, 6u);
    rsx::wire::field_writer refused;
    refused.put(1, order);
    CHECK(rows::decode<rows::version>(rsx::text_of(refused.view())).error().code ==
          errc::unsupported);
}

TEST_CASE("a row that contradicts itself is corrupt") {
    rows::version both = small_object();
    both.outlined.emplace();
    CHECK(rows::decode<rows::version>(rows::encode(both)).error().code == errc::corrupt);
    rows::layout lost;
    lost.extents.push_back(six_wide(2));
    lost.extents[0].shards.places.pop_back();
    CHECK(rows::decode<rows::layout>(rows::encode(lost)).error().code == errc::corrupt);
    CHECK(rows::decode<rows::layout>("").error().code == errc::corrupt);
    CHECK(rows::decode<rows::layout>("\x02").error().code == errc::unsupported);
}

namespace {

// Reads bytes as every kind of row; what can be read can be written.
template <class... Rows>
int read_as(std::string_view bytes) {
    const auto one = [bytes](auto empty) {
        using row = decltype(empty);
        const auto read = rows::decode<row>(bytes);
        if (read) CHECK(rows::decode<row>(rows::encode(*read)).has_value());
        return read.has_value() ? 1 : 0;
    };
    return (one(Rows{}) + ...);
}

}  // namespace

TEST_CASE("any bytes are a row or refused, and never more than that") {
    rsx::seeded_entropy random{31};
    const std::string whole = rows::encode(small_object());
    for (int i = 0; i < 4000; ++i) {
        std::string bytes = whole;
        if (i % 4 == 0) {
            bytes.assign(1 + random.below(60), '\1');
            random.fill({reinterpret_cast<std::byte*>(bytes.data()) + 1, bytes.size() - 1});
        }
        for (auto n = 1 + random.below(3); n > 0; --n)
            bytes[random.below(bytes.size())] = static_cast<char>(random.u64());
        CAPTURE(hexed(bytes));
        (void)read_as<rows::version, rows::bucket, rows::layout, rows::upload, rows::part,
                      rows::finished, rows::garbage, rows::cleanup, rows::ticket, rows::session,
                      rows::slot, rows::counter, rows::topology, rows::node, rows::cursor,
                      rows::usage, rows::cluster, rows::attributes, rows::layout_root>(bytes);
    }
}

TEST_CASE("a shard map that lies about its sizes is corrupt, and allocates nothing for it") {
    for (const auto& bytes :
         {some_bytes({0xff, 0xff, 0xff, 0xff, 0x0f}),
          some_bytes({1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}),
          some_bytes({1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}),
          some_bytes({1, 0, 0, 1, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0}),
          some_bytes({1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), some_bytes({1, 0})}) {
        CHECK(rows::shard_map::unpack(bytes).error().code == errc::corrupt);
    }
}

TEST_CASE("a run may stand on many disks: slots grow to two and four bytes") {
    for (const std::uint32_t disks : {64u, 65u, 16'384u, 16'385u, 20'000u}) {
        CAPTURE(disks);
        const rows::extent run = six_wide(4000, 0, disks);
        const auto packed = run.shards.pack();
        const auto back = rows::shard_map::unpack(packed);
        REQUIRE(back.has_value());
        CHECK(*back == run.shards);
    }
}

TEST_CASE("a long layout is cut into rows that fit and join to the same object") {
    const auto row_bytes = GENERATE(std::size_t{2'000}, std::size_t{16'384}, std::size_t{262'144});
    CAPTURE(row_bytes);
    rows::layout whole;
    std::uint64_t offset = 0;
    for (unsigned n = 1; n <= 40; ++n) {
        rows::extent run = six_wide(n % 7 == 0 ? 60 : n % 3 + 1, offset, n % 5 == 0 ? 90 : 6);
        run.part = n;
        if (n % 4 == 0) run.shards.places[2].write = n;
        whole.parts.push_back({.number = n, .offset = offset, .bytes = run.bytes});
        offset += run.bytes;
        whole.extents.push_back(std::move(run));
    }
    whole.parts.push_back({.number = 41, .offset = offset});
    const auto cut = rows::split(whole, row_bytes);
    CHECK((cut.size() == 1) == (row_bytes == 262'144));
    std::uint64_t at = 0;
    std::vector<rows::part_entry> parts;
    std::vector<rows::shard_place> places;
    for (const rows::layout& row : cut) {
        const std::string value = rows::encode(row);
        CHECK(value.size() <= row_bytes);
        REQUIRE(rows::decode<rows::layout>(value).has_value());
        for (const rows::part_entry& part : row.parts) parts.push_back(part);
        for (const rows::extent& run : row.extents) {
            CHECK(run.offset == at);
            at += run.bytes;
            places.insert(places.end(), run.shards.places.begin(), run.shards.places.end());
            CHECK(run.valid());
        }
    }
    CHECK(at == whole.bytes());
    CHECK(parts == whole.parts);
    std::vector<rows::shard_place> before;
    for (const rows::extent& run : whole.extents)
        before.insert(before.end(), run.shards.places.begin(), run.shards.places.end());
    CHECK(places == before);
}

TEST_CASE("chunks keep their numbers and offsets when a run is cut") {
    rows::layout whole;
    whole.extents.push_back(six_wide(500));
    const auto cut = rows::split(whole, 4096);
    std::uint32_t chunk = 0;
    for (const rows::layout& row : cut)
        for (const rows::extent& run : row.extents) {
            CHECK(run.first_chunk == chunk);
            CHECK(run.offset == chunk * 1000ull);
            chunk += run.chunks();
        }
    CHECK(chunk == 500);
    CHECK(cut.back().extents.back().bytes_of_chunk(cut.back().extents.back().chunks() - 1) == 999);
}

TEST_CASE("an outline finds the row of a byte") {
    const rows::outline at{.layout = some_id, .rows = {{0, 0}, {100, 0}, {200, 0}}};
    CHECK(at.row_of(0) == 0);
    CHECK(at.row_of(99) == 0);
    CHECK(at.row_of(100) == 1);
    CHECK(at.row_of(5000) == 2);
}

TEST_CASE("a bitmap of ten thousand parts takes 1,250 bytes") {
    std::vector<std::byte> used;
    for (unsigned n = 1; n <= 10'000; n += 3) rows::set_part(used, n);
    CHECK(used.size() == 1250);
    for (unsigned n = 1; n <= 10'000; ++n) REQUIRE(rows::has_part(used, n) == (n % 3 == 1));
    CHECK_FALSE(rows::has_part(used, 0));
    CHECK_FALSE(rows::has_part(used, 20'000));
}

TEST_CASE("etags look as S3 shows them") {
    rows::etag tag{.md5 = counting<16>(0)};
    CHECK(to_string(tag) == "000102030405060708090a0b0c0d0e0f");
    tag.parts = 3;
    CHECK(to_string(tag) == "000102030405060708090a0b0c0d0e0f-3");
    CHECK(rows::etag::unpack(some_bytes({1, 2})).error().code == errc::corrupt);
}

TEST_CASE("a row larger than its kind may be is refused before it is stored") {
    rows::bucket wide{.owner = std::string(600, 'x')};
    CHECK(rows::encode_within(wide).error().code == errc::limit);
    CHECK(rows::encode_within(rows::bucket{}).has_value());
}

TEST_CASE("version ids of rows are text, or null") {
    rows::version head = small_object();
    CHECK(rows::id_of(head.order).size() == 24);
    head.order.null = true;
    CHECK(rows::id_of(head.order) == "null");
}
