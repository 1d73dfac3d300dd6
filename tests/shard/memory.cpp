// SPDX-License-Identifier: Apache-2.0
#include <rsx/shard/memory.hpp>

#include "laws.hpp"

namespace {

class in_memory final : public shard_laws::subject {
public:
    explicit in_memory(std::uint64_t capacity = 64 * rsx::gib)
        : model_{shard_laws::here, capacity}, store_{rsx::shard::wrap(std::ref(model_))} {}
    rsx::shard::any_store& store() override { return *store_; }
    bool flip(const rsx::shard::id& which, std::uint64_t at) override {
        return model_.flip(which, at);
    }

private:
    rsx::shard::memory model_;
    std::unique_ptr<rsx::shard::any_store> store_;
};

}  // namespace

TEST_CASE("a shard store in memory keeps the laws") {
    in_memory subject;
    shard_laws::all(subject);
}

TEST_CASE("a shard store in memory fills up, and still erases") {
    in_memory small{100'000};
    const auto bytes = shard_laws::bytes_for(96'000);
    shard_laws::must_put(small, shard_laws::header_of(1), bytes);
    CHECK(small.run(small.store().status())->state == rsx::shard::state::full);
    CHECK(shard_laws::code_of(small.run(small.store().begin(shard_laws::header_of(2)))) ==
          rsx::errc::full);
    REQUIRE(small.run(small.store().erase(shard_laws::header_of(1).id)));
    const auto late = shard_laws::begun(small, shard_laws::header_of(2));
    const auto big = shard_laws::bytes_for(100'001);
    REQUIRE(shard_laws::append(small, *late, shard_laws::header_of(2), big));
    CHECK(shard_laws::code_of(small.run(late->seal())) == rsx::errc::full);
}
