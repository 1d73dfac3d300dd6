// SPDX-License-Identifier: Apache-2.0

// The fleet: which shard store stands behind which holder.
//
//     object::fleet nodes;
//     nodes.add(store);                          // under store.holder()
//     shard::any_store* found = nodes.find({.node = 3, .incarnation = 1});   // or nullptr
//
// Belongs to the engine's loop. A store must outlive its place here and every task that found it.
#pragma once

#include <rsx/shard/concept.hpp>

#include <map>

namespace rsx::object {

class fleet {
public:
    void add(shard::any_store& store) { stores_[store.holder()] = &store; }
    void drop(holder who) { stores_.erase(who); }
    [[nodiscard]] shard::any_store* find(holder who) const {
        const auto found = stores_.find(who);
        return found == stores_.end() ? nullptr : found->second;
    }
    [[nodiscard]] const std::map<holder, shard::any_store*>& all() const noexcept {
        return stores_;
    }

private:
    std::map<holder, shard::any_store*> stores_;
};

}  // namespace rsx::object
