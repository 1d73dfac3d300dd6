// SPDX-License-Identifier: Apache-2.0

// Stores that break a law each, so that the laws are known to notice.
//
//     any_store broken{std::make_unique<mutant>(defect::stamp_reuse)};
//
// Every call sleeps a little before and after, as stores far away do.
#pragma once

#include <rsx/meta/bounds.hpp>
#include <rsx/meta/ordered_rows.hpp>

namespace laws {

enum class defect {
    none,
    stale_compare_accepted,
    absent_compare_ignored,
    partial_commit,
    stamp_reuse,
    conflict_without_rows,
    conflict_with_old_rows,
    unordered_scan,
    page_skips_a_row,
    end_inclusive,
    erase_keeps,
    judged_early,
    torn_scan,
    torn_get,
    no_limits,
    empty_is_absent,
};

class mutant {
public:
    explicit mutant(defect d) : defect_{d} {}

    rsx::task<rsx::result<std::vector<rsx::meta::row>>> get(std::vector<std::string> keys,
                                                            rsx::meta::reading) {
        std::vector<rsx::meta::row> out;
        (void)co_await pause();
        for (const auto& key : keys) {
            out.push_back(rows_.get(key));
            if (is(defect::empty_is_absent) && out.back().value.empty()) out.back().at = {};
            if (is(defect::torn_get)) (void)co_await pause();
        }
        co_return out;
    }

    rsx::task<rsx::result<rsx::meta::commit_answer>> commit(rsx::meta::commit_request r) {
        if (!is(defect::no_limits)) {
            auto good = rsx::meta::check(r);
            if (!good) co_return std::unexpected(good.error());
        }
        (void)co_await pause();
        rsx::meta::commit_answer answer;
        answer.differ = judge(r);
        if (is(defect::judged_early)) (void)co_await pause();
        if (!answer.committed()) {
            if (is(defect::partial_commit)) {
                r.changes.resize(1);
                rows_.apply(std::move(r.changes), next());
            }
            if (is(defect::conflict_without_rows)) answer.differ.resize(1);
            if (is(defect::conflict_with_old_rows))
                for (auto& each : answer.differ) each.value = "old";
            co_return answer;
        }
        answer.at = next();
        if (is(defect::stamp_reuse)) {  // a counter in the row: erased with it
            std::uint64_t version = 1;
            for (const auto& each : r.changes) {
                const auto now = rows_.get(each.key).at;
                version = std::max(
                    version, rsx::load_be<std::uint64_t>(rsx::byte_view{now.raw}.subspan(8)) + 1);
            }
            answer.at = rsx::meta::stamp_of(1, version);
        }
        if (is(defect::erase_keeps))
            for (auto& each : r.changes) each.value = each.value.value_or("");
        rows_.apply(std::move(r.changes), answer.at);
        (void)co_await pause();
        co_return answer;
    }

    rsx::task<rsx::result<rsx::meta::page>> scan(std::vector<rsx::meta::range> ranges,
                                                 rsx::meta::scan_limits limits,
                                                 rsx::meta::reading) {
        auto good = rsx::meta::check(ranges, limits);
        if (!good) co_return std::unexpected(good.error());
        (void)co_await pause();
        rsx::meta::page out;
        for (auto& each : ranges) {
            if (is(defect::end_inclusive) && !each.to.empty()) each.to += '\0';
            out.more.push_back(rows_.scan(each, limits, out.rows.emplace_back()));
            auto& list = out.rows.back();
            if (is(defect::unordered_scan))
                std::ranges::sort(list, [](const auto& a, const auto& b) {  // by signed chars
                    return std::ranges::lexicographical_compare(
                        a.key, b.key, {}, [](char c) { return static_cast<signed char>(c); },
                        [](char c) { return static_cast<signed char>(c); });
                });
            if (is(defect::page_skips_a_row) && out.more.back() && list.size() > 1)
                list.erase(list.begin());
            if (is(defect::torn_scan)) (void)co_await pause();
        }
        co_return out;
    }

private:
    [[nodiscard]] bool is(defect d) const { return defect_ == d; }
    rsx::meta::stamp next() { return rsx::meta::stamp_of(1, ++position_); }
    rsx::step pause() { return rsx::sleep_for(std::chrono::microseconds{10 + random_.below(200)}); }

    std::vector<rsx::meta::row> judge(const rsx::meta::commit_request& r) const {
        auto differ = rows_.differing(r.compares);
        if (is(defect::stale_compare_accepted))
            std::erase_if(differ, [&](const auto& now) { return !now.absent(); });
        if (is(defect::absent_compare_ignored))
            std::erase_if(differ, [&](const auto& now) {
                return std::ranges::any_of(
                    r.compares, [&](const auto& c) { return c.key == now.key && c.at.absent(); });
            });
        return differ;
    }

    defect defect_;
    rsx::meta::ordered_rows rows_;
    std::uint64_t position_{0};
    rsx::seeded_entropy random_{99};
};

}  // namespace laws
