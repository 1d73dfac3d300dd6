// SPDX-License-Identifier: Apache-2.0
#include <rsx/wal/file_log.hpp>

#include <rsx/disk/posix.hpp>

#include "helpers.hpp"
#include "temporary.hpp"

#include <sys/wait.h>
#include <csignal>
#include <thread>

using namespace wal_tests;

namespace {

void laws(disk::files& files) {
    SECTION("what was synced is read back in order, from any record, across segments") {
        std::vector<wal::lsn> at;
        std::vector<std::string> texts;
        {
            const auto log = must_open(files);
            for (std::uint64_t n = 0; n < 2000; ++n) {
                texts.push_back(text(n));
                at.push_back(must_append(*log, texts.back()));
                if (n % 37 == 0) CHECK(*log->sync() == log->end());
            }
            CHECK(*log->sync() > at.back());
            const auto seen = all_of(*log, 0);
            CHECK(seen.at == at);
            CHECK(seen.text == texts);
        }
        const auto log = must_open(files);
        CHECK(files.names("log")->size() > 5);
        const auto again = all_of(*log, 0);
        CHECK(again.at == at);
        CHECK(again.text == texts);
        for (const std::size_t from : {1u, 57u, 999u, 1500u, 1999u}) {
            const auto part = all_of(*log, at[from]);
            CHECK(part.at == std::vector(at.begin() + static_cast<std::ptrdiff_t>(from), at.end()));
            const auto between = all_of(*log, at[from] - 1);
            CHECK(between.at == part.at);
        }
        CHECK(all_of(*log, log->end()).at.empty());
        CHECK(all_of(*log, log->end() + 1000).at.empty());
    }
    SECTION("what was not synced is not read, and positions go on after a restart") {
        wal::lsn last = 0;
        {
            const auto log = must_open(files);
            must_append(*log, "one");
            REQUIRE(log->sync());
            last = must_append(*log, "two");
            CHECK(all_of(*log, 0).text == std::vector<std::string>{"one"});
        }
        const auto log = must_open(files);
        CHECK(all_of(*log, 0).text == std::vector<std::string>{"one"});
        CHECK(must_append(*log, "three") >= last);
        REQUIRE(log->sync());
        CHECK(all_of(*log, 0).text == std::vector<std::string>{"one", "three"});
    }
    SECTION("restarts without appends change nothing") {
        for (int i = 0; i < 5; ++i) {
            const auto log = must_open(files);
            CHECK(log->end() == 0);
            CHECK(log->cut() == 0);
        }
        {
            const auto log = must_open(files);
            must_append(*log, "one");
            REQUIRE(log->sync());
        }
        for (int i = 0; i < 5; ++i) {
            const auto log = must_open(files);
            CHECK(all_of(*log, 0).text == std::vector<std::string>{"one"});
        }
        CHECK(files.names("log")->size() <= 2);
    }
    SECTION("trimming removes whole segments below, and positions stay") {
        wal::lsn middle = 0;
        wal::lsn end = 0;
        {
            const auto log = must_open(files);
            for (std::uint64_t n = 0; n < 3000; ++n) {
                const auto at = must_append(*log, text(n));
                if (n == 1500) middle = at;
                if (n % 100 == 0) REQUIRE(log->sync());
            }
            REQUIRE(log->sync());
            REQUIRE(log->trim(middle));
            CHECK(log->first() <= middle);
            CHECK(log->first() + 64 * rsx::kib > middle);
            CHECK(code_of(log->read(0)) == errc::not_found);
            CHECK(all_of(*log, middle).text.front() == text(1500));
            REQUIRE(log->trim(~wal::lsn{0}));
            CHECK(files.names("log")->size() == 1);
            end = log->end();
        }
        const auto log = must_open(files);
        CHECK(log->end() >= end);
        const auto at = must_append(*log, "after");
        CHECK(at >= end);
        REQUIRE(log->sync());
        CHECK(all_of(*log, at).text == std::vector<std::string>{"after"});
    }
    SECTION("a record may be longer than a segment") {
        const auto log = must_open(files);
        const std::string big(300'000, 'b');
        must_append(*log, "small");
        must_append(*log, big);
        must_append(*log, "small");
        REQUIRE(log->sync());
        CHECK(all_of(*log, 0).text == std::vector<std::string>{"small", big, "small"});
        CHECK(all_of(*must_open(files), 0).text.size() == 3);
    }
    SECTION("a log that must be there and is not, is not found") {
        CHECK(code_of(wal::file_log::open(files, "other", {.entropy = dice(), .create = false})) ==
              errc::not_found);
    }
    SECTION("closing leaves a proof that all was durable") {
        {
            const auto log = must_open(files);
            must_append(*log, "one");
            REQUIRE(log->close());
            CHECK(all_of(*log, 0).text == std::vector<std::string>{"one"});
        }
        CHECK(all_of(*must_open(files), 0).text == std::vector<std::string>{"one"});
    }
}

// The file of the last segment that has records.
std::string last_segment(disk::files& files) {
    const auto names = files.names("log");
    return "log/" + names->back();
}

}  // namespace

TEST_CASE("a log in files of the system keeps the laws of logs") {
    const temporary_directory folder;
    auto files = disk::posix_files::open_root(folder.path());
    laws(**files);
}

TEST_CASE("a log in files in memory keeps the laws of logs") {
    disk::memory_files files;
    laws(files);
}

TEST_CASE("a torn tail is cut, and never comes back") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        disk::memory_files files;
        std::vector<std::string> kept;
        for (std::uint64_t round = 0; round < 4; ++round) {
            {
                const auto log = must_open(files, 8 * rsx::kib);
                const auto found = all_of(*log, 0).text;
                REQUIRE(found.size() >= kept.size());
                CHECK(std::equal(kept.begin(), kept.end(), found.begin()));
                kept = found;  // what was seen must stay
                for (std::uint64_t n = 0; n < 20; ++n) {
                    kept.push_back(text(seed * 1000 + round * 100 + n));
                    must_append(*log, kept.back());
                }
                REQUIRE(log->sync());
                // A batch whose sync never ends: its write may survive in part.
                for (std::uint64_t n = 0; n < 20; ++n) must_append(*log, text(n));
                files.on_call([](disk::call what, std::string_view) -> result<void> {
                    if (what == disk::call::sync) return rsx::fail(errc::io, "the power is off");
                    return {};
                });
                CHECK_FALSE(log->sync());
            }
            files.on_call({});
            files.crash({.seed = seed * 10 + round});
        }
    }
}

TEST_CASE("whatever call the power fails at, what was acknowledged is there and in order") {
    std::uint64_t states = 0;
    for (int last = 0;; ++last) {
        bool stopped = false;
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            CAPTURE(last, seed);
            ++states;
            disk::memory_files files;
            int calls = 0;
            files.on_call([&](disk::call, std::string_view) -> result<void> {
                if (calls++ < last) return {};
                stopped = true;
                return rsx::fail(errc::io, "the power is off");
            });
            std::vector<std::string> appended;
            std::size_t acknowledged = 0;
            wal::lsn trimmed = 0;
            std::uint64_t n = 0;
            for (int life = 0; life < 2; ++life) {  // the second one recovers under fire as well
                auto log = reopen(files, 4 * rsx::kib);
                if (!log) break;
                for (int batch = 0; batch < 6; ++batch) {
                    const std::size_t before = appended.size();
                    for (int i = 0; i < 5; ++i) {
                        appended.push_back(text(++n));
                        if (!(*log)->append(rsx::bytes_of(appended.back()))) appended.pop_back();
                    }
                    const auto done = (*log)->sync();
                    if (done) acknowledged = appended.size();
                    if (!done && appended.size() == before) break;
                    if (batch == 4 && (*log)->trim(*done)) trimmed = (*log)->first();
                }
            }
            files.on_call({});
            files.crash({.seed = seed});
            const auto log = must_open(files, 4 * rsx::kib);
            const auto found = all_of(*log, log->first()).text;
            if (log->first() == 0 && trimmed == 0) {
                REQUIRE(found.size() >= acknowledged);
                CHECK(std::equal(found.begin(), found.end(), appended.begin()));
            } else if (acknowledged > 0) {  // the front was trimmed: a run that reaches the end
                const auto at = std::find(appended.begin(), appended.end(),
                                          found.empty() ? std::string{} : found.front());
                if (!found.empty()) {
                    const auto from = static_cast<std::size_t>(at - appended.begin());
                    CHECK(from + found.size() >= acknowledged);
                    CHECK(std::equal(found.begin(), found.end(), at));
                }
            }
            // And it can be used.
            must_append(*log, "after");
            REQUIRE(log->sync());
            CHECK(all_of(*log, log->first()).text.back() == "after");
        }
        if (!stopped) break;
    }
    CHECK(states > 300);
}

TEST_CASE("a bad record that was durable once is corruption, wherever it is") {
    disk::memory_files original;
    std::vector<wal::lsn> at;
    {
        const auto log = must_open(original, 1 << 20);
        for (std::uint64_t n = 0; n < 50; ++n) {
            at.push_back(must_append(*log, text(n)));
            REQUIRE(log->sync());
        }
    }
    const auto path = last_segment(original);
    // Every record but the last is proved durable by a later one.
    for (std::size_t n = 0; n + 1 < at.size(); n += 3) {
        CAPTURE(n);
        disk::memory_files files;
        {
            const auto log = must_open(files, 1 << 20);
            for (std::uint64_t i = 0; i < 50; ++i) {
                must_append(*log, text(i));
                REQUIRE(log->sync());
            }
        }
        REQUIRE(files.flip(path, wal::segment_page + at[n] + 5));
        const auto opened = reopen(files, 1 << 20);
        CHECK(code_of(opened) == errc::corrupt);
        CHECK(opened.error().detail == at[n]);
    }
}

TEST_CASE("the last batch is proved durable by a mark, and without one it is a torn tail") {
    for (const bool closed : {false, true}) {
        disk::memory_files files;
        wal::lsn last = 0;
        {
            const auto log = must_open(files);
            must_append(*log, "first");
            REQUIRE(log->sync());
            last = must_append(*log, "last");
            REQUIRE(log->sync());
            if (closed) REQUIRE(log->close());
        }
        REQUIRE(files.flip(last_segment(files), wal::segment_page + last + 18));
        const auto opened = reopen(files);
        if (closed) {
            CHECK(code_of(opened) == errc::corrupt);
        } else {
            REQUIRE(opened);
            CHECK((*opened)->cut() > 0);
            CHECK(all_of(**opened, 0).text == std::vector<std::string>{"first"});
        }
    }
}

TEST_CASE("rot, loss and mixing of whole segments is corruption") {
    const auto fill = [](disk::files& files) {
        const auto log = must_open(files, 2 * rsx::kib);
        for (std::uint64_t n = 0; n < 200; ++n) {
            must_append(*log, "record " + std::to_string(n));
            if (n % 10 == 0) REQUIRE(log->sync());
        }
        REQUIRE(log->sync());
    };
    disk::memory_files files;
    fill(files);
    const auto names = *files.names("log");
    REQUIRE(names.size() > 3);

    SECTION("a missing segment in the middle") {
        REQUIRE(files.remove("log/" + names[1]));
        CHECK(code_of(reopen(files)) == errc::corrupt);
    }
    SECTION("a broken header") {
        REQUIRE(files.flip("log/" + names[1], 24));
        CHECK(code_of(reopen(files)) == errc::corrupt);
    }
    SECTION("a broken record is found when it is read") {
        REQUIRE(files.flip("log/" + names[1], wal::segment_page + 30));
        const auto log = must_open(files);
        auto records = log->read(0);
        result<std::optional<wal::entry>> next;
        do next = records->next();
        while (next && *next);
        CHECK(code_of(next) == errc::corrupt);
    }
    SECTION("a segment of another log") {
        disk::memory_files other;
        fill(other);
        auto from = other.open("log/" + names[1]);
        std::vector<std::byte> bytes(*(*from)->size());
        REQUIRE((*from)->read(0, bytes));
        auto to = files.open("log/" + names[1]);
        REQUIRE((*to)->write(0, bytes));
        CHECK(code_of(reopen(files)) == errc::corrupt);
    }
    SECTION("a segment under another's name") {
        REQUIRE(files.rename("log/" + names[2], "log/" + names[1]));
        CHECK(code_of(reopen(files)) == errc::corrupt);
    }
    SECTION("a segment that was cut short by hand") {
        auto file = files.open("log/" + names[1]);
        REQUIRE((*file)->truncate(wal::segment_page + 1000));
        CHECK(code_of(reopen(files)) == errc::corrupt);
    }
}

TEST_CASE("after a failed sync the log is fenced, and what it said was durable stays") {
    disk::memory_files files;
    {
        const auto log = must_open(files);
        must_append(*log, "good");
        REQUIRE(log->sync());
        bool broken = true;
        files.on_call([&](disk::call what, std::string_view) -> result<void> {
            if (broken && what == disk::call::sync) return rsx::fail(errc::io, "on purpose");
            return {};
        });
        must_append(*log, "lost");
        CHECK(code_of(log->sync()) == errc::io);
        broken = false;
        CHECK(code_of(log->sync()) == errc::io);
        CHECK(code_of(log->append(rsx::bytes_of("no"))) == errc::io);
        CHECK(all_of(*log, 0).text == std::vector<std::string>{"good"});
        files.on_call({});
    }
    // The pages of the failed sync look good to whoever opens the log now; what it then says is
    // durable must be so.
    const auto shown = all_of(*must_open(files), 0).text;
    files.crash();
    CHECK(all_of(*must_open(files), 0).text == shown);
}

TEST_CASE("a full disk refuses records, and trimming makes room") {
    disk::memory_files files{40'000};
    const auto log = must_open(files, 8'000);
    std::uint64_t n = 0;
    result<wal::lsn> done = wal::lsn{0};
    while (done) {
        must_append(*log, std::string(700, 'x'));
        done = log->sync();
        REQUIRE(++n < 100);
    }
    CHECK(done.error().code == errc::full);
    REQUIRE(log->trim(log->durable()));
    REQUIRE(log->sync());
    CHECK(log->durable() == log->end());
    CHECK(all_of(*log, log->first()).text.back() == std::string(700, 'x'));
}

TEST_CASE("threads share syncs, and each is acknowledged only by a later one") {
    const temporary_directory folder;
    auto files = disk::posix_files::open_root(folder.path());
    const auto log = must_open(**files, 1 << 20);
    std::vector<std::thread> writers;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 8; ++t) {
        writers.emplace_back([&, t] {
            for (int i = 0; i < 20; ++i) {
                const auto at =
                    log->append(rsx::bytes_of(text(static_cast<unsigned>(t * 100 + i))));
                const auto done = log->sync();
                if (!at || !done || *done <= *at || log->durable() <= *at) ++wrong;
            }
        });
    }
    for (auto& each : writers) each.join();
    CHECK(wrong == 0);
    CHECK(all_of(*log, 0).text.size() == 160);
}

TEST_CASE("a process that is killed keeps every record it acknowledged") {
    const temporary_directory folder;
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto files = disk::posix_files::open_root(folder.path());
        auto log = reopen(**files, 16 * rsx::kib);
        for (std::uint64_t n = 0;; ++n) {
            const bool good = (*log)->append(rsx::bytes_of(text(n))) && (*log)->sync();
            const char said = good ? 'k' : 'e';
            if (::write(pipe_ends[1], &said, 1) != 1) ::_exit(1);
        }
    }
    ::close(pipe_ends[1]);
    std::uint64_t acknowledged = 0;
    char said = 0;
    while (acknowledged < 60 && ::read(pipe_ends[0], &said, 1) == 1) {
        REQUIRE(said == 'k');
        ++acknowledged;
    }
    ::kill(child, SIGKILL);
    int ended = 0;
    ::waitpid(child, &ended, 0);
    while (::read(pipe_ends[0], &said, 1) == 1) ++acknowledged;
    ::close(pipe_ends[0]);
    auto files = disk::posix_files::open_root(folder.path());
    const auto found = all_of(*must_open(**files), 0).text;
    REQUIRE(found.size() >= acknowledged);
    for (std::uint64_t n = 0; n < found.size(); ++n) CHECK(found[n] == text(n));
}
