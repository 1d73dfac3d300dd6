// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

extern "C" {
#include <jerasure.h>
#include <reed_sol.h>
}

#include <memory>
#include <vector>

namespace {

struct state {
    bench::cell cell;
    rsx::codec::shard_memory shards;
    std::vector<int> matrix{};
    std::vector<char*> all{};
    std::vector<int> erasures{};
};

std::function<void()> setup(const bench::cell& c) {
    if (c.op.starts_with("wide-")) return {};
    if (c.bytes % sizeof(long) != 0 || c.op == "verify" || c.op == "update") return {};
    auto s = std::make_shared<state>(state{c, bench::filled(c)});
    const int k = static_cast<int>(c.k);
    const int m = static_cast<int>(c.m);
    const int n = static_cast<int>(c.bytes);
    int* rows = reed_sol_vandermonde_coding_matrix(k, m, 8);
    s->matrix.assign(rows, rows + k * m);
    std::free(rows);
    for (unsigned i = 0; i < c.k + c.m; ++i)
        s->all.push_back(reinterpret_cast<char*>(s->shards[i].data()));
    for (unsigned i = 0; i < c.lost(); ++i) s->erasures.push_back(static_cast<int>(i));
    s->erasures.push_back(-1);
    const auto encode = [s, k, m, n] {
        jerasure_matrix_encode(k, m, 8, s->matrix.data(), s->all.data(), s->all.data() + k, n);
    };
    encode();
    if (c.op == "encode") return encode;
    return [s, k, m, n] {  // it plans in every call
        if (jerasure_matrix_decode(k, m, 8, s->matrix.data(), 1, s->erasures.data(), s->all.data(),
                                   s->all.data() + k, n) != 0)
            std::abort();
    };
}

}  // namespace

int main() { return bench::serve(setup); }
