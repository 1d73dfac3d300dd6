// SPDX-License-Identifier: Apache-2.0
#include <rsx/object/geometry.hpp>
#include <rsx/object/health.hpp>
#include <rsx/object/spread.hpp>
#include <rsx/object/turns.hpp>

#include "catch.hpp"
#include "world.hpp"

namespace object = rsx::object;
using namespace std::chrono_literals;

TEST_CASE("every byte of a chunk has one place, and pieces come in order") {
    for (const unsigned k : {1u, 3u, 4u, 6u}) {
        for (const std::uint64_t size :
             {1u, 5u, 8191u, 8192u, 65536u, 65537u, 200'000u, 4u * 65536u, 1'000'003u}) {
            const object::geometry shape{.data = k, .parity = 2, .bytes = size};
            CAPTURE(k, size);
            CHECK(shape.row_bytes() * k >= size);
            CHECK(shape.row_bytes() * k < size + k * rsx::limits::block_bytes * 8);
            std::set<std::pair<unsigned, std::uint64_t>> seen;
            std::uint64_t sum = 0;
            for (const auto& piece : shape.pieces(0, size)) {
                CHECK(piece.index < k);
                CHECK(piece.row + piece.size <= shape.row_bytes());
                CHECK(seen.insert({piece.index, piece.row}).second);
                sum += piece.size;
            }
            CHECK(sum == size);
            // Any range is the same bytes of the same rows.
            const auto first = shape.pieces(size / 3, size / 3 + 1).front();
            for (const auto& piece : shape.pieces(0, size)) {
                if (piece.index != first.index || first.row < piece.row ||
                    first.row >= piece.row + piece.size)
                    continue;
                std::uint64_t before = 0;
                for (const auto& other : shape.pieces(0, size)) {
                    if (other == piece) break;
                    before += other.size;
                }
                CHECK(before + (first.row - piece.row) == size / 3);
            }
        }
    }
}

TEST_CASE("what is read for a range is whole blocks around it, within the row") {
    const object::geometry shape{.data = 4, .parity = 2, .bytes = 300'000};
    const auto pieces = shape.pieces(100'000, 100'001);
    const auto needs = shape.needs(pieces);
    REQUIRE(pieces.size() == 1);
    const auto& need = needs[pieces[0].index];
    CHECK(need.from % rsx::limits::block_bytes == 0);
    CHECK(need.size() == rsx::limits::block_bytes);
    CHECK(need.covers({pieces[0].row, pieces[0].row + 1}));
}

TEST_CASE("a chunk is whole stripes and at most 32 MiB") {
    for (unsigned k = 1; k <= 255; ++k) {
        const auto bytes = object::chunk_bytes_of(k);
        CHECK(bytes % (k * rsx::limits::cell_bytes) == 0);
        CHECK(bytes <= rsx::limits::chunk_bytes_max);
        CHECK(bytes > 0);
    }
}

TEST_CASE("a holder that failed is avoided for a while, longer each time, until it succeeds") {
    object::health memory;
    const rsx::holder who{.node = 1, .incarnation = 1};
    CHECK(!memory.avoid(who, 0s));
    memory.failed(who, 10s);
    CHECK(memory.avoid(who, 10s));
    CHECK(memory.avoid(who, 10s + 999ms));
    CHECK(!memory.avoid(who, 11s));  // this one tries
    CHECK(memory.avoid(who, 11s));   // the others do not, yet
    memory.failed(who, 12s);
    CHECK(memory.avoid(who, 13s + 999ms));
    CHECK(!memory.avoid(who, 14s));
    memory.fine(who);
    CHECK(!memory.avoid(who, 14s));
}

TEST_CASE("the promise counts what the heaviest nodes hold") {
    const auto on = [](std::vector<rsx::node_id> nodes) {
        std::vector<rsx::holder> out;
        for (const auto node : nodes) out.push_back({.node = node, .incarnation = 1});
        return out;
    };
    CHECK(object::promised(on({0, 1, 2, 3, 4, 5}), 4, 2));
    CHECK(object::promised(on({0, 1, 2, 3, 4}), 4, 1));
    CHECK(!object::promised(on({0, 1, 2, 3, 4}), 4, 2));
    CHECK(!object::promised(on({0, 1, 2, 3}), 4, 1));
    CHECK(object::promised(on({0, 0, 1, 1, 2, 3}), 4, 1));
    CHECK(object::promised(on({0, 0, 1, 1, 2, 2}), 4, 1));
    CHECK(!object::promised(on({0, 0, 0, 1, 1, 1}), 4, 1));
    CHECK(!object::promised({}, 1, 0));
}

TEST_CASE("turns of one key come one after the other, those of others do not wait") {
    rsx::sim::virtual_loop loop;
    object::turns turns;
    std::string order;
    const auto work = [&](std::string key, char name) -> rsx::step {
        auto taking = turns.take(std::move(key));
        auto turn = co_await taking;
        if (!turn) co_return std::unexpected(turn.error());
        order += name;
        rsx::step sleeping = rsx::sleep_for(1s);
        const auto slept = co_await sleeping;
        order += static_cast<char>(name + 32);
        co_return slept;
    };
    std::vector<rsx::step> all;
    all.push_back(work("x", 'A'));
    all.push_back(work("x", 'B'));
    all.push_back(work("y", 'C'));
    for (const auto& each : loop.run(rsx::gather(std::move(all)))) CHECK(each);
    CHECK(order == "ACacBb");  // B begins after A has ended; C has waited for nobody
}
