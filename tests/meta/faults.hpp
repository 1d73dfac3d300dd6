// SPDX-License-Identifier: Apache-2.0

// A store across a bad network: answers get lost, requests arrive late, or twice.
//
//     faulty_store seen_by_one_client{inner, world, ledger, seed, {.late = 10}};
//
// Rates are per hundred commits. The ledger counts how often each commit that puts a row "tag/…"
// was applied, so that a test can hold what a session said against what happened.
#pragma once

#include <rsx/meta/any.hpp>
#include <rsx/sim/loop.hpp>

#include <map>

namespace laws {

struct ledger {
    std::map<std::string, int> applied{};
};

struct fault_rates {
    unsigned lost_request{0};
    unsigned lost_answer{0};
    unsigned late{0};
    unsigned twice{0};
    unsigned no_read{0};
    std::chrono::seconds late_by{60};
    std::chrono::microseconds pause{5000};  // before and after each call, at most
};

// What a session with a defect would do, done to its requests.
enum class session_defect { none, slot_not_compared, aborts_unsettled };

class faulty_store {
public:
    faulty_store(rsx::meta::any_store& inner, rsx::sim::virtual_loop& world, ledger& book,
                 std::uint64_t seed, fault_rates rates,
                 session_defect defect = session_defect::none)
        : inner_{inner},
          world_{world},
          book_{book},
          random_{seed},
          rates_{rates},
          defect_{defect} {}

    // From now on nothing arrives that is not already under way.
    void cut(bool off) { cut_ = off; }

    rsx::task<rsx::result<std::vector<rsx::meta::row>>> get(std::vector<std::string> keys,
                                                            rsx::meta::reading how) {
        (void)co_await pause();
        if (cut_ || dice(rates_.no_read))
            co_return rsx::fail(rsx::errc::unavailable, "the network is bad");
        auto rows = co_await inner_.get(std::move(keys), how);
        (void)co_await pause();
        co_return rows;
    }

    rsx::task<rsx::result<rsx::meta::page>> scan(std::vector<rsx::meta::range> ranges,
                                                 rsx::meta::scan_limits limits,
                                                 rsx::meta::reading how) {
        (void)co_await pause();
        if (cut_) co_return rsx::fail(rsx::errc::unavailable, "the network is cut");
        auto page = co_await inner_.scan(std::move(ranges), limits, how);
        (void)co_await pause();
        co_return page;
    }

    rsx::task<rsx::result<rsx::meta::commit_answer>> commit(rsx::meta::commit_request request) {
        (void)co_await pause();
        if (cut_ || dice(rates_.lost_request))
            co_return rsx::fail(rsx::errc::unknown_outcome, "the request was lost");
        if (defect_ == session_defect::slot_not_compared)
            std::erase_if(request.compares, [](const auto& each) { return each.key[0] == 's'; });
        if (defect_ == session_defect::aborts_unsettled && request.changes.size() == 1 &&
            request.changes[0].key[0] == 's' && request.compares.size() == 1) {
            rsx::meta::commit_answer pretended;
            pretended.at = request.compares[0].at;
            co_return pretended;
        }
        if (dice(rates_.late)) {
            deliver_later(std::move(request));
            co_return rsx::fail(rsx::errc::unknown_outcome, "the request is late");
        }
        if (dice(rates_.twice)) deliver_later(request);
        auto answer = co_await deliver(inner_, book_, std::move(request), {});
        (void)co_await pause();
        if (dice(rates_.lost_answer))
            co_return rsx::fail(rsx::errc::unknown_outcome, "the answer was lost");
        co_return answer;
    }

private:
    static rsx::task<rsx::result<rsx::meta::commit_answer>> deliver(
        rsx::meta::any_store& inner, ledger& book, rsx::meta::commit_request request,
        rsx::nanos after) {
        if (after > rsx::nanos{0}) (void)co_await rsx::sleep_for(after);
        std::vector<std::string> tags;
        for (const auto& each : request.changes)
            if (each.key.starts_with("tag/")) tags.push_back(each.key);
        auto answer = co_await inner.commit(std::move(request));
        if (answer && answer->committed())
            for (const auto& tag : tags) ++book.applied[tag];
        co_return answer;
    }

    void deliver_later(rsx::meta::commit_request request) {
        const std::chrono::milliseconds after{
            1 + random_.below(static_cast<std::uint64_t>(rates_.late_by.count()) * 1000)};
        rsx::spawn(rsx::env{&world_}, deliver(inner_, book_, std::move(request), after),
                   [](const auto&) {});
    }

    rsx::step pause() {
        return rsx::sleep_for(std::chrono::microseconds{
            100 + random_.below(static_cast<std::uint64_t>(rates_.pause.count()))});
    }
    bool dice(unsigned per_hundred) { return random_.below(100) < per_hundred; }

    rsx::meta::any_store& inner_;
    rsx::sim::virtual_loop& world_;
    ledger& book_;
    rsx::seeded_entropy random_;
    fault_rates rates_;
    session_defect defect_;
    bool cut_{false};
};

}  // namespace laws
