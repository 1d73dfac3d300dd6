// SPDX-License-Identifier: Apache-2.0

// A policy whose kind is known only when the program runs, and the names by which one is asked for.
//
//     auto policy = rsx::placement::policy_named("rendezvous");       // result<any_policy>
//     if (policy) policy->place(hash, 6, now, rules, out);
//
// One allocation, one virtual call; moves; may be asked from any thread, like what it holds.
#pragma once

#include <rsx/placement/rendezvous.hpp>
#include <rsx/placement/ring.hpp>
#include <rsx/placement/round_robin.hpp>

#include <memory>
#include <string_view>

namespace rsx::placement {

class any_policy {
public:
    template <class Policy>
        requires(!std::same_as<Policy, any_policy>) && policy<Policy>
    explicit any_policy(Policy kind) : held_{std::make_unique<model<Policy>>(std::move(kind))} {}

    result<bent> place(std::uint64_t hash, std::size_t width, const view& now, const rules& wishes,
                       std::span<holder> out) const {
        return held_->place(hash, width, now, wishes, out);
    }
    result<bent> adjust(std::uint64_t hash, std::span<const holder> holders, const view& now,
                        const rules& wishes, std::span<holder> out) const {
        return held_->adjust(hash, holders, now, wishes, out);
    }

private:
    struct face {
        virtual ~face() = default;
        virtual result<bent> place(std::uint64_t, std::size_t, const view&, const rules&,
                                   std::span<holder>) const = 0;
        virtual result<bent> adjust(std::uint64_t, std::span<const holder>, const view&,
                                    const rules&, std::span<holder>) const = 0;
    };

    template <class Policy>
    struct model final : face {
        explicit model(Policy k) : kind{std::move(k)} {}
        result<bent> place(std::uint64_t hash, std::size_t width, const view& now,
                           const rules& wishes, std::span<holder> out) const override {
            return kind.place(hash, width, now, wishes, out);
        }
        result<bent> adjust(std::uint64_t hash, std::span<const holder> holders, const view& now,
                            const rules& wishes, std::span<holder> out) const override {
            return kind.adjust(hash, holders, now, wishes, out);
        }
        Policy kind;
    };

    std::unique_ptr<face> held_;
};

static_assert(policy<any_policy>);

[[nodiscard]] inline result<any_policy> policy_named(std::string_view name) {
    if (name == "ring") return any_policy{ring{}};
    if (name == "rendezvous") return any_policy{rendezvous{}};
    if (name == "round-robin") return any_policy{round_robin{}};
    return fail(errc::not_found, "placement: ring, rendezvous or round-robin");
}

}  // namespace rsx::placement
