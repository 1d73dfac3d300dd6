// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "run.hpp"

TEST_CASE("rsx demo prints the six lines of the s3-go demonstration") {
    const workbench bench;
    const ran demo = bench.rsx({"demo"});
    CHECK(demo.code == 0);
    CHECK(demo.err.empty());
    CHECK(demo.out ==
          "Original: This is a distributed system that never loses data!\n"
          "Encoded into 6 shards.\n"
          "⚠️  Disaster! Deleting Shard 0 and Shard 5...\n"
          "🚑 Attempting reconstruction...\n"
          "✅ Reconstruction successful!\n"
          "Recovered: This is a distributed system that never loses data!\n");
}
