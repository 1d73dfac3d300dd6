// SPDX-License-Identifier: Apache-2.0

// Any model of a shard store behind one type, for where a configuration chooses.
//
//     std::unique_ptr<shard::any_store> store = shard::wrap(shard::memory{who});
//     std::unique_ptr<shard::any_store> lent = shard::wrap(std::ref(other));      // not owned
//
// Costs a virtual call an operation. Thread safety is the model's.
#pragma once

#include <rsx/shard/concept.hpp>

#include <functional>
#include <utility>

namespace rsx::shard {

namespace detail {

template <class Owned, class Model>
class wrapped final : public any_store {
public:
    explicit wrapped(Owned model) : model_{std::move(model)} {}

    task<result<std::unique_ptr<writer>>> begin(struct header h) override {
        return model().begin(std::move(h));
    }
    task<result<struct header>> head(struct id which) override { return model().head(which); }
    task<result<piece>> read(struct id which, block_range blocks) override {
        return model().read(which, blocks);
    }
    step erase(struct id which) override { return model().erase(which); }
    task<result<std::vector<listed>>> list(struct id from, struct id to,
                                           std::size_t limit) override {
        return model().list(from, to, limit);
    }
    task<result<struct status>> status() override { return model().status(); }
    struct holder holder() const override { return model().holder(); }

private:
    Model& model() { return model_; }  // a reference_wrapper converts
    const Model& model() const { return model_; }
    Owned model_;
};

}  // namespace detail

template <class Model>
    requires store<Model>
[[nodiscard]] std::unique_ptr<any_store> wrap(Model model) {
    return std::make_unique<detail::wrapped<Model, Model>>(std::move(model));
}

template <class Model>
    requires store<Model>
[[nodiscard]] std::unique_ptr<any_store> wrap(std::reference_wrapper<Model> model) {
    return std::make_unique<detail::wrapped<std::reference_wrapper<Model>, Model>>(model);
}

}  // namespace rsx::shard
