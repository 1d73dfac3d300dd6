// SPDX-License-Identifier: Apache-2.0

// What every model of shard::store must do.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/core/thread_loop.hpp>
#include <rsx/shard/any.hpp>
#include <rsx/shard/checksum.hpp>
#include <rsx/shard/id.hpp>

#include "catch.hpp"

#include <chrono>
#include <thread>

namespace shard_laws {

using rsx::errc;
using rsx::result;
using rsx::task;
namespace shard = rsx::shard;
namespace limits = rsx::limits;
constexpr std::size_t block = limits::block_bytes;

// A store to be tested, and what can be done to it from outside.
class subject {
public:
    virtual ~subject() = default;
    virtual shard::any_store& store() = 0;
    virtual bool reopen() { return false; }  // false: it has nothing that lasts
    // Flips a bit of a sealed shard's byte; false: cannot.
    virtual bool flip(const shard::id&, std::uint64_t) { return false; }

    template <class T>
    T run(task<T> work) {
        return loop_.run(std::move(work));
    }
    rsx::loop& home() { return loop_; }

private:
    rsx::thread_loop loop_;
};

inline constexpr rsx::holder here{.node = 3, .incarnation = 1};

inline shard::header header_of(std::uint64_t number, std::uint16_t index = 0) {
    shard::header h;
    h.id = {.hash = rsx::mix64(number),
            .object = {.incarnation = 7, .counter = number},
            .chunk = 2,
            .index = index,
            .write = 99};
    h.holder = here;
    h.data = 4;
    h.parity = 2;
    h.code = 1;
    h.generator = 3;
    h.cell_bytes = limits::cell_bytes;
    h.chunk_bytes = 1 << 20;
    h.chunk_offset = 2 << 20;
    h.writer = 41;
    h.epoch = 1;
    h.seq_hint = 5;
    h.bucket = 12;
    h.key = "a/key";
    h.upload = "";
    h.part = 0;
    return h;
}

inline bool same(const shard::header& a, const shard::header& b) {
    return a.id == b.id && a.holder == b.holder && a.data == b.data && a.parity == b.parity &&
           a.code == b.code && a.generator == b.generator && a.cell_bytes == b.cell_bytes &&
           a.chunk_bytes == b.chunk_bytes && a.chunk_offset == b.chunk_offset &&
           a.writer == b.writer && a.epoch == b.epoch && a.seq_hint == b.seq_hint &&
           a.bucket == b.bucket && a.key == b.key && a.upload == b.upload && a.part == b.part;
}

inline rsx::slice bytes_for(std::size_t size, std::uint64_t seed = 1) {
    auto made = rsx::buffer::uninitialized(size);
    rsx::seeded_entropy source{seed};
    source.fill(made.span());
    return rsx::slice{std::move(made)};
}

inline bool equal(const rsx::slice& a, const rsx::slice& b) {
    return std::ranges::equal(a.view(), b.view());
}

// Writes all of it, `step` bytes an append.
inline task<result<shard::sealed>> put(shard::any_store* store, shard::header h, rsx::slice bytes,
                                       std::size_t step) {
    auto begun = store->begin(h);
    auto writer = co_await begun;
    if (!writer) co_return std::unexpected(writer.error());
    const shard::identity who = shard::identity_of(h);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const auto part = bytes.part(at, std::min(step, bytes.size() - at));
        auto sums = shard::sums_of(who, at / block, part.view());
        auto appending = (*writer)->append(part, std::move(sums));
        auto appended = co_await appending;
        if (!appended) co_return std::unexpected(appended.error());
    }
    auto sealing = (*writer)->seal();
    co_return co_await sealing;
}

inline shard::sealed must_put(subject& s, const shard::header& h, const rsx::slice& bytes,
                              std::size_t step = limits::cell_bytes) {
    auto done = s.run(put(&s.store(), h, bytes, step));
    if (!done) FAIL(to_string(done.error()));
    return *done;
}

inline errc code_of(const auto& answer) {
    REQUIRE_FALSE(answer.has_value());
    return answer.error().code;
}

inline auto read(subject& s, const shard::id& which, std::uint64_t first = 0,
                 std::uint64_t count = ~std::uint64_t{0}) {
    return s.run(s.store().read(which, {first, count}));
}

inline std::vector<shard::id> ids(subject& s, shard::id from = {}, shard::id to = shard::id_end(),
                                  std::size_t limit = 1000) {
    const auto found = s.run(s.store().list(from, to, limit));
    REQUIRE(found);
    std::vector<shard::id> out;
    for (const auto& each : *found) out.push_back(each.id);
    return out;
}

inline std::unique_ptr<shard::writer> begun(subject& s, const shard::header& h) {
    auto writer = s.run(s.store().begin(h));
    REQUIRE(writer);
    return std::move(*writer);
}

inline auto append(subject& s, shard::writer& w, const shard::header& h, const rsx::slice& bytes,
                   std::uint64_t first_block = 0) {
    return s.run(w.append(bytes, shard::sums_of(shard::identity_of(h), first_block, bytes.view())));
}

// `s` is empty.
inline void all(subject& s) {
    const auto h = header_of(1);

    SECTION("what is sealed is read back, whole, with its header, at every size") {
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{1}, std::size_t{1024}, block - 1, block, block + 1,
              limits::cell_bytes, 3 * limits::cell_bytes + 5, std::size_t{1 << 20} - 4096,
              std::size_t{1 << 20}, std::size_t{3 << 20} + 4097, std::size_t{8 << 20}}) {
            CAPTURE(size);
            const auto one = header_of(size);
            const auto bytes = bytes_for(size);
            const auto done = must_put(s, one, bytes);
            CHECK(done.bytes == size);
            const auto sums = shard::sums_of(shard::identity_of(one), 0, bytes.view());
            CHECK(done.hash == shard::hash_of(sums));
            const auto back = read(s, one.id);
            REQUIRE(back);
            CHECK(equal(back->bytes, bytes));
            CHECK(back->sums == sums);
            const auto head = s.run(s.store().head(one.id));
            REQUIRE(head);
            CHECK(same(*head, one));
        }
    }
    SECTION("every range of blocks, and nothing past the end") {
        const auto bytes = bytes_for(20 * block + 77);
        must_put(s, h, bytes, 3 * block);
        for (std::uint64_t first = 0; first <= 21; ++first) {
            for (const std::uint64_t count :
                 {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, 20 - first % 21, 21 - first,
                  std::uint64_t{100}, ~std::uint64_t{0}}) {
                CAPTURE(first, count);
                const auto got = read(s, h.id, first, count);
                REQUIRE(got);
                const std::size_t from = std::min<std::size_t>(bytes.size(), first * block);
                const std::size_t to =
                    count > 21 ? bytes.size()
                               : std::min<std::size_t>(bytes.size(), (first + count) * block);
                CHECK(equal(got->bytes, bytes.part(from, to - from)));
                CHECK(got->sums.size() == shard::blocks_in(to - from));
                CHECK(shard::verify(shard::identity_of(h), {first, count}, *got));
            }
        }
        CHECK(code_of(read(s, h.id, 22, 1)) == errc::invalid);
        CHECK(code_of(read(s, h.id, ~std::uint64_t{0}, 1)) == errc::invalid);
    }
    SECTION("nothing can be seen of a shard before its seal") {
        auto writer = begun(s, h);
        for (std::uint64_t at = 0; at < 4; ++at) {
            REQUIRE(append(s, *writer, h, bytes_for(1 << 20), at * 128));
            CHECK(code_of(read(s, h.id)) == errc::not_found);
            CHECK(code_of(s.run(s.store().head(h.id))) == errc::not_found);
            CHECK(ids(s).empty());
        }
        REQUIRE(s.run(writer->seal()));
        CHECK(ids(s) == std::vector{h.id});
    }
    SECTION("of an aborted or forgotten writer nothing stays") {
        auto writer = begun(s, h);
        REQUIRE(append(s, *writer, h, bytes_for(3 << 20)));
        REQUIRE(s.run(writer->abort()));
        REQUIRE(s.run(writer->abort()));
        CHECK(code_of(append(s, *writer, h, bytes_for(1))) == errc::invalid);
        CHECK(code_of(s.run(writer->seal())) == errc::invalid);
        auto forgotten = begun(s, h);
        REQUIRE(append(s, *forgotten, h, bytes_for(3 << 20)));
        forgotten.reset();
        writer.reset();
        CHECK(ids(s).empty());
        s.reopen();
        CHECK(ids(s).empty());
        CHECK(s.run(s.store().status())->shards == 0);
        must_put(s, h, bytes_for(7));
        CHECK(read(s, h.id)->bytes.size() == 7);
    }
    SECTION("a sealed shard is never written again") {
        for (const std::size_t size : {std::size_t{10}, std::size_t{300'000}}) {
            const auto one = header_of(size);
            must_put(s, one, bytes_for(size));
            CHECK(code_of(s.run(put(&s.store(), one, bytes_for(size, 2), 65536))) ==
                  errc::conflict);
            CHECK(code_of(s.run(put(&s.store(), one, bytes_for(size / 2), 65536))) ==
                  errc::conflict);
            const auto same_again = s.run(put(&s.store(), one, bytes_for(size), 65536));
            if (!same_again) CHECK(code_of(same_again) == errc::conflict);
            CHECK(equal(read(s, one.id)->bytes, bytes_for(size)));
        }
    }
    SECTION("sealing twice is success for the same bytes and a conflict for others") {
        auto first = begun(s, h);
        auto second = begun(s, h);
        auto third = begun(s, h);
        auto fourth = begun(s, h);
        REQUIRE(append(s, *first, h, bytes_for(100, 1)));
        REQUIRE(append(s, *second, h, bytes_for(100, 1)));
        REQUIRE(append(s, *third, h, bytes_for(100, 2)));
        REQUIRE(append(s, *fourth, h, bytes_for(101, 1)));
        const auto done = s.run(first->seal());
        REQUIRE(done);
        CHECK(s.run(first->seal())->hash == done->hash);
        const auto again = s.run(second->seal());
        REQUIRE(again);
        CHECK(again->hash == done->hash);
        CHECK(again->bytes == done->bytes);
        CHECK(code_of(s.run(third->seal())) == errc::conflict);
        CHECK(code_of(s.run(fourth->seal())) == errc::conflict);
        CHECK(equal(read(s, h.id)->bytes, bytes_for(100, 1)));
    }
    SECTION("blocks must be whole, with a checksum each, of these bytes in this place") {
        const auto whole = bytes_for(2 * block);
        const auto sums = shard::sums_of(shard::identity_of(h), 0, whole.view());
        auto writer = begun(s, h);
        auto fewer = sums;
        fewer.pop_back();
        CHECK(code_of(s.run(writer->append(whole, fewer))) == errc::corrupt);
        writer = begun(s, h);
        auto wrong = sums;
        wrong[1] ^= 1;
        const auto refused = s.run(writer->append(whole, wrong));
        CHECK(code_of(refused) == errc::corrupt);
        CHECK(refused.error().detail == 1);
        writer = begun(s, header_of(1, 1));
        CHECK(code_of(s.run(writer->append(whole, sums))) == errc::corrupt);
        writer = begun(s, h);
        REQUIRE(append(s, *writer, h, bytes_for(block + 1)));
        CHECK(code_of(append(s, *writer, h, bytes_for(block), 2)) == errc::invalid);
        CHECK(ids(s).empty());
    }
    SECTION("what is meant for another holder is refused") {
        auto other = h;
        other.holder.incarnation = 2;
        CHECK(code_of(s.run(s.store().begin(other))) == errc::invalid);
        other.holder = {.node = 4, .incarnation = 1};
        CHECK(code_of(s.run(s.store().begin(other))) == errc::invalid);
        CHECK(s.store().holder() == here);
    }
    SECTION("a shard that is too long, or a key, is refused") {
        auto writer = begun(s, h);
        const auto mib = bytes_for(1 << 20);
        for (std::uint64_t at = 0; at < limits::shard_bytes_max; at += mib.size()) {
            REQUIRE(append(s, *writer, h, mib, at / block));
        }
        CHECK(code_of(append(s, *writer, h, bytes_for(1), limits::shard_bytes_max / block)) ==
              errc::limit);
        auto long_key = h;
        long_key.key = std::string(limits::key_bytes_max + 1, 'k');
        CHECK(code_of(s.run(s.store().begin(long_key))) == errc::limit);
    }
    SECTION("any bytes may be in a key") {
        auto odd = h;
        odd.key = std::string(limits::key_bytes_max, '\xff');
        odd.key[3] = '\0';
        odd.upload = "../../etc/passwd";
        must_put(s, odd, bytes_for(3));
        CHECK(same(*s.run(s.store().head(odd.id)), odd));
    }
    SECTION("a list is in order, of a range, in pages") {
        std::vector<shard::id> wanted;
        for (std::uint64_t i = 0; i < 50; ++i) {
            const auto one = header_of(i, static_cast<std::uint16_t>(i % 3));
            must_put(s, one, bytes_for(i * 10, i));
            wanted.push_back(one.id);
        }
        std::ranges::sort(wanted);
        CHECK(ids(s) == wanted);
        CHECK(ids(s, wanted[10], wanted[20]) ==
              std::vector(wanted.begin() + 10, wanted.begin() + 20));
        CHECK(ids(s, wanted[10], wanted[20], 3) ==
              std::vector(wanted.begin() + 10, wanted.begin() + 13));
        CHECK(ids(s, wanted[20], wanted[10]).empty());
        CHECK(ids(s, {}, shard::id_end(), 0).empty());
        const auto found = s.run(s.store().list(wanted[7], shard::id_end(), 1));
        REQUIRE(found->size() == 1);
        const auto number = (*found)[0].id.object.counter;
        CHECK((*found)[0].bytes == number * 10);
        CHECK((*found)[0].writer == 41);
        const auto bytes = bytes_for(number * 10, number);
        const auto about = header_of(number, static_cast<std::uint16_t>(number % 3));
        CHECK((*found)[0].hash ==
              shard::hash_of(shard::sums_of(shard::identity_of(about), 0, bytes.view())));
    }
    SECTION("erasing is final and may be repeated") {
        must_put(s, h, bytes_for(100));
        must_put(s, header_of(2), bytes_for(200));
        REQUIRE(s.run(s.store().erase(h.id)));
        REQUIRE(s.run(s.store().erase(h.id)));
        CHECK(code_of(read(s, h.id)) == errc::not_found);
        CHECK(code_of(s.run(s.store().head(h.id))) == errc::not_found);
        CHECK(ids(s) == std::vector{header_of(2).id});
        s.reopen();
        CHECK(ids(s) == std::vector{header_of(2).id});
        must_put(s, h, bytes_for(101, 5));
        CHECK(equal(read(s, h.id)->bytes, bytes_for(101, 5)));
    }
    SECTION("what never was is not found") {
        CHECK(code_of(read(s, h.id)) == errc::not_found);
        CHECK(code_of(s.run(s.store().head(h.id))) == errc::not_found);
        CHECK(s.run(s.store().erase(h.id)));
    }
    SECTION("everything sealed is there after a restart") {
        must_put(s, h, bytes_for(1 << 20));
        must_put(s, header_of(2), bytes_for(17));
        auto torn = begun(s, header_of(3));
        REQUIRE(append(s, *torn, header_of(3), bytes_for(2 << 20)));
        torn.reset();
        if (s.reopen()) {
            CHECK(ids(s).size() == 2);
            CHECK(equal(read(s, h.id)->bytes, bytes_for(1 << 20)));
            CHECK(equal(read(s, header_of(2).id, 0, 1)->bytes, bytes_for(17)));
            CHECK(code_of(read(s, header_of(3).id)) == errc::not_found);
        }
    }
    SECTION("a broken block is named and never shown, the others are") {
        const auto bytes = bytes_for(20 * block + 5);
        must_put(s, h, bytes);
        if (s.flip(h.id, 13 * block + 100)) {
            const auto broken = read(s, h.id);
            CHECK(code_of(broken) == errc::corrupt);
            CHECK(broken.error().detail == 13);
            CHECK(code_of(read(s, h.id, 13, 1)) == errc::corrupt);
            CHECK(equal(read(s, h.id, 0, 13)->bytes, bytes.part(0, 13 * block)));
            CHECK(equal(read(s, h.id, 14)->bytes, bytes.part(14 * block, 6 * block + 5)));
        }
    }
    SECTION("status counts shards and bytes") {
        must_put(s, h, bytes_for(1000));
        must_put(s, header_of(2), bytes_for(500));
        const auto now = s.run(s.store().status());
        REQUIRE(now);
        CHECK(now->shards == 2);
        CHECK(now->live == 1500);
        CHECK(now->holder == here);
        CHECK(now->total >= now->free);
        CHECK(now->state != shard::state::fenced);
        REQUIRE(s.run(s.store().erase(h.id)));
        CHECK(s.run(s.store().status())->live == 500);
    }
    SECTION("many shards are written at once") {
        std::vector<task<result<shard::sealed>>> puts;
        for (std::uint64_t i = 0; i < 40; ++i) {
            puts.push_back(
                put(&s.store(), header_of(i), bytes_for(i * 1000, i), limits::cell_bytes));
        }
        for (const auto& done : s.run(rsx::gather(std::move(puts)))) REQUIRE(done);
        for (std::uint64_t i = 0; i < 40; ++i) {
            CHECK(equal(read(s, header_of(i).id)->bytes, bytes_for(i * 1000, i)));
        }
    }
}

}  // namespace shard_laws
