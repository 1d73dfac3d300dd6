// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

#include <isa-l/erasure_code.h>

#include <cstring>
#include <memory>
#include <vector>

namespace {

using bytes = std::vector<unsigned char>;

struct state {
    bench::cell cell;
    rsx::codec::shard_memory shards;
    bytes matrix{};
    bytes encoding{};
    bytes repairing{};
    std::vector<unsigned char*> all{};
    std::vector<unsigned char*> sources{};
    std::vector<unsigned char*> outputs{};

    int k() const { return static_cast<int>(cell.k); }
    int m() const { return static_cast<int>(cell.m); }
    int n() const { return static_cast<int>(cell.bytes); }

    // Inverts the rows of the first k shards that are left and keeps the rows of those lost.
    void plan() {
        const int lost = static_cast<int>(cell.lost());
        bytes left(matrix.begin() + lost * k(), matrix.begin() + (lost + k()) * k());
        bytes inverse(left.size());
        if (gf_invert_matrix(left.data(), inverse.data(), k()) != 0) std::abort();
        ec_init_tables(k(), lost, inverse.data(), repairing.data());
    }
    void repair() {
        ec_encode_data(n(), k(), static_cast<int>(cell.lost()), repairing.data(), sources.data(),
                       outputs.data());
    }
};

std::function<void()> setup(const bench::cell& c) {
    if (c.op.starts_with("wide-")) return {};
    auto s = std::make_shared<state>(state{c, bench::filled(c)});
    const auto table = std::size_t{32} * c.k * c.m;
    s->matrix.resize(std::size_t{c.k + c.m} * c.k);
    s->encoding.resize(table);
    s->repairing.resize(table);
    gf_gen_cauchy1_matrix(s->matrix.data(), s->k() + s->m(), s->k());
    ec_init_tables(s->k(), s->m(), s->matrix.data() + c.k * c.k, s->encoding.data());
    for (unsigned i = 0; i < c.k + c.m; ++i)
        s->all.push_back(reinterpret_cast<unsigned char*>(s->shards[i].data()));
    s->sources.assign(s->all.begin() + c.lost(), s->all.end());
    s->outputs.assign(s->all.begin(), s->all.begin() + c.lost());

    const auto encode = [s] {
        ec_encode_data(s->n(), s->k(), s->m(), s->encoding.data(), s->all.data(),
                       s->all.data() + s->k());
    };
    encode();
    if (c.op == "encode") return encode;
    if (c.op == "update")
        return [s] {
            ec_encode_data_update(s->n(), s->k(), s->m(), 1, s->encoding.data(), s->all[0],
                                  s->all.data() + s->k());
        };
    if (c.op == "repair" || c.op == "repair1") {
        s->plan();
        return [s] { s->repair(); };
    }
    if (c.op == "small")
        return [s] {
            s->plan();
            s->repair();
        };
    return {};  // it has no verify
}

}  // namespace

int main() { return bench::serve(setup); }
