// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec.hpp>

#include <array>

bool other_file_restores() {
    const std::array<std::byte, 3> a{std::byte{1}, std::byte{2}, std::byte{3}};
    const std::array<std::byte, 3> b{std::byte{4}, std::byte{5}, std::byte{6}};
    std::array<std::byte, 3> parity{};
    std::array<std::byte, 3> restored{};

    const auto code = rsx::codec::reed_solomon::make({.data = 2, .parity = 1});
    if (!code) return false;
    const std::array<rsx::byte_view, 2> data{a, b};
    const std::array<rsx::byte_span, 1> out{parity};
    if (!code->encode(data, out)) return false;

    const std::array<unsigned, 2> have{1, 2};
    const std::array<unsigned, 1> want{0};
    const auto plan = code->plan(have, want);
    if (!plan) return false;
    const std::array<rsx::byte_view, 2> sources{b, parity};
    const std::array<rsx::byte_span, 1> targets{restored};
    return plan->repair(sources, targets) && restored == a;
}
