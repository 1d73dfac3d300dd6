// SPDX-License-Identifier: Apache-2.0

// What each translation unit tells about the kernels it sees.
#pragma once

#include <rsx/codec.hpp>

#include <vector>

using runner = decltype(rsx::gf::shape::sum);

std::vector<runner> kernels_of_the_plain_unit();
std::vector<runner> kernels_of_the_wide_unit();
bool plain_unit_works();
bool wide_unit_works();

// Encodes with the unit's own copy of the portable kernel and compares with its best.
inline namespace RSX_ISA_NAMESPACE {

inline std::vector<runner> kernels_here() {
    std::vector<runner> made;
    for (const auto& k : rsx::gf::kernels()) {
        for (const auto& shape : k.multiplied)
            if (shape.sum != nullptr) made.push_back(shape.sum);
        for (const auto& shape : k.plain) made.push_back(shape.sum);
    }
    return made;
}

inline bool works_here() {
    std::vector<std::byte> memory(5 * 100, std::byte{7});
    std::vector<rsx::byte_view> data;
    std::vector<rsx::byte_span> parity;
    for (std::size_t i = 0; i < 5; ++i) {
        const auto shard = rsx::byte_span{memory}.subspan(i * 100, 100);
        if (i < 3)
            data.emplace_back(shard);
        else
            parity.push_back(shard);
    }
    const auto slow = rsx::codec::reed_solomon::make(
        {.data = 3, .parity = 2}, rsx::codec::generator::cauchy, rsx::gf::kernels().front());
    const auto fast =
        rsx::codec::reed_solomon::make({.data = 3, .parity = 2}, rsx::codec::generator::cauchy);
    if (!slow || !fast || !slow->encode(data, parity)) return false;
    const std::vector<rsx::byte_view> made{parity.begin(), parity.end()};
    return fast->verify(data, made).value_or(false);
}

}  // namespace RSX_ISA_NAMESPACE
