// SPDX-License-Identifier: Apache-2.0

// The laws of metadata stores, for every model and against stores that break them.
//
//     for (const law& each : laws::all()) CHECK(loop.run(each.judge(store, seed)) == "");
//
// A verdict is empty if the law held, else what was wrong: so a test can also demand that a broken
// store is caught. Each law keeps to rows under a prefix of its own.
#pragma once

#include <rsx/core/gather.hpp>
#include <rsx/core/limits.hpp>
#include <rsx/meta/any.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace laws {

using rsx::errc;
using rsx::result;
using rsx::task;
using rsx::meta::any_store;
using rsx::meta::commit_answer;
using rsx::meta::commit_request;
using rsx::meta::page;
using rsx::meta::range;
using rsx::meta::reading;
using rsx::meta::row;
using rsx::meta::scan_limits;
using rsx::meta::stamp;

using verdict = std::string;  // empty: the law held

struct law {
    const char* name;
    task<verdict> (*judge)(any_store&, std::uint64_t seed);
};

// --- small steps -------------------------------------------------------------------------------
inline task<row> read(any_store& s, std::string key) {
    std::vector<std::string> keys{std::move(key)};
    auto rows = co_await s.get(std::move(keys), reading::each);
    if (!rows || rows->size() != 1) co_return row{.key = "the read failed"};
    co_return std::move(rows->front());
}

inline commit_request putting(std::string key, std::string value) {
    commit_request r;
    r.changes.push_back({std::move(key), std::move(value)});
    return r;
}
inline commit_request putting_if(std::string key, stamp at, std::string value) {
    commit_request r = putting(key, std::move(value));
    r.compares.push_back({std::move(key), at});
    return r;
}
inline commit_request erasing(std::string key) {
    commit_request r;
    r.changes.push_back({std::move(key), std::nullopt});
    return r;
}

// The stamp that was given; absent if it was not committed.
inline task<stamp> commit(any_store& s, commit_request r) {
    auto answer = co_await s.commit(std::move(r));
    if (!answer || !answer->committed()) co_return stamp{};
    co_return answer->at;
}

inline task<result<page>> scan(any_store& s, std::string from, std::string to,
                               std::size_t rows = 1000) {
    std::vector<range> ranges{range{std::move(from), std::move(to)}};
    scan_limits limits{};
    limits.rows = rows;
    co_return co_await s.scan(std::move(ranges), limits, reading::each);
}

// --- the laws ----------------------------------------------------------------------------------
inline task<verdict> what_was_put_is_there(any_store& s, std::uint64_t) {
    row before = co_await read(s, "there/k");
    if (!before.absent() || !before.value.empty()) co_return "a row was there before it was put";
    const std::string strange{"\0\xff\x80 v", 5};
    const stamp at = co_await commit(s, putting("there/k", strange));
    if (at.absent()) co_return "a put without compares did not commit";
    row after = co_await read(s, "there/k");
    if (after.value != strange || after.at != at) co_return "not the value or stamp that was put";
    const stamp empty = co_await commit(s, putting("there/empty", ""));
    row nothing = co_await read(s, "there/empty");
    if (nothing.absent() || nothing.at != empty) co_return "an empty value is not absence";
    const stamp gone = co_await commit(s, erasing("there/k"));
    if (gone.absent()) co_return "an erase did not commit";
    row erased = co_await read(s, "there/k");
    if (!erased.absent() || !erased.value.empty()) co_return "an erased row is still there";
    commit_request none;
    auto trivial = co_await s.commit(std::move(none));
    if (!trivial || !trivial->committed()) co_return "an empty commit does not commit";
    co_return "";
}

inline task<verdict> a_stale_compare_changes_nothing(any_store& s, std::uint64_t) {
    const stamp old = co_await commit(s, putting("stale/k", "1"));
    const stamp now = co_await commit(s, putting_if("stale/k", old, "2"));
    if (now.absent()) co_return "a compare that holds was refused";
    commit_request late = putting("stale/other", "x");
    late.compares.push_back({"stale/k", old});
    late.changes.push_back({"stale/k", std::nullopt});
    auto answer = co_await s.commit(std::move(late));
    if (!answer || answer->committed()) co_return "a stale compare was accepted";
    row other = co_await read(s, "stale/other");
    row same = co_await read(s, "stale/k");
    if (!other.absent() || same.value != "2") co_return "a refused commit changed something";
    auto again = co_await s.commit(putting_if("stale/k", stamp{}, "3"));
    if (!again || again->committed()) co_return "a compare with absence was accepted";
    auto missing = co_await s.commit(putting_if("stale/none", now, "3"));
    if (!missing || missing->committed()) co_return "a compare of an absent row was accepted";
    co_return "";
}

inline task<verdict> a_conflict_brings_the_rows_that_differ(any_store& s, std::uint64_t) {
    const stamp a = co_await commit(s, putting("differ/a", "A"));
    const stamp b = co_await commit(s, putting("differ/b", "B"));
    commit_request r = putting("differ/new", "x");
    r.compares.push_back({"differ/a", a});        // holds
    r.compares.push_back({"differ/b", a});        // another stamp
    r.compares.push_back({"differ/c", b});        // absent
    r.compares.push_back({"differ/d", stamp{}});  // holds
    auto answer = co_await s.commit(std::move(r));
    if (!answer) co_return "a conflict is an answer, not an error";
    if (answer->differ.size() != 2)
        co_return "a conflict names the rows that differ, and no others";
    std::map<std::string, row> by_key;
    for (const row& each : answer->differ) by_key[each.key] = each;
    const row& present = by_key["differ/b"];
    if (present.at != b || present.value != "B") co_return "a conflict brings rows as they are";
    const auto gone = by_key.find("differ/c");
    if (gone == by_key.end() || !gone->second.absent()) co_return "an absent row differs as absent";
    co_return "";
}

inline task<verdict> stamps_never_repeat(any_store& s, std::uint64_t) {
    std::set<std::array<std::byte, 16>> seen;
    for (int i = 0; i < 50; ++i) {
        const stamp at = co_await commit(s, putting("again/k", "same"));
        if (!seen.insert(at.raw).second) co_return "a stamp was given twice";
        if (i % 2 == 0) (void)co_await commit(s, erasing("again/k"));
    }
    const stamp first = co_await commit(s, putting("again/aba", "v"));
    (void)co_await commit(s, erasing("again/aba"));
    (void)co_await commit(s, putting("again/aba", "v"));
    const stamp late = co_await commit(s, putting_if("again/aba", first, "w"));
    if (!late.absent()) co_return "a row that was erased and made again passed for the old one";
    co_return "";
}

inline task<verdict> a_commit_is_one_instant(any_store& s, std::uint64_t) {
    commit_request many;
    for (int i = 0; i < 90; ++i) many.changes.push_back({"one/" + std::to_string(i), "v"});
    const stamp at = co_await commit(s, std::move(many));
    auto shown = co_await scan(s, "one/", "one0");
    if (!shown || shown->rows.at(0).size() != 90) co_return "not all changes of a commit are there";
    for (const row& each : shown->rows[0])
        if (each.at != at) co_return "rows of one commit have one stamp";
    co_return "";
}

inline task<verdict> get_answers_in_the_order_asked(any_store& s, std::uint64_t) {
    commit_request few;
    for (const char* k : {"ask/a", "ask/b", "ask/c"}) few.changes.push_back({k, std::string{k}});
    (void)co_await commit(s, std::move(few));
    for (const reading how : {reading::each, reading::at_once}) {
        std::vector<std::string> keys{"ask/c", "ask/x", "ask/a", "ask/c"};
        auto rows = co_await s.get(keys, how);
        if (!rows || rows->size() != keys.size()) co_return "one row a key that was asked";
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const bool there = keys[i] != "ask/x";
            if ((*rows)[i].key != keys[i]) co_return "rows come in the order of the keys";
            if ((*rows)[i].absent() == there) co_return "the wrong rows are there";
            if (there && (*rows)[i].value != keys[i]) co_return "the value of another row";
        }
    }
    std::vector<std::string> none;
    auto nothing = co_await s.get(std::move(none), reading::at_once);
    if (!nothing || !nothing->empty()) co_return "a get of nothing answers nothing";
    co_return "";
}

inline std::vector<std::string> strange_keys(const std::string& prefix, std::uint64_t seed) {
    rsx::seeded_entropy random{seed};
    const std::string alphabet{"\0\1ab\x7f\x80\xff", 7};
    std::set<std::string> made;
    while (made.size() < 60) {
        std::string k = prefix;
        for (auto n = random.below(5); n > 0; --n) k += alphabet[random.below(alphabet.size())];
        k += alphabet[random.below(alphabet.size())];
        made.insert(k);
    }
    return {made.begin(), made.end()};
}

inline task<verdict> a_scan_is_ordered_by_bytes(any_store& s, std::uint64_t seed) {
    const auto keys = strange_keys("order/", seed);
    commit_request all;
    for (auto it = keys.rbegin(); it != keys.rend(); ++it) all.changes.push_back({*it, *it});
    (void)co_await commit(s, std::move(all));
    auto shown = co_await scan(s, "order/", "order0");
    if (!shown || shown->rows.at(0).size() != keys.size()) co_return "a scan shows every row";
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (shown->rows[0][i].key != keys[i] || shown->rows[0][i].value != keys[i])
            co_return "a scan is ordered as memcmp orders";
    auto part = co_await scan(s, keys[10], keys[20]);
    if (!part || part->rows[0].size() != 10 || part->rows[0].front().key != keys[10])
        co_return "from is inclusive, to is exclusive";
    if (part->more.at(0)) co_return "nothing more is behind the end of a range";
    auto none = co_await scan(s, "order/\x80zz", "order/\x80zz");
    if (!none || !none->rows.at(0).empty() || none->more.at(0)) co_return "an empty range is empty";
    auto open = co_await scan(s, keys.back(), "");
    if (!open || open->rows.at(0).empty() || open->rows[0][0].key != keys.back())
        co_return "a range without end has none";
    co_return "";
}

inline task<verdict> pages_show_every_row_once(any_store& s, std::uint64_t) {
    for (int batch = 0; batch < 5; ++batch) {
        commit_request many;
        for (int i = 0; i < 50; ++i)
            many.changes.push_back(
                {"page/" + std::to_string(1000 + batch * 50 + i), std::string(100, 'x')});
        (void)co_await commit(s, std::move(many));
    }
    for (const std::size_t rows : {1u, 7u, 50u, 249u, 250u, 251u}) {
        std::vector<std::string> seen;
        std::string from = "page/";
        for (int guard = 0; guard < 1000; ++guard) {
            auto shown = co_await scan(s, from, "page0", rows);
            if (!shown) co_return "a page failed";
            if (shown->rows[0].size() > rows) co_return "a page has more rows than asked for";
            for (const row& each : shown->rows[0]) seen.push_back(each.key);
            if (!shown->more[0]) break;
            if (shown->rows[0].empty()) co_return "more, but nothing shown";
            from = seen.back() + '\0';
        }
        if (seen.size() != 250 || std::set<std::string>(seen.begin(), seen.end()).size() != 250)
            co_return "pages show every row exactly once";
    }
    std::vector<range> ranges{range{"page/", "page0"}};
    scan_limits narrow{};
    narrow.bytes = 1000;
    auto shown = co_await s.scan(std::move(ranges), narrow, reading::each);
    if (!shown || shown->rows[0].empty() || shown->rows[0].size() > 10 || !shown->more[0])
        co_return "a page keeps to its bytes";
    std::vector<range> tiny_range{range{"page/", "page0"}};
    scan_limits tiny{};
    tiny.bytes = 1;
    auto one = co_await s.scan(std::move(tiny_range), tiny, reading::each);
    if (!one || one->rows[0].size() != 1) co_return "a page shows at least one row";
    co_return "";
}

inline task<verdict> two_ranges_are_two_lists(any_store& s, std::uint64_t) {
    commit_request few;
    for (const char* k : {"two/a1", "two/a2", "two/b1"}) few.changes.push_back({k, "v"});
    (void)co_await commit(s, std::move(few));
    std::vector<range> ranges{range{"two/b", "two/c"}, range{"two/a", "two/b"}};
    scan_limits limits{};
    auto shown = co_await s.scan(std::move(ranges), limits, reading::at_once);
    if (!shown || shown->rows.size() != 2 || shown->more.size() != 2)
        co_return "one list a range that was asked";
    if (shown->rows[0].size() != 1 || shown->rows[1].size() != 2) co_return "lists keep to ranges";
    std::vector<range> nothing;
    auto none = co_await s.scan(std::move(nothing), limits, reading::at_once);
    if (!none || !none->rows.empty()) co_return "no range, no list";
    co_return "";
}

inline task<verdict> what_is_too_large_is_refused(any_store& s, std::uint64_t) {
    const auto code = [](const auto& r) { return r ? errc::io : r.error().code; };
    const std::string longest(rsx::limits::row_key_bytes_max, 'k');
    const stamp fits = co_await commit(s, putting(longest, "v"));
    if (fits.absent()) co_return "the longest key fits";
    (void)co_await commit(s, erasing(longest));
    const stamp wide =
        co_await commit(s, putting("limit/v", std::string(rsx::limits::row_value_bytes_max, 'v')));
    if (wide.absent()) co_return "the longest value fits";
    auto key = co_await s.commit(putting(longest + "k", "v"));
    if (code(key) != errc::limit) co_return "a key too long is errc::limit";
    auto value = co_await s.commit(
        putting("limit/w", std::string(rsx::limits::row_value_bytes_max + 1, 'v')));
    if (code(value) != errc::limit) co_return "a value too long is errc::limit";
    commit_request most;
    for (std::size_t i = 0; i < rsx::limits::commit_changes_max; ++i)
        most.changes.push_back({"limit/" + std::to_string(i), ""});
    commit_request over = most;
    const stamp full = co_await commit(s, std::move(most));
    if (full.absent()) co_return "the most changes fit";
    over.changes.push_back({"limit/over", ""});
    auto many = co_await s.commit(std::move(over));
    if (code(many) != errc::limit) co_return "too many changes are errc::limit";
    commit_request heavy;
    for (int i = 0; i < 5; ++i)
        heavy.changes.push_back(
            {"limit/h" + std::to_string(i), std::string(rsx::limits::row_value_bytes_max, 'v')});
    auto bytes = co_await s.commit(std::move(heavy));
    if (code(bytes) != errc::limit) co_return "too many bytes are errc::limit";
    commit_request twice = putting("limit/t", "1");
    twice.changes.push_back({"limit/t", "2"});
    auto both = co_await s.commit(std::move(twice));
    if (code(both) != errc::invalid) co_return "two changes of one key are errc::invalid";
    auto unnamed = co_await s.commit(putting("", "v"));
    if (code(unnamed) != errc::invalid) co_return "an empty key is errc::invalid";
    std::vector<range> three(3);
    scan_limits limits{};
    auto ranges = co_await s.scan(std::move(three), limits, reading::each);
    if (code(ranges) != errc::limit) co_return "three ranges are errc::limit";
    row over_row = co_await read(s, "limit/over");
    if (!over_row.absent()) co_return "a refused commit changed something";
    co_return "";
}

// Random commits, some with stale compares, against a map.
inline task<verdict> it_does_what_a_map_would(any_store& s, std::uint64_t seed) {
    rsx::seeded_entropy random{seed};
    std::map<std::string, std::pair<std::string, stamp>> oracle;
    std::vector<stamp> old{stamp{}};
    const auto stamp_of = [&oracle](const std::string& k) {
        return oracle.contains(k) ? oracle[k].second : stamp{};
    };
    for (int step = 0; step < 400; ++step) {
        commit_request r;
        std::size_t differ = 0;
        std::set<std::string> touched;
        for (auto n = 1 + random.below(4); n > 0; --n) {
            const std::string k = "map/" + std::to_string(random.below(12));
            if (!touched.insert(k).second) continue;
            if (random.below(2) == 0) {
                const bool honest = random.below(4) != 0;
                const stamp at = honest ? stamp_of(k) : old[random.below(old.size())];
                r.compares.push_back({k, at});
                if (at != stamp_of(k)) ++differ;
            }
            std::optional<std::string> value;
            if (random.below(3) != 0) value = std::to_string(random.u64());
            if (random.below(5) != 0) r.changes.push_back({k, std::move(value)});
        }
        const auto changes = r.changes;
        auto answer = co_await s.commit(std::move(r));
        if (!answer) co_return "a commit failed";
        if (answer->differ.size() != differ) co_return "judged otherwise than a map would";
        for (const row& each : answer->differ)
            if (each.at != stamp_of(each.key) ||
                each.value != (oracle.contains(each.key) ? oracle[each.key].first : ""))
                co_return "a conflict brought a row that is not there";
        if (differ != 0) continue;
        for (const auto& each : changes) {
            if (each.value) {
                oracle[each.key] = {*each.value, answer->at};
            } else {
                oracle.erase(each.key);
            }
        }
        old.push_back(answer->at);
        if (step % 10 != 0) continue;
        auto shown = co_await scan(s, "map/", "map0");
        if (!shown || shown->rows[0].size() != oracle.size()) co_return "other rows than the map's";
        auto expected = oracle.begin();
        for (const row& each : shown->rows[0]) {
            if (each.key != expected->first || each.value != expected->second.first ||
                each.at != expected->second.second)
                co_return "another row than the map's";
            ++expected;
        }
    }
    co_return "";
}

// Adds `times` to the row by compare; answers how many conflicts that cost.
inline task<result<int>> count_up(any_store& s, std::string key, int times) {
    int conflicts = 0;
    row now = co_await read(s, key);
    for (int done = 0; done < times;) {
        const int value = now.absent() ? 0 : std::stoi(now.value);
        auto answer = co_await s.commit(putting_if(key, now.at, std::to_string(value + 1)));
        if (!answer) co_return std::unexpected(answer.error());
        if (answer->committed()) {
            ++done;
            now = row{.key = key, .value = std::to_string(value + 1), .at = answer->at};
        } else {
            ++conflicts;
            now = answer->differ.front();
        }
    }
    co_return conflicts;
}

inline task<verdict> increments_by_compare_lose_nothing(any_store& s, std::uint64_t) {
    std::vector<task<result<int>>> tasks;
    for (int i = 0; i < 8; ++i) tasks.push_back(count_up(s, "sum/k", 25));
    auto all = co_await rsx::gather(std::move(tasks));
    for (const auto& each : all)
        if (!each) co_return "an increment failed: " + to_string(each.error());
    row sum = co_await read(s, "sum/k");
    if (sum.value != "200") co_return "increments were lost: " + sum.value;
    co_return "";
}

// Moves a row between two ranges and back; a page of one instant shows it exactly once.
inline task<result<int>> move_to_and_fro(any_store& s, int times) {
    for (int i = 0; i < times; ++i) {
        const bool there = i % 2 == 0;
        commit_request r = putting(there ? "move/b" : "move/a", "the one");
        r.changes.push_back({there ? "move/a" : "move/b", std::nullopt});
        const stamp at = co_await commit(s, std::move(r));
        if (at.absent()) co_return rsx::fail(errc::io, "a move failed");
        auto rest = co_await rsx::sleep_for(std::chrono::microseconds{100});
        if (!rest) co_return std::unexpected(rest.error());
    }
    co_return 0;
}
inline task<result<int>> look_for_it(any_store& s, int times) {
    for (int i = 0; i < times; ++i) {
        std::vector<range> ranges{range{"move/a", "move/a0"}, range{"move/b", "move/b0"}};
        scan_limits limits{};
        auto shown = co_await s.scan(std::move(ranges), limits, reading::at_once);
        if (!shown || shown->rows[0].size() + shown->rows[1].size() != 1)
            co_return rsx::fail(errc::corrupt, "a page at once shows a moving row exactly once");
        std::vector<std::string> keys{"move/a", "move/b"};
        auto rows = co_await s.get(std::move(keys), reading::at_once);
        if (!rows || (*rows)[0].absent() == (*rows)[1].absent())
            co_return rsx::fail(errc::corrupt, "a get at once shows a moving row exactly once");
        auto rest = co_await rsx::sleep_for(std::chrono::microseconds{70});
        if (!rest) co_return std::unexpected(rest.error());
    }
    co_return 0;
}
inline task<verdict> at_once_is_one_instant(any_store& s, std::uint64_t) {
    (void)co_await commit(s, putting("move/a", "the one"));
    std::vector<task<result<int>>> tasks;
    tasks.push_back(move_to_and_fro(s, 100));
    tasks.push_back(look_for_it(s, 100));
    auto all = co_await rsx::gather(std::move(tasks));
    for (const auto& each : all)
        if (!each) co_return to_string(each.error());
    co_return "";
}

inline const std::vector<law>& all() {
    static const std::vector<law> list{
        {"what was put is there until it is erased", what_was_put_is_there},
        {"a stale compare changes nothing", a_stale_compare_changes_nothing},
        {"a conflict brings the rows that differ", a_conflict_brings_the_rows_that_differ},
        {"stamps never repeat, not even after an erase", stamps_never_repeat},
        {"a commit is one instant with one stamp", a_commit_is_one_instant},
        {"a get answers in the order asked", get_answers_in_the_order_asked},
        {"a scan is ordered by bytes", a_scan_is_ordered_by_bytes},
        {"pages show every row once", pages_show_every_row_once},
        {"two ranges are two lists", two_ranges_are_two_lists},
        {"what is too large is refused", what_is_too_large_is_refused},
        {"it does what a map would", it_does_what_a_map_would},
        {"increments by compare lose nothing", increments_by_compare_lose_nothing},
        {"at once is one instant", at_once_is_one_instant},
    };
    return list;
}

}  // namespace laws
