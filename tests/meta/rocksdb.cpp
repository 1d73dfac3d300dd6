// SPDX-License-Identifier: Apache-2.0
#include <rsx/meta/any.hpp>
#include <rsx/meta/rocksdb.hpp>
#include <rsx/meta/session.hpp>
#include <rsx/meta/sweeper.hpp>

#include "catch.hpp"
#include "laws.hpp"
#include "loop_thread.hpp"

#include <rocksdb/env.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using rsx::errc;
using rsx::result;
using rsx::task;
using rsx::meta::any_store;
using rsx::meta::rocksdb_store;
using rsx::meta::row;
using rsx::meta::stamp;

namespace {

// A directory that is gone afterwards.
struct scratch {
    scratch() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rsx-meta-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~scratch() { std::filesystem::remove_all(path); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    std::filesystem::path path{};
};

struct lab {
    rsx::thread_loop here{};
    rsx::thread_pool threads{3};
    loop_thread owner{};

    result<std::unique_ptr<rocksdb_store>> open(const scratch& at,
                                                rsx::meta::rocksdb_options options = {}) {
        return here.run(
            rocksdb_store::open((at.path / "db").string(), threads, owner.loop(), options));
    }
    std::unique_ptr<rocksdb_store> opened(const scratch& at) {
        auto made = open(at);
        INFO((made ? "" : to_string(made.error())));
        REQUIRE(made.has_value());
        return std::move(*made);
    }
};

}  // namespace

TEST_CASE("a store in RocksDB keeps every law") {
    const auto seed = GENERATE(1u, 2u);
    CAPTURE(seed);
    scratch dir;
    lab l;
    any_store store{l.opened(dir)};
    for (const laws::law& each : laws::all()) {
        INFO(each.name);
        CHECK(l.here.run(each.judge(store, seed)) == "");
    }
}

TEST_CASE("increments from many threads lose nothing in RocksDB") {
    scratch dir;
    lab l;
    any_store store{l.opened(dir)};
    std::vector<std::thread> threads;
    std::atomic<int> failed{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            rsx::thread_loop mine;
            if (!mine.run(laws::count_up(store, "n", 50))) ++failed;
        });
    for (auto& each : threads) each.join();
    CHECK(failed == 0);
    CHECK(l.here.run(laws::read(store, "n")).value == "200");
}

TEST_CASE("what was committed is there when it is opened again, and stamps go on") {
    scratch dir;
    std::set<std::array<std::byte, 16>> seen;
    stamp last;
    for (int boot = 0; boot < 5; ++boot) {
        lab l;
        any_store store{l.opened(dir)};
        if (boot > 0) CHECK(l.here.run(laws::read(store, "k")).at == last);
        for (int i = 0; i < 3; ++i) {
            last = l.here.run(laws::commit(store, laws::putting("k", "v")));
            CHECK(seen.insert(last.raw).second);
        }
    }
}

TEST_CASE("a directory that is open cannot be opened twice") {
    scratch dir;
    lab l;
    const auto first = l.opened(dir);
    CHECK(l.open(dir).error().code == errc::unavailable);
}

TEST_CASE("a directory that cannot be made is an error, not an exception") {
    lab l;
    const auto opened =
        l.here.run(rocksdb_store::open("/proc/rsx-cannot-be-made/db", l.threads, l.owner.loop()));
    CHECK(opened.error().code == errc::io);
}

TEST_CASE("a build that meets bits it does not know refuses the database") {
    scratch dir;
    lab l;
    {
        const auto made = l.opened(dir);
    }
    {
        rocksdb::DB* db = nullptr;
        std::vector<rocksdb::ColumnFamilyHandle*> families;
        const std::vector<rocksdb::ColumnFamilyDescriptor> columns{
            {rocksdb::kDefaultColumnFamilyName, {}}, {"rsx", {}}};
        REQUIRE(rocksdb::DB::Open({}, (dir.path / "db").string(), columns, &families, &db).ok());
        std::string format;
        REQUIRE(db->Get({}, families[1], "format", &format).ok());
        format[10] = '\x04';
        REQUIRE(db->Put({}, families[1], "format", format).ok());
        for (auto* each : families) (void)db->DestroyColumnFamilyHandle(each);
        (void)db->Close();
        delete db;
    }
    CHECK(l.open(dir).error().code == errc::unsupported);
}

TEST_CASE("a log that is damaged in the middle is corrupt, not cut") {
    scratch dir;
    lab l;
    {
        any_store store{l.opened(dir)};
        for (int i = 0; i < 200; ++i)
            (void)l.here.run(
                laws::commit(store, laws::putting("k" + std::to_string(i), std::string(500, 'v'))));
    }
    std::filesystem::path log;
    for (const auto& each : std::filesystem::directory_iterator(dir.path / "db"))
        if (each.path().extension() == ".log" && each.file_size() > 50'000) log = each.path();
    REQUIRE_FALSE(log.empty());
    {
        std::fstream file{log, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(log) / 2));
        file.write("damage", 6);
    }
    CHECK(l.open(dir).error().code == errc::corrupt);
}

namespace {

// A disk whose syncs fail from some moment on.
struct failing_syncs final : rocksdb::EnvWrapper {
    failing_syncs() : EnvWrapper{rocksdb::Env::Default()} {}
    const char* Name() const override { return "failing syncs"; }

    struct file final : rocksdb::WritableFileWrapper {
        file(std::unique_ptr<rocksdb::WritableFile> inner, const std::atomic<bool>& fails)
            : WritableFileWrapper{inner.get()}, inner_{std::move(inner)}, fails_{fails} {}
        rocksdb::Status Sync() override {
            if (fails_) return rocksdb::Status::IOError("the disk is gone");
            return WritableFileWrapper::Sync();
        }
        rocksdb::Status Fsync() override { return Sync(); }
        std::unique_ptr<rocksdb::WritableFile> inner_;
        const std::atomic<bool>& fails_;
    };

    rocksdb::Status NewWritableFile(const std::string& name,
                                    std::unique_ptr<rocksdb::WritableFile>* out,
                                    const rocksdb::EnvOptions& options) override {
        std::unique_ptr<rocksdb::WritableFile> inner;
        auto made = EnvWrapper::NewWritableFile(name, &inner, options);
        if (made.ok()) *out = std::make_unique<file>(std::move(inner), fails);
        return made;
    }

    std::atomic<bool> fails{false};
};

}  // namespace

TEST_CASE("a sync that fails leaves its commits unknown and fences the store") {
    scratch dir;
    failing_syncs disk;
    rsx::meta::rocksdb_options options;
    options.env = &disk;
    lab l;
    stamp sure;
    {
        auto made = l.open(dir, options);
        REQUIRE(made.has_value());
        any_store store{std::move(*made)};
        sure = l.here.run(laws::commit(store, laws::putting("sure", "v")));
        REQUIRE_FALSE(sure.absent());
        disk.fails = true;
        const auto lost = l.here.run(store.commit(laws::putting("lost", "v")));
        CHECK(lost.error().code == errc::unknown_outcome);
        disk.fails = false;
        const auto after = l.here.run(store.commit(laws::putting("after", "v")));
        CHECK(after.error().code == errc::io);
        CHECK(l.here.run(laws::read(store, "sure")).at == sure);
        CHECK(l.here.run(laws::read(store, "lost")).absent());
    }
    any_store store{l.opened(dir)};
    CHECK(l.here.run(laws::read(store, "sure")).at == sure);
    CHECK(l.here.run(laws::read(store, "after")).absent());
    CHECK_FALSE(l.here.run(laws::commit(store, laws::putting("after", "v"))).absent());
}

TEST_CASE("sessions commit through RocksDB, and an older one is swept when it is opened again") {
    scratch dir;
    lab l;
    const auto open_session = [&](any_store& store) {
        return l.here.run(rsx::meta::session::open(store, rsx::system_wall_clock(),
                                                   rsx::system_entropy(), {.address = "here"}));
    };
    {
        any_store store{l.opened(dir)};
        auto mine = open_session(store);
        REQUIRE(mine.has_value());
        CHECK(l.here.run((*mine)->commit(laws::putting("k", "v")))->committed());
        CHECK(l.here.run((*mine)->renew()).has_value());
    }  // not closed
    any_store store{l.opened(dir)};
    auto mine = open_session(store);
    REQUIRE(mine.has_value());
    CHECK((*mine)->incarnation() == 2);
    rsx::meta::sweeper sweep{**mine};
    CHECK(*l.here.run(sweep.all_older()) == std::vector<std::uint64_t>{1});
    CHECK(l.here.run((*mine)->close()).has_value());
}

namespace {

// The writer program, and what it said.
struct child {
    explicit child(const std::filesystem::path& db, int writers) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_addclose(&actions, ends[0]);
        std::string program = WRITER;
        std::string path = db.string();
        std::string count = std::to_string(writers);
        char* arguments[] = {program.data(), path.data(), count.data(), nullptr};
        REQUIRE(::posix_spawn(&pid, WRITER, &actions, nullptr, arguments, environ) == 0);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        out = ends[0];
    }
    ~child() { ::close(out); }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    // Lets it say so many lines, kills it, and reads the rest. The last commit of each writer.
    std::map<int, int> kill_after(std::size_t lines) {
        std::string said;
        char piece[4096];
        bool killed = false;
        while (true) {
            const auto got = ::read(out, piece, sizeof piece);
            if (got <= 0) break;
            said.append(piece, static_cast<std::size_t>(got));
            if (killed || static_cast<std::size_t>(std::ranges::count(said, '\n')) < lines)
                continue;
            ::kill(pid, SIGKILL);
            killed = true;
        }
        int how = 0;
        ::waitpid(pid, &how, 0);
        INFO("the writer said: " << said.substr(0, 200));
        REQUIRE(WIFSIGNALED(how));
        std::map<int, int> last;
        std::istringstream words{said};
        for (int writer = 0, n = 0; words >> writer >> n;) last[writer] = n;
        return last;
    }

    pid_t pid{0};
    int out{-1};
};

}  // namespace

TEST_CASE("killed at any moment, it loses nothing acknowledged and shows nothing half done") {
    constexpr int writers = 8;
    const std::uint64_t seed = 20;
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    scratch dir;
    std::map<int, int> acknowledged;
    for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        {
            child writer{dir.path / "db", writers};
            for (const auto& [name, n] : writer.kill_after(1 + random.below(400)))
                acknowledged[name] = n;
        }
        lab l;
        any_store store{l.opened(dir)};
        for (int w = 0; w < writers; ++w) {
            CAPTURE(w);
            const std::string name = std::to_string(w);
            const row a = l.here.run(laws::read(store, "a/" + name));
            const row b = l.here.run(laws::read(store, "b/" + name));
            const int reached = a.absent() ? 0 : std::stoi(a.value);
            CHECK(a.value == b.value);
            CHECK(a.at == b.at);
            CHECK(reached >= acknowledged[w]);
            int n = 0;
            std::string from = "log/" + name + "/";
            for (bool more = true; more;) {
                auto shown = l.here.run(laws::scan(store, from, "log/" + name + "0"));
                REQUIRE(shown.has_value());
                for (const row& each : shown->rows[0]) {
                    ++n;
                    REQUIRE(each.key == "log/" + name + "/" + std::to_string(100'000 + n));
                    REQUIRE(each.value.size() == static_cast<std::size_t>(n % 700));
                    from = each.key + '\0';
                }
                more = shown->more[0];
            }
            CHECK(n == reached);
        }
    }
}
