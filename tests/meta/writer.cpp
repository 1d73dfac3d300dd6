// SPDX-License-Identifier: Apache-2.0

// Commits to a RocksDB store until it is killed, and says what was acknowledged: for tests.
//
//     meta_writer DIRECTORY WRITERS        -> "3 17\n": writer 3's seventeenth commit is durable
//
// Commit n of a writer raises two counters and adds a row, all in one: so a test can see whether
// anything is lost, or only half there.
#include <rsx/core/gather.hpp>
#include <rsx/core/thread_loop.hpp>
#include <rsx/meta/any.hpp>
#include <rsx/meta/rocksdb.hpp>

#include <unistd.h>

namespace {

using rsx::result;
using rsx::task;
using rsx::meta::any_store;
using rsx::meta::commit_request;

void say(std::string line) {
    line += '\n';
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(3);
}

task<result<int>> write_for_ever(any_store& store, std::string name) {
    std::vector<std::string> keys{"a/" + name, "b/" + name};
    auto looking = store.get(keys, rsx::meta::reading::each);
    auto now = co_await looking;
    if (!now) co_return std::unexpected(now.error());
    rsx::meta::stamp at = now->at(0).at;
    for (int n = at.absent() ? 1 : std::stoi(now->at(0).value) + 1;; ++n) {
        commit_request next;
        next.compares.push_back({keys[0], at});
        next.changes.push_back({keys[0], std::to_string(n)});
        next.changes.push_back({keys[1], std::to_string(n)});
        next.changes.push_back({"log/" + name + "/" + std::to_string(100'000 + n),
                                std::string(static_cast<std::size_t>(n % 700), 'x')});
        auto work = store.commit(std::move(next));
        auto answer = co_await work;
        if (!answer) co_return std::unexpected(answer.error());
        if (!answer->committed()) co_return rsx::fail(rsx::errc::conflict, "the only writer");
        at = answer->at;
        say(name + " " + std::to_string(n));
    }
}

task<result<int>> run(std::string path, int writers, rsx::pool& threads, rsx::loop& loop) {
    auto opening = rsx::meta::rocksdb_store::open(path, threads, loop);
    auto opened = co_await opening;
    if (!opened) co_return std::unexpected(opened.error());
    any_store store{std::move(*opened)};
    std::vector<task<result<int>>> work;
    for (int i = 0; i < writers; ++i) work.push_back(write_for_ever(store, std::to_string(i)));
    auto all = co_await rsx::gather(std::move(work));
    co_return all.front();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    rsx::thread_loop loop;
    rsx::thread_pool threads{2};
    const auto end = loop.run(run(argv[1], std::stoi(argv[2]), threads, loop));
    say(end ? "ended" : to_string(end.error()));
    return 1;
}
