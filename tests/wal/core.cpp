// SPDX-License-Identifier: Apache-2.0
#include <rsx/wal/core.hpp>

#include "helpers.hpp"

using namespace wal_tests;

TEST_CASE("records get consecutive positions, and nothing is durable before its batch is") {
    wal::core log{{.log = 1}, 0, 0};
    CHECK(must_append(log, "a") == 0);
    CHECK(must_append(log, "12345678") == 24);
    CHECK(must_append(log, "") == 48);
    CHECK(log.end() == 64);
    CHECK(log.durable() == 0);
    const wal::batch* const first = log.begin();
    REQUIRE(first != nullptr);
    CHECK(first->bytes.size() == 64);
    CHECK(log.begin() == nullptr);  // one at a time
    log.complete();
    CHECK(log.durable() == 64);
    CHECK(log.begin() == nullptr);
}

TEST_CASE("what is appended while a batch is under way becomes durable with a later one") {
    wal::core log{{.log = 1}, 0, 0};
    must_append(log, "early");
    const wal::batch* const first = log.begin();
    const auto late = must_append(log, "late");
    CHECK(first->end == late);
    CHECK(first->bytes.size() == late);
    log.complete();
    CHECK(log.durable() == late);
    const wal::batch* const second = log.begin();
    REQUIRE(second != nullptr);
    CHECK(second->begin == late);
    const auto found = wal::decode_record(1, late, second->bytes);
    REQUIRE(found);
    CHECK(rsx::text_of(found->bytes) == "late");
    CHECK(found->durable == 0);  // as it was when it was appended
}

TEST_CASE("a batch never crosses the end of a segment, and a segment ends with an end record") {
    wal::core log{{.log = 1, .segment_bytes = 256}, 0, 0};
    for (int i = 0; i < 30; ++i) must_append(log, std::string(40, 'x'));
    wal::lsn base = 0;
    wal::lsn at = 0;
    int records = 0;
    while (const wal::batch* const next = log.begin()) {
        CHECK(next->base == base);
        CHECK(next->begin == at);
        CHECK(next->end - base <= 256);
        rsx::byte_view raw = next->bytes;
        while (!raw.empty()) {
            const auto found = wal::decode_record(1, at, raw);
            REQUIRE(found);
            if (found->what == wal::kind::data) ++records;
            at += found->size;
            raw = raw.subspan(found->size);
            CHECK((found->what == wal::kind::end) == (raw.empty() && next->last));
        }
        CHECK(at == next->end);
        if (next->last) base = at;
        log.complete();
    }
    CHECK(records == 30);
    CHECK(base > 0);
}

TEST_CASE("too long a record, and too much that waits, are refused") {
    wal::core log{{.log = 1, .staged_bytes_max = 1000}, 0, 0};
    const std::string longest(rsx::limits::wal_record_bytes_max, 'x');
    CHECK(code_of(log.append(rsx::bytes_of(longest + "x"))) == errc::limit);
    must_append(log, longest);  // alone it may
    CHECK(code_of(log.append(rsx::bytes_of("x"))) == errc::limit);
    REQUIRE(log.begin() != nullptr);
    CHECK(code_of(log.append(rsx::bytes_of("x"))) == errc::limit);
    log.complete();
    must_append(log, "x");
}

TEST_CASE("after a failure nothing is accepted and nothing becomes durable") {
    wal::core log{{.log = 1}, 0, 0};
    must_append(log, "x");
    REQUIRE(log.begin() != nullptr);
    log.fail();
    CHECK(code_of(log.append(rsx::bytes_of("y"))) == errc::io);
    CHECK(log.begin() == nullptr);
    CHECK(log.durable() == 0);
}

TEST_CASE("a batch that could not be begun is begun again, with what came meanwhile") {
    wal::core log{{.log = 1}, 0, 0};
    must_append(log, "x");
    REQUIRE(log.begin() != nullptr);
    log.put_back();
    must_append(log, "y");
    const wal::batch* const again = log.begin();
    REQUIRE(again != nullptr);
    CHECK(again->begin == 0);
    log.complete();
    while (log.begin() != nullptr) log.complete();
    CHECK(log.durable() == log.end());
}

TEST_CASE("a record is one only where it was written") {
    std::vector<std::byte> raw;
    wal::append_record(raw, 7, 64, wal::kind::data, 8, rsx::bytes_of("hello"));
    CHECK(wal::decode_record(7, 64, raw));
    CHECK_FALSE(wal::decode_record(7, 72, raw));
    CHECK_FALSE(wal::decode_record(8, 64, raw));
    for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
        auto broken = raw;
        broken[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        if (wal::decode_record(7, 64, broken)) FAIL("bit " << bit << " does not matter");
    }
    for (std::size_t size = 0; size < raw.size(); ++size) {
        CHECK_FALSE(wal::decode_record(7, 64, rsx::byte_view{raw}.first(size)));
    }
}

TEST_CASE("segments and records are what the reference says they are") {
    // docs/reference/wal.md quotes these.
    std::vector<std::byte> page(wal::segment_page);
    wal::encode({.log = 0x1122334455667788, .base = 0x10a8}, page);
    CHECK(rsx::hex(rsx::byte_view{page}.first(48)) ==
          "72737877616c3031010000000000000000000000001000008877665544332211a81000000000000000000000"
          "00000000");
    CHECK(rsx::hex(rsx::byte_view{page}.subspan(4092)) == "673d2c2b");
    std::vector<std::byte> raw;
    wal::append_record(raw, 0x1122334455667788, 0x10a8, wal::kind::data, 0x1000,
                       rsx::bytes_of("hello"));
    CHECK(rsx::hex(raw) == "d08e40a405000001001000000000000068656c6c6f000000");
    CHECK(wal::segment_name(0x10a8) == "00000000000010a8.wal");
    CHECK(wal::base_of_name("00000000000010a8.wal") == wal::lsn{0x10a8});
    CHECK_FALSE(wal::base_of_name("00000000000010A8.wal"));
    CHECK_FALSE(wal::base_of_name("10a8.wal"));
}

TEST_CASE("a segment's header is refused when broken, and when of a later format") {
    std::vector<std::byte> page(wal::segment_page);
    wal::encode({.log = 5, .base = 8}, page);
    REQUIRE(wal::decode_segment(page));
    CHECK(wal::decode_segment(page)->base == 8);
    CHECK(wal::decode_segment(page)->log == 5);
    for (std::size_t at = 0; at < page.size(); at += 3) {
        auto broken = page;
        broken[at] ^= std::byte{1};
        CHECK(code_of(wal::decode_segment(broken)) == errc::corrupt);
    }
    CHECK(code_of(wal::decode_segment(rsx::byte_view{page}.first(100))) == errc::corrupt);
    page[12] = std::byte{4};
    rsx::store_le(rsx::byte_span{page}.subspan(4092),
                  rsx::digest::crc32c_of(rsx::byte_view{page}.first(4092)));
    CHECK(code_of(wal::decode_segment(page)) == errc::unsupported);
}
