// SPDX-License-Identifier: Apache-2.0
#include <rsx/shard/directory.hpp>

#include <rsx/disk/memory.hpp>
#include <rsx/disk/posix.hpp>

#include "laws.hpp"
#include "temporary.hpp"

#include <sys/wait.h>
#include <csignal>
#include <fstream>
#include <map>

namespace disk = rsx::disk;
namespace shard = rsx::shard;
using namespace shard_laws;

namespace {

shard::directory_identity identity_here() {
    shard::directory_identity made;
    made.holder = here;
    return made;
}

shard::listed name_for(const shard::header& h, const rsx::slice& bytes) {
    const auto sums = shard::sums_of(shard::identity_of(h), 0, bytes.view());
    return {h.id, bytes.size(), shard::hash_of(sums), h.writer};
}

std::string path_of(const shard::listed& what) {
    const auto name = shard::file_name(what);
    return "shards/" + name.substr(0, 2) + '/' + name;
}

class on_disk final : public subject {
public:
    on_disk() {
        auto files = disk::posix_files::open_root(folder_.path());
        REQUIRE(files);
        REQUIRE(shard::directory_identity::create(**files, identity_here()));
        files->reset();
        on_disk::reopen();
    }
    shard::any_store& store() override { return *store_; }
    bool reopen() override {
        store_.reset();
        threads_ = nullptr;  // what it still does, it does before the directory is free again
        threads_ = std::make_unique<rsx::thread_pool>(4);
        auto files = disk::posix_files::open_root(folder_.path());
        REQUIRE(files);
        auto opened = shard::directory::open(std::move(*files), *threads_, here);
        if (!opened) FAIL(to_string(opened.error()));
        store_ = shard::wrap(std::move(*opened));
        return true;
    }
    bool flip(const shard::id& which, std::uint64_t at) override {
        return flip_file(which, shard::file_page + at);
    }
    bool flip_file(const shard::id& which, std::uint64_t at) {
        const auto path = file_of(which);
        std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
        file.seekg(static_cast<std::streamoff>(at));
        const int byte = file.get();
        if (byte < 0) return false;
        file.seekp(static_cast<std::streamoff>(at));
        file.put(static_cast<char>(byte ^ 1));
        return file.good();
    }
    std::filesystem::path file_of(const shard::id& which) {
        for (const auto& each : std::filesystem::recursive_directory_iterator{folder_.path()}) {
            if (each.path().filename().string().starts_with(shard::name_of(which)))
                return each.path();
        }
        FAIL("no such file");
        return {};
    }
    std::string path() const { return folder_.path(); }

private:
    temporary_directory folder_;
    std::unique_ptr<rsx::thread_pool> threads_;
    std::unique_ptr<shard::any_store> store_;
};

class on_memory final : public subject {
public:
    explicit on_memory(std::uint64_t capacity = 64 * rsx::gib)
        : files_{std::make_shared<disk::memory_files>(capacity)} {
        REQUIRE(shard::directory_identity::create(*files_, identity_here()));
        on_memory::reopen();
    }
    shard::any_store& store() override { return *store_; }
    bool reopen() override {
        store_.reset();
        auto opened = shard::directory::open(files_, threads_, here);
        if (!opened) FAIL(to_string(opened.error()));
        store_ = shard::wrap(std::move(*opened));
        return true;
    }
    disk::memory_files& files() { return *files_; }
    rsx::inline_pool& threads() { return threads_; }

private:
    std::shared_ptr<disk::memory_files> files_;
    rsx::inline_pool threads_;
    std::unique_ptr<shard::any_store> store_;
};

}  // namespace

TEST_CASE("a shard store in a directory keeps the laws") {
    on_disk subject;
    shard_laws::all(subject);
}

TEST_CASE("a shard store over files in memory keeps the laws") {
    on_memory subject;
    shard_laws::all(subject);
}

TEST_CASE("a flipped bit anywhere in a shard's file is found or harms nothing") {
    for (const std::size_t size : {std::size_t{1000}, 3 * block, 20 * block + 9}) {
        on_disk s;
        const auto h = header_of(1);
        const auto bytes = bytes_for(size);
        must_put(s, h, bytes);
        const std::uint64_t whole = std::filesystem::file_size(s.file_of(h.id));
        CHECK(whole == shard::file_size(size));
        const std::uint64_t used = shard::file_page + size + shard::footer_size(size);
        const std::uint64_t stride = size == 1000 ? 7 : size / 40;
        for (std::uint64_t at = 0; at < whole; at += stride) {
            REQUIRE(s.flip_file(h.id, at));
            s.reopen();
            const auto got = read(s, h.id);
            if (at < used) {
                if (got) FAIL("not noticed at " << at);
                // The format's must bits were flipped into the unknown.
                const bool told = got.error().code == errc::corrupt;
                if (!told) FAIL(to_string(got.error()) << " at " << at);
            } else if (!got || !equal(got->bytes, bytes)) {
                FAIL("padding matters at " << at);
            }
            REQUIRE(s.flip_file(h.id, at));
        }
        s.reopen();
        CHECK(equal(read(s, h.id)->bytes, bytes));
    }
}

TEST_CASE("a short, empty or missing file is corrupt, not unknown") {
    on_disk s;
    const auto small = header_of(1);
    const auto large = header_of(2);
    must_put(s, small, bytes_for(1000));
    must_put(s, large, bytes_for(1 << 20));
    for (const auto& h : {small, large}) {
        for (const std::uint64_t size : {0u, 4095u, 4096u, 4600u}) {
            CAPTURE(size);
            s.reopen();
            std::filesystem::resize_file(s.file_of(h.id), size);
            CHECK(code_of(read(s, h.id)) == errc::corrupt);
            CHECK(code_of(s.run(s.store().head(h.id))) == errc::corrupt);
        }
        s.reopen();
        std::filesystem::remove(s.file_of(h.id));
        CHECK(code_of(read(s, h.id)) == errc::corrupt);
        CHECK(s.run(s.store().erase(h.id)));
        CHECK(code_of(read(s, h.id)) == errc::not_found);
    }
}

TEST_CASE("a valid shard file in the wrong place is refused") {
    for (const std::size_t size : {std::size_t{500}, 40 * block}) {
        on_disk s;
        const auto mine = header_of(1, 0);
        const auto bytes = bytes_for(size);
        must_put(s, mine, bytes);
        auto swapped = [&](auto change) {
            auto other = name_for(mine, bytes);
            change(other);
            const auto from = s.file_of(mine.id);
            const auto to = s.path() + '/' + path_of(other);
            std::filesystem::rename(from, to);
            s.reopen();
            CHECK(code_of(read(s, other.id)) == errc::corrupt);
            CHECK(code_of(read(s, other.id, 0, 1)) == errc::corrupt);
            std::filesystem::rename(to, from);
        };
        swapped([](auto& to) { to.id.index = 1; });
        swapped([](auto& to) { to.id.chunk += 1; });
        swapped([](auto& to) { to.id.write += 1; });
        swapped([](auto& to) { to.id.object.counter += 1; });
        swapped([](auto& to) { to.id.hash += 1ull << 60; });
        swapped([](auto& to) { to.hash += 1; });
        swapped([](auto& to) { to.writer += 1; });
        swapped([](auto& to) { to.bytes -= 1; });
        s.reopen();
        CHECK(equal(read(s, mine.id)->bytes, bytes));
    }
}

TEST_CASE("blocks moved within a shard, or taken from a sibling, are refused") {
    on_disk s;
    const auto h = header_of(1, 0);
    const auto sibling = header_of(1, 1);
    const auto bytes = bytes_for(4 * block);
    must_put(s, h, bytes);
    must_put(s, sibling, bytes);  // the same bytes at another index
    std::string raw(shard::file_size(bytes.size()), '\0');
    std::ifstream{s.file_of(h.id), std::ios::binary}.read(raw.data(),
                                                          static_cast<std::streamsize>(raw.size()));
    std::string moved = raw;
    std::swap_ranges(moved.begin() + 4096, moved.begin() + 4096 + block,
                     moved.begin() + 4096 + 2 * block);
    std::ofstream{s.file_of(h.id), std::ios::binary} << moved;
    CHECK(code_of(read(s, h.id)) == errc::corrupt);
    std::ofstream{s.file_of(sibling.id), std::ios::binary} << raw;
    s.reopen();
    CHECK(code_of(read(s, sibling.id)) == errc::corrupt);
}

TEST_CASE("a shard file of a later format is refused by name") {
    std::array<std::byte, shard::file_page> page{};
    shard::encode_header(header_of(1), page);
    page[12] = std::byte{1};
    rsx::store_le(rsx::byte_span{page}.subspan(4092),
                  rsx::digest::crc32c_of(rsx::byte_view{page}.first(4092)));
    CHECK(code_of(shard::decode_header(page)) == errc::unsupported);
    page[12] = std::byte{0};
    page[16] = std::byte{1};  // a `may` bit is nobody's business
    rsx::store_le(rsx::byte_span{page}.subspan(4092),
                  rsx::digest::crc32c_of(rsx::byte_view{page}.first(4092)));
    CHECK(shard::decode_header(page));
}

TEST_CASE("strangers and leftovers: the first are left alone, the second removed") {
    on_disk s;
    must_put(s, header_of(1), bytes_for(10));
    const auto folder = s.file_of(header_of(1).id).parent_path();
    std::ofstream{folder / "notes.txt"} << "by hand";
    std::ofstream{folder / (shard::name_of(header_of(9).id) + ".4.new")} << "torn";
    std::filesystem::copy(s.file_of(header_of(1).id),
                          folder.parent_path() / (folder.filename() == "00" ? "01" : "00"));
    s.reopen();
    CHECK(ids(s) == std::vector{header_of(1).id});
    CHECK(std::filesystem::exists(folder / "notes.txt"));
    CHECK_FALSE(std::filesystem::exists(folder / (shard::name_of(header_of(9).id) + ".4.new")));
}

TEST_CASE("a directory of another holder, or without identity, is refused") {
    auto files = std::make_shared<disk::memory_files>();
    rsx::inline_pool threads;
    auto unknown = shard::directory::open(files, threads, here);
    CHECK(code_of(unknown) == errc::not_found);
    CHECK(unknown.error().why == rsx::reason{"no identity file here: is the disk mounted?"});
    REQUIRE(shard::directory_identity::create(*files, identity_here()));
    CHECK(shard::directory::open(files, threads, here));
    CHECK(code_of(shard::directory::open(files, threads, {.node = 3, .incarnation = 2})) ==
          errc::invalid);
}

TEST_CASE("a directory is open in one process at a time") {
    on_disk s;
    auto files = disk::posix_files::open_root(s.path());
    rsx::inline_pool threads;
    CHECK(code_of(shard::directory::open(std::move(*files), threads, here)) == errc::unavailable);
}

TEST_CASE("a store that is nearly full says so, a full one refuses to write and still erases") {
    on_memory s{1'000'000};
    const auto first = header_of(1);
    must_put(s, first, bytes_for(500'000));
    CHECK(s.run(s.store().status())->state == shard::state::ok);
    must_put(s, header_of(2), bytes_for(380'000));
    CHECK(s.run(s.store().status())->state == shard::state::near_full);
    auto open = begun(s, header_of(3));
    must_put(s, header_of(4), bytes_for(80'000));
    CHECK(s.run(s.store().status())->state == shard::state::full);
    CHECK(code_of(s.run(s.store().begin(header_of(5)))) == errc::full);
    REQUIRE(append(s, *open, header_of(3), bytes_for(10)));
    CHECK(code_of(s.run(open->seal())) == errc::full);
    REQUIRE(s.run(s.store().erase(first.id)));
    must_put(s, header_of(5), bytes_for(1000));
    CHECK(equal(read(s, header_of(2).id)->bytes, bytes_for(380'000)));
}

TEST_CASE("after a failed sync the store is fenced: it reads and never writes") {
    for (const auto which : {disk::call::sync, disk::call::sync_directory}) {
        on_memory s;
        must_put(s, header_of(1), bytes_for(100));
        bool broken = true;
        s.files().on_call([&](disk::call what, std::string_view) -> result<void> {
            if (broken && what == which) return rsx::fail(errc::io, "on purpose", 5);
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
}

TEST_CASE("a small shard costs one write, one sync and its share of a directory sync") {
    on_memory s;
    std::map<disk::call, int> calls;
    s.files().on_call([&](disk::call what, std::string_view) -> result<void> {
        ++calls[what];
        return {};
    });
    must_put(s, header_of(1), bytes_for(1024));
    CHECK(calls == std::map<disk::call, int>{{disk::call::room, 1},
                                             {disk::call::create, 1},
                                             {disk::call::write, 1},
                                             {disk::call::sync, 1},
                                             {disk::call::rename, 1},
                                             {disk::call::sync_directory, 1}});
    calls.clear();
    REQUIRE(read(s, header_of(1).id));
    CHECK(calls == std::map<disk::call, int>{{disk::call::open, 1}, {disk::call::read, 1}});
}

TEST_CASE("whatever call the power fails at, what was sealed is whole and nothing else is there") {
    // Two seals, one large, an erase and a torn writer; the disk stops at every call in turn.
    for (int last = 0;; ++last) {
        bool stopped = false;
        for (const auto seed : {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{1},
                                std::optional<std::uint64_t>{2}, std::optional<std::uint64_t>{3}}) {
            CAPTURE(last, seed.value_or(0));
            on_memory s;
            must_put(s, header_of(9), bytes_for(77, 9));
            int calls = 0;
            s.files().on_call([&](disk::call, std::string_view) -> result<void> {
                if (calls++ < last) return {};
                stopped = true;
                return rsx::fail(errc::io, "the power is off");
            });
            std::vector<std::uint64_t> sealed{};
            if (s.run(put(&s.store(), header_of(1), bytes_for(3000, 1), 8192))) sealed.push_back(1);
            const auto large = s.run(put(&s.store(), header_of(2), bytes_for(1'100'000, 2), 65536));
            if (large) sealed.push_back(2);
            const bool erased = s.run(s.store().erase(header_of(9).id)).has_value();
            {
                auto torn = s.run(s.store().begin(header_of(3)));
                if (torn) (void)append(s, **torn, header_of(3), bytes_for(1 << 20));
            }
            s.files().on_call({});
            s.files().crash({.seed = seed});
            s.reopen();
            for (const auto number : sealed) {
                const auto got = read(s, header_of(number).id);
                REQUIRE(got);
                CHECK(equal(got->bytes, bytes_for(number == 1 ? 3000 : 1'100'000, number)));
            }
            const auto gone = read(s, header_of(9).id);
            if (erased) CHECK(code_of(gone) == errc::not_found);
            if (gone) CHECK(equal(gone->bytes, bytes_for(77, 9)));
            CHECK(code_of(read(s, header_of(3).id)) == errc::not_found);
            for (const auto& each : ids(s)) {  // unacknowledged, perhaps there: then whole
                CHECK(read(s, each));
            }
        }
        if (!stopped) break;
    }
}

TEST_CASE("a process that is killed keeps every shard it acknowledged") {
    for (int round = 0; round < 4; ++round) {
        temporary_directory folder;
        {
            auto files = disk::posix_files::open_root(folder.path());
            REQUIRE(shard::directory_identity::create(**files, identity_here()));
        }
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            rsx::inline_pool threads;
            rsx::thread_loop loop;
            auto files = disk::posix_files::open_root(folder.path());
            auto opened = shard::directory::open(std::move(*files), threads, here);
            auto store = shard::wrap(std::move(*opened));
            for (std::uint64_t i = 0;; ++i) {
                const auto done =
                    loop.run(put(store.get(), header_of(i), bytes_for(i * 999, i), 8192));
                const char said = done ? 'k' : 'e';
                if (::write(pipe_ends[1], &said, 1) != 1) ::_exit(1);
            }
        }
        ::close(pipe_ends[1]);
        std::uint64_t acknowledged = 0;
        char said = 0;
        while (acknowledged < 25u + 10u * static_cast<unsigned>(round) &&
               ::read(pipe_ends[0], &said, 1) == 1) {
            REQUIRE(said == 'k');
            ++acknowledged;
        }
        ::kill(child, SIGKILL);
        int ended = 0;
        ::waitpid(child, &ended, 0);
        while (::read(pipe_ends[0], &said, 1) == 1) ++acknowledged;
        ::close(pipe_ends[0]);

        rsx::inline_pool threads;
        rsx::thread_loop loop;
        auto files = disk::posix_files::open_root(folder.path());
        auto opened = shard::directory::open(std::move(*files), threads, here);
        REQUIRE(opened);
        for (std::uint64_t i = 0; i < acknowledged; ++i) {
            const auto got = loop.run(opened->read(header_of(i).id, {0, 1000}));
            REQUIRE(got);
            CHECK(equal(got->bytes, bytes_for(i * 999, i)));
        }
        const auto all = loop.run(opened->list({}, shard::id_end(), 1000));
        CHECK(all->size() - acknowledged <= 1);
    }
}

TEST_CASE("a hung disk holds no caller, and what it was writing is not half there") {
    on_memory s;
    rsx::thread_pool threads{2};
    std::mutex gate;
    auto files = std::make_shared<disk::memory_files>();
    REQUIRE(shard::directory_identity::create(*files, identity_here()));
    auto opened = shard::directory::open(files, threads, here);
    REQUIRE(opened);
    files->on_call([&](disk::call what, std::string_view) -> result<void> {
        if (what == disk::call::sync) const std::lock_guard wait{gate};
        return {};
    });
    rsx::thread_loop loop;
    auto store = shard::wrap(std::move(*opened));
    {
        const std::lock_guard hung{gate};
        auto late = loop.run(rsx::within(std::chrono::milliseconds{20},
                                         put(store.get(), header_of(1), bytes_for(9), 8192)));
        CHECK(code_of(late) == errc::timed_out);
    }
    // It was submitted: it goes on to its end, and a retry finds the same bytes.
    auto again = loop.run(store->list({}, shard::id_end(), 10));
    for (int i = 0; i < 1000 && again->empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
        again = loop.run(store->list({}, shard::id_end(), 10));
    }
    REQUIRE(again->size() == 1);
    CHECK(equal(loop.run(store->read(header_of(1).id, {0, 1}))->bytes, bytes_for(9)));
}
