// SPDX-License-Identifier: Apache-2.0

// A slice is a share of frozen bytes: it keeps them alive, and nobody writes to them any more.
//
//     rsx::slice stripe{std::move(buffer)};                    // the buffer is frozen now
//     rsx::slice cell = stripe.part(0, 64 * rsx::kib);          // no copy
//
// For bytes that several writers send at their own pace (a cell on its way to a slow disk must
// outlive the PUT that made it). Copies cost one atomic count; slices may cross threads.
#pragma once

#include <rsx/core/buffer.hpp>

#include <memory>

namespace rsx {

class slice {
public:
    slice() noexcept = default;
    explicit slice(buffer bytes)
        : owner_{std::make_shared<const buffer>(std::move(bytes))}, view_{owner_->view()} {}
    [[nodiscard]] static slice copy_of(byte_view bytes) { return slice{buffer::copy_of(bytes)}; }

    [[nodiscard]] slice part(std::size_t from, std::size_t size) const noexcept {
        RSX_ASSERT(from <= view_.size() && size <= view_.size() - from);
        slice made{*this};
        made.view_ = view_.subspan(from, size);
        return made;
    }

    [[nodiscard]] byte_view view() const noexcept { return view_; }
    [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
    [[nodiscard]] bool empty() const noexcept { return view_.empty(); }

private:
    std::shared_ptr<const buffer> owner_{};
    byte_view view_{};
};

}  // namespace rsx
