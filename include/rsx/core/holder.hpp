// SPDX-License-Identifier: Apache-2.0

// A holder is the contents of one directory on one disk: a node and which incarnation of it.
//
//     rsx::holder who{.node = 3, .incarnation = 1};
//     rsx::holder replaced{.node = 3, .incarnation = 7};    // another disk: what was held is owed
//
// Node ids are never reused and an incarnation, once closed, is never reopened; so a write meant
// for the old disk cannot land on the new one. Eight bytes, a plain value.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace rsx {

using node_id = std::uint32_t;

struct holder {
    node_id node{0};
    std::uint32_t incarnation{0};

    template <class Archive>
    void serialize(Archive& archive) {
        archive(node, incarnation);
    }

    friend constexpr auto operator<=>(const holder&, const holder&) noexcept = default;
};

// "3.1": node, incarnation; for logs and messages.
[[nodiscard]] inline std::string to_string(holder who) {
    std::string text = std::to_string(who.node);
    text += '.';
    text += std::to_string(who.incarnation);
    return text;
}

}  // namespace rsx
