// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec.hpp>
#include <rsx/codec/wide.hpp>

#include "bench.hpp"

#include <memory>
#include <vector>

using namespace rsx;

namespace {

// Everything a cell needs, alive as long as its function is.
struct state {
    bench::cell cell;
    codec::shard_memory shards;
    codec::reed_solomon code;
    std::vector<unsigned> have;
    std::vector<unsigned> want;
    std::vector<byte_view> in;

    result<codec::repair_plan> plan() const { return code.plan(have, want); }
    void read(const codec::repair_plan& plan) {
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] = std::as_const(shards)[plan.sources()[i]];
    }
};

void must(bool ok) {
    if (!ok) std::abort();
}

// Wide codes: the same, over the other class.
std::function<void()> setup_wide(const bench::cell& c) {
    auto code = std::make_shared<codec::wide_code>(
        codec::wide_code::make({.data = c.k, .parity = c.m}).value());
    auto shards = std::make_shared<codec::shard_memory>(bench::filled(c));
    const auto data = shards->views(0, c.k);
    const auto parity = shards->spans(c.k, c.m);
    must(bool{code->encode(data, parity)});
    if (c.op == "wide-encode")
        return [code, shards, data, parity] { must(bool{code->encode(data, parity)}); };
    std::vector<unsigned> have;
    std::vector<unsigned> want;
    for (unsigned i = 0; i < c.k + c.m; ++i) (i < c.lost() ? want : have).push_back(i);
    auto plan = std::make_shared<codec::wide_plan>(code->plan(have, want).value());
    std::vector<byte_view> in;
    for (const unsigned i : plan->sources()) in.push_back(std::as_const(*shards)[i]);
    const auto out = shards->spans(0, c.lost());
    return [shards, plan, in, out] { must(bool{plan->repair(in, out)}); };
}

std::function<void()> setup(const bench::cell& c) {
    if (c.op.starts_with("wide-")) return setup_wide(c);
    auto code = codec::reed_solomon::make({.data = c.k, .parity = c.m});
    if (!code) {
        std::fprintf(stderr, "%s\n", to_string(code.error()).c_str());
        std::exit(2);
    }
    auto s = std::make_shared<state>(
        state{c, bench::filled(c), std::move(*code), {}, {}, std::vector<byte_view>(c.k)});
    const auto data = s->shards.views(0, c.k);
    const auto parity = s->shards.spans(c.k, c.m);
    for (unsigned i = 0; i < c.k + c.m; ++i) (i < c.lost() ? s->want : s->have).push_back(i);
    must(s->code.encode(data, parity).has_value());

    if (c.op == "encode") return [s, data, parity] { must(bool{s->code.encode(data, parity)}); };
    if (c.op == "verify")
        return [s, data] {
            must(s->code.verify(data, s->shards.views(s->cell.k, s->cell.m)).value());
        };
    if (c.op == "update")
        return [s, data, parity] { must(bool{s->code.update(1, data[0], parity)}); };
    const auto out = s->shards.spans(0, c.lost());
    if (c.op == "repair" || c.op == "repair1") {
        auto plan = std::make_shared<codec::repair_plan>(std::move(*s->plan()));
        s->read(*plan);
        return [s, plan, out] { must(bool{plan->repair(s->in, out)}); };
    }
    if (c.op == "small")
        return [s, out] {
            const auto plan = s->plan();
            s->read(*plan);
            must(bool{plan->repair(s->in, out)});
        };
    return {};
}

}  // namespace

int main(int count, char** arguments) {
    if (count > 1 && std::string{arguments[1]} == "--kernels") {
        for (const auto& k : gf::kernels())
            if (k.runs_here()) std::printf("%s\n", std::string{k.name}.c_str());
        return 0;
    }
    const auto kernel = gf::current();
    if (!kernel) {
        std::fprintf(stderr, "%s\n", to_string(kernel.error()).c_str());
        return 2;
    }
    std::fprintf(stderr, "%s\n", std::string{(*kernel)->name}.c_str());
    return bench::serve(setup);
}
