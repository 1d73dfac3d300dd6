// SPDX-License-Identifier: Apache-2.0

// A metadata store chosen at run time.
//
//     rsx::meta::any_store store{std::make_unique<rsx::meta::memory_store>(loop)};   // owns it
//     auto seen = rsx::meta::any_store::refer(other);                              // borrows it
//
// Moves with what it owns; models `store` itself, so everything above is written once, against this
// type. Costs one virtual call. As shareable between loops as the model within.
#pragma once

#include <rsx/core/assert.hpp>
#include <rsx/meta/concept.hpp>

#include <memory>

namespace rsx::meta {

class any_store {
public:
    template <store S>
    explicit any_store(std::unique_ptr<S> model)
        : model_{std::make_unique<holding<std::unique_ptr<S>>>(std::move(model))} {}
    template <store S>
    [[nodiscard]] static any_store refer(S& model) {
        any_store made;
        made.model_ = std::make_unique<holding<S*>>(&model);
        return made;
    }

    [[nodiscard]] task<result<std::vector<row>>> get(std::vector<std::string> keys, reading how) {
        return model_->get(std::move(keys), how);
    }
    [[nodiscard]] task<result<commit_answer>> commit(commit_request request) {
        return model_->commit(std::move(request));
    }
    [[nodiscard]] task<result<page>> scan(std::vector<range> ranges, scan_limits limits,
                                          reading how) {
        return model_->scan(std::move(ranges), limits, how);
    }

private:
    any_store() = default;

    struct contract {
        virtual ~contract() = default;
        virtual task<result<std::vector<row>>> get(std::vector<std::string>, reading) = 0;
        virtual task<result<commit_answer>> commit(commit_request) = 0;
        virtual task<result<page>> scan(std::vector<range>, scan_limits, reading) = 0;
    };

    template <class Pointer>
    struct holding final : contract {
        explicit holding(Pointer p) : model{std::move(p)} { RSX_ASSERT(model != nullptr); }
        task<result<std::vector<row>>> get(std::vector<std::string> keys, reading how) override {
            return model->get(std::move(keys), how);
        }
        task<result<commit_answer>> commit(commit_request request) override {
            return model->commit(std::move(request));
        }
        task<result<page>> scan(std::vector<range> ranges, scan_limits limits,
                                reading how) override {
            return model->scan(std::move(ranges), limits, how);
        }
        Pointer model;
    };

    std::unique_ptr<contract> model_;
};

static_assert(store<any_store>);

}  // namespace rsx::meta
