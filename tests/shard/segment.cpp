// SPDX-License-Identifier: Apache-2.0
#include <rsx/shard/segment.hpp>

#include <rsx/disk/memory.hpp>
#include <rsx/disk/posix.hpp>

#include "laws.hpp"
#include "temporary.hpp"

namespace disk = rsx::disk;
namespace shard = rsx::shard;
using namespace shard_laws;

namespace {

constexpr std::size_t segment_bytes = 256 * 1024;

shard::directory_identity identity_here() {
    shard::directory_identity made;
    made.holder = here;
    return made;
}

class segmented : public subject {
public:
    shard::any_store& store() override { return *lent_; }
    shard::segment& model() { return *model_; }
    bool reopen() override {
        lent_.reset();
        model_.reset();
        auto files = fresh_files();
        auto opened = shard::segment::open(files, threads(), here,
                                           {.entropy = dice_, .segment_bytes = segment_bytes});
        if (!opened) FAIL(to_string(opened.error()));
        model_.emplace(std::move(*opened));
        lent_ = shard::wrap(std::ref(*model_));
        return true;
    }

protected:
    virtual std::shared_ptr<disk::files> fresh_files() = 0;
    virtual rsx::pool& threads() = 0;
    void close() {
        lent_.reset();
        model_.reset();
    }

private:
    rsx::seeded_entropy dice_{9};
    std::optional<shard::segment> model_{};
    std::unique_ptr<shard::any_store> lent_{};
};

class on_disk final : public segmented {
public:
    on_disk() {
        auto files = disk::posix_files::open_root(folder_.path());
        REQUIRE(shard::directory_identity::create(**files, identity_here()));
        files->reset();
        reopen();
    }
    ~on_disk() override { close(); }

private:
    std::shared_ptr<disk::files> fresh_files() override {
        threads_ = nullptr;  // what it still does, it does before the directory is free again
        threads_ = std::make_unique<rsx::thread_pool>(4);
        auto files = disk::posix_files::open_root(folder_.path());
        REQUIRE(files);
        return std::move(*files);
    }
    rsx::pool& threads() override { return *threads_; }
    temporary_directory folder_;
    std::unique_ptr<rsx::thread_pool> threads_;
};

class on_memory final : public segmented {
public:
    explicit on_memory(std::uint64_t capacity = 64 * rsx::gib)
        : files_{std::make_shared<disk::memory_files>(capacity)} {
        REQUIRE(shard::directory_identity::create(*files_, identity_here()));
        reopen();
    }
    ~on_memory() override { close(); }
    disk::memory_files& files() { return *files_; }
    void leave() { close(); }

    // By looking for the shard's first bytes in the segments.
    bool flip(const shard::id& which, std::uint64_t at) override {
        const auto whole = run(store().read(which, {0, ~std::uint64_t{0}}));
        if (!whole || whole->bytes.size() < 32) return false;
        const auto names = files_->names("segments");
        for (const std::string& name : *names) {
            auto file = files_->open("segments/" + name);
            std::string raw(*(*file)->size(), '\0');
            (void)(*file)->read(0, std::as_writable_bytes(std::span{raw}));
            const auto found = raw.rfind(rsx::text_of(whole->bytes.view()).substr(0, 32));
            if (found != raw.npos) return files_->flip("segments/" + name, found + at).has_value();
        }
        return false;
    }

private:
    std::shared_ptr<disk::files> fresh_files() override { return files_; }
    rsx::pool& threads() override { return threads_; }
    std::shared_ptr<disk::memory_files> files_;
    rsx::inline_pool threads_;
};

// What a store of this content must show.
using model = std::map<std::uint64_t, std::size_t>;

void check(subject& s, const model& wanted) {
    CHECK(ids(s).size() == wanted.size());
    for (const auto& [number, size] : wanted) {
        const auto got = read(s, header_of(number).id);
        if (!got) FAIL(number << ": " << to_string(got.error()));
        CHECK(equal(got->bytes, bytes_for(size, number)));
    }
}

}  // namespace

TEST_CASE("a segment store on a disk keeps the laws") {
    on_disk subject;
    shard_laws::all(subject);
}

TEST_CASE("a segment store over files in memory keeps the laws") {
    on_memory subject;
    shard_laws::all(subject);
}

TEST_CASE("many small shards sealed at once share their syncs") {
    on_memory s;
    const auto before = s.files().syncs();
    std::vector<task<result<shard::sealed>>> puts;
    for (std::uint64_t i = 0; i < 64; ++i) {
        puts.push_back(put(&s.store(), header_of(i), bytes_for(1024, i), 8192));
    }
    for (const auto& done : s.run(rsx::gather(std::move(puts)))) REQUIRE(done);
    CHECK(s.files().syncs() - before <= 64);  // an inline pool: one after the other
    on_disk real;
    std::vector<task<result<shard::sealed>>> more;
    for (std::uint64_t i = 0; i < 64; ++i) {
        more.push_back(put(&real.store(), header_of(i), bytes_for(1024, i), 8192));
    }
    for (const auto& done : real.run(rsx::gather(std::move(more)))) REQUIRE(done);
    CHECK(ids(real).size() == 64);
}

TEST_CASE("a broken block of a packed shard is named and hides no other") {
    on_memory s;
    const auto h = header_of(1);
    const auto bytes = bytes_for(5 * block + 7);
    must_put(s, h, bytes);
    REQUIRE(s.flip(h.id, 3 * block + 5));
    const auto broken = read(s, h.id);
    CHECK(code_of(broken) == errc::corrupt);
    CHECK(broken.error().detail == 3);
    CHECK(equal(read(s, h.id, 0, 3)->bytes, bytes.part(0, 3 * block)));
    CHECK(equal(read(s, h.id, 4)->bytes, bytes.part(4 * block, block + 7)));
    CHECK(code_of(s.run(s.store().head(h.id))) == errc::corrupt);  // the whole record is checked
}

TEST_CASE("compaction frees what is dead and keeps what lives, across restarts") {
    on_memory s;
    model wanted;
    rsx::seeded_entropy dice{5};
    for (std::uint64_t number = 0; number < 600; ++number) {
        const std::size_t size = dice.below(9000);
        must_put(s, header_of(number), bytes_for(size, number), 8192);
        wanted[number] = size;
        if (number >= 20 && number % 3 != 0) {  // most die young
            const std::uint64_t victim = dice.below(number);
            REQUIRE(s.run(s.store().erase(header_of(victim).id)));
            wanted.erase(victim);
        }
        if (number % 150 == 77) {
            REQUIRE(s.reopen());
            check(s, wanted);
        }
    }
    check(s, wanted);
    const auto now = s.run(s.store().status());
    REQUIRE(now);
    CHECK(now->shards == wanted.size());
    CHECK(now->dead <= now->live + 3 * segment_bytes);
    for (const auto& [number, size] : wanted) {
        REQUIRE(s.run(s.store().erase(header_of(number).id)));
    }
    for (int i = 0; i < 60; ++i) REQUIRE(s.run(s.model().compact()));
    CHECK(ids(s).empty());
    CHECK(s.files().names("segments")->size() <= 2);
    s.reopen();
    CHECK(ids(s).empty());
}

TEST_CASE("whatever call the power fails at, a segment store keeps what it acknowledged") {
    for (int last = 0;; ++last) {
        bool stopped = false;
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
            CAPTURE(last, seed);
            on_memory s;
            model wanted;  // acknowledged
            for (std::uint64_t n = 0; n < 12; ++n) {
                must_put(s, header_of(n), bytes_for(40'000, n));
                wanted[n] = 40'000;
            }
            int calls = 0;
            s.files().on_call([&](disk::call, std::string_view) -> result<void> {
                if (calls++ < last) return {};
                stopped = true;
                return rsx::fail(errc::io, "the power is off");
            });
            model unsure;  // asked for, and not answered
            std::set<std::uint64_t> doubtful;
            for (std::uint64_t n = 20; n < 24; ++n) {
                const std::size_t size = n == 22 ? 200'000 : 30'000;
                if (s.run(put(&s.store(), header_of(n), bytes_for(size, n), 65536))) {
                    wanted[n] = size;
                } else {
                    unsure[n] = size;
                }
                const std::uint64_t victim = n - 20;
                if (s.run(s.store().erase(header_of(victim).id))) {
                    wanted.erase(victim);
                } else {
                    doubtful.insert(victim);
                }
                (void)s.run(s.model().compact());
            }
            s.leave();
            s.files().on_call({});
            s.files().crash({.seed = seed});
            s.reopen();
            for (const auto& [number, size] : wanted) {
                const auto got = read(s, header_of(number).id);
                if (!got && doubtful.contains(number)) continue;
                if (!got) FAIL(number << ": " << to_string(got.error()));
                CHECK(equal(got->bytes, bytes_for(size, number)));
            }
            for (const auto& each : ids(s)) {
                const auto number = each.object.counter;
                const bool known = wanted.contains(number) || unsure.contains(number);
                CHECK(known);  // nothing that was erased for good comes back
                CHECK(read(s, each));
            }
            must_put(s, header_of(99), bytes_for(10, 99));
            s.reopen();
            CHECK(read(s, header_of(99).id));
        }
        if (!stopped) break;
    }
}

TEST_CASE("a fenced log fences the store: it reads and never writes") {
    on_memory s;
    must_put(s, header_of(1), bytes_for(100));
    bool broken = true;
    s.files().on_call([&](disk::call what, std::string_view) -> result<void> {
        if (broken && what == disk::call::sync) return rsx::fail(errc::io, "on purpose");
        return {};
    });
    CHECK(code_of(s.run(put(&s.store(), header_of(2), bytes_for(9), 9))) == errc::io);
    broken = false;
    CHECK(code_of(s.run(put(&s.store(), header_of(3), bytes_for(9), 9))) == errc::io);
    CHECK(code_of(s.run(s.store().erase(header_of(1).id))) == errc::io);
    CHECK(s.run(s.store().status())->state == shard::state::fenced);
    CHECK(equal(read(s, header_of(1).id)->bytes, bytes_for(100)));
    CHECK(ids(s) == std::vector{header_of(1).id});
    s.reopen();
    must_put(s, header_of(3), bytes_for(9));
}

TEST_CASE("a full segment store refuses to write, and still erases and compacts") {
    on_memory s{6'000'000};
    std::uint64_t number = 0;
    result<shard::sealed> done = shard::sealed{};
    while (done && number < 200) {
        ++number;
        done = s.run(put(&s.store(), header_of(number), bytes_for(100'000, number), 65536));
    }
    REQUIRE_FALSE(done);
    CHECK(done.error().code == errc::full);
    for (std::uint64_t victim = 1; victim < number; ++victim) {
        REQUIRE(s.run(s.store().erase(header_of(victim).id)));
    }
    must_put(s, header_of(900), bytes_for(100'000, 900));
    CHECK(ids(s) == std::vector{header_of(900).id});
}

TEST_CASE("packed shards and names of the gone are what the reference says") {
    auto h = header_of(1);
    h.upload = "u";
    const auto bytes = rsx::slice::copy_of(rsx::bytes_of("hello"));
    const std::vector<rsx::slice> blocks{bytes};
    const auto sums = shard::sums_of(shard::identity_of(h), 0, bytes.view());
    const auto raw = shard::encode_packed(h, sums, blocks);
    CHECK(rsx::hex(rsx::byte_view{raw}.first(16)) == "01000000000000000500000076000000");
    CHECK(raw.size() == 16 + 118 + 4 + 5);
    const auto back = shard::decode_packed(raw);
    REQUIRE(back);
    CHECK(same(back->about, h));
    CHECK(back->sums == sums);
    CHECK(rsx::text_of(back->blocks) == "hello");
    const auto gone = shard::encode_erased(h.id);
    CHECK(rsx::hex(gone) == "0200000000000000" + shard::name_of(h.id));
    CHECK(shard::decode_packed(gone)->erased);
    for (std::size_t size = 0; size < raw.size(); ++size) {
        CHECK(code_of(shard::decode_packed(rsx::byte_view{raw}.first(size))) == errc::corrupt);
    }
    auto later = raw;
    later[4] = std::byte{1};
    CHECK(code_of(shard::decode_packed(later)) == errc::unsupported);
    auto odd = raw;
    odd[0] = std::byte{7};
    CHECK(code_of(shard::decode_packed(odd)) == errc::corrupt);
}
