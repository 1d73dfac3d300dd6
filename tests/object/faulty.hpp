// SPDX-License-Identifier: Apache-2.0

// A shard store that misbehaves as it is told: dead, hung, slow, full, lying.
#pragma once

#include <rsx/core/task.hpp>
#include <rsx/shard/checksum.hpp>
#include <rsx/shard/memory.hpp>

#include <map>
#include <set>

namespace test {

enum class mood : std::uint8_t {
    well,
    dead,     // refuses everything at once
    hung,     // never answers
    slow,     // answers late
    full,     // reads and erases, but takes nothing
    flips,    // answers with a bit changed, checksums as they were
    forges,   // answers with a bit changed and checksums that match the bytes (not the identity)
    swaps,    // answers with another shard it holds
    forgets,  // has lost everything it had
    drops_appends,  // dies in the middle of what is being written
};

struct trouble {
    mood now{mood::well};
    rsx::nanos delay{std::chrono::seconds{1}};
    unsigned appends_left{0};  // of drops_appends
    std::size_t reads{0};
    std::size_t begins{0};
};

class faulty_writer final : public rsx::shard::writer {
public:
    faulty_writer(std::unique_ptr<rsx::shard::writer> to, std::shared_ptr<trouble> how)
        : to_{std::move(to)}, how_{std::move(how)} {}

    rsx::step append(rsx::slice blocks, std::vector<std::uint32_t> sums) override {
        rsx::step waiting = pass();
        const auto passed = co_await waiting;
        if (!passed) co_return passed;
        if (how_->now == mood::drops_appends && how_->appends_left-- == 0) how_->now = mood::dead;
        if (how_->now == mood::dead)
            co_return rsx::fail(rsx::errc::unavailable, "the node is dead");
        rsx::step appending = to_->append(std::move(blocks), std::move(sums));
        co_return co_await appending;
    }
    rsx::task<rsx::result<rsx::shard::sealed>> seal() override {
        rsx::step waiting = pass();
        const auto passed = co_await waiting;
        if (!passed) co_return std::unexpected(passed.error());
        if (how_->now == mood::dead)
            co_return rsx::fail(rsx::errc::unavailable, "the node is dead");
        auto sealing = to_->seal();
        co_return co_await sealing;
    }
    rsx::step abort() override { return to_->abort(); }

private:
    rsx::step pass() {
        if (how_->now == mood::dead)
            co_return rsx::fail(rsx::errc::unavailable, "the node is dead");
        if (how_->now == mood::slow || how_->now == mood::hung) {
            rsx::step sleeping =
                rsx::sleep_for(how_->now == mood::slow ? how_->delay : std::chrono::hours{1});
            co_return co_await sleeping;
        }
        co_return rsx::status{};
    }
    std::unique_ptr<rsx::shard::writer> to_;
    std::shared_ptr<trouble> how_;
};

class faulty_store final : public rsx::shard::any_store {
public:
    explicit faulty_store(rsx::holder who) : memory_{who} {}

    trouble& how() { return *how_; }
    void be(mood m) { how_->now = m; }

    rsx::task<rsx::result<std::unique_ptr<rsx::shard::writer>>> begin(
        rsx::shard::header h) override {
        ++how_->begins;
        rsx::step waiting = pass();
        const auto passed = co_await waiting;
        if (!passed) co_return std::unexpected(passed.error());
        if (how_->now == mood::full) co_return rsx::fail(rsx::errc::full, "the disk is full");
        const auto which = h.id;
        auto beginning = memory_.begin(std::move(h));
        auto writer = co_await beginning;
        if (!writer) co_return std::unexpected(writer.error());
        seen_.insert(which);
        std::unique_ptr<rsx::shard::writer> wrapped =
            std::make_unique<faulty_writer>(std::move(*writer), how_);
        co_return std::move(wrapped);
    }
    rsx::task<rsx::result<rsx::shard::header>> head(rsx::shard::id which) override {
        return memory_.head(which);
    }
    rsx::task<rsx::result<rsx::shard::piece>> read(rsx::shard::id which,
                                                   rsx::shard::block_range blocks) override {
        ++how_->reads;
        rsx::step waiting = pass();
        const auto passed = co_await waiting;
        if (!passed) co_return std::unexpected(passed.error());
        if (how_->now == mood::forgets) co_return rsx::fail(rsx::errc::not_found, "no such shard");
        if (how_->now == mood::swaps) {
            for (const auto& other : seen_)
                if (other != which) {
                    auto reading_other = memory_.read(other, blocks);
                    auto piece = co_await reading_other;
                    if (piece) co_return std::move(*piece);
                }
        }
        auto reading = memory_.read(which, blocks);
        auto piece = co_await reading;
        const bool lies = how_->now == mood::flips || how_->now == mood::forges;
        if (piece && lies && !piece->bytes.empty()) {
            auto changed = rsx::buffer::copy_of(piece->bytes.view());
            changed.span()[changed.size() / 2] ^= std::byte{0x10};
            piece->bytes = rsx::slice{std::move(changed)};
            if (how_->now == mood::forges) {
                const rsx::shard::identity nobody{};
                piece->sums = rsx::shard::sums_of(nobody, blocks.first, piece->bytes.view());
            }
        }
        co_return piece;
    }
    rsx::step erase(rsx::shard::id which) override {
        rsx::step waiting = pass();
        const auto passed = co_await waiting;
        if (!passed) co_return passed;
        rsx::step erasing = memory_.erase(which);
        co_return co_await erasing;
    }
    rsx::task<rsx::result<std::vector<rsx::shard::listed>>> list(rsx::shard::id from,
                                                                 rsx::shard::id to,
                                                                 std::size_t limit) override {
        return memory_.list(from, to, limit);
    }
    rsx::task<rsx::result<rsx::shard::status>> status() override { return memory_.status(); }
    rsx::holder holder() const override { return memory_.holder(); }

    rsx::shard::memory& memory() { return memory_; }

private:
    rsx::step pass() {
        switch (how_->now) {
            case mood::dead: co_return rsx::fail(rsx::errc::unavailable, "the node is dead");
            case mood::hung:
            case mood::slow: {
                rsx::step sleeping =
                    rsx::sleep_for(how_->now == mood::slow ? how_->delay : std::chrono::hours{1});
                const auto slept = co_await sleeping;
                if (!slept) co_return slept;
                if (how_->now == mood::hung)
                    co_return rsx::fail(rsx::errc::unavailable, "the node is frozen");
                break;
            }
            default: break;
        }
        co_return rsx::status{};
    }

    rsx::shard::memory memory_;
    std::shared_ptr<trouble> how_{std::make_shared<trouble>()};
    std::set<rsx::shard::id> seen_;
};

}  // namespace test
