// SPDX-License-Identifier: Apache-2.0

// A value that one task waits for and some other part of the loop brings.
//
//     auto slot = std::make_shared<rsx::net::later<reply>>();
//     waiting.emplace(id, slot);                    // the reader fills it: slot->fill(...)
//     auto value = co_await slot->take();           // or errc::cancelled, at once
//
// Whoever waits may leave: the value, should it come after all, is dropped. That is how a call is
// cancelled without disturbing the frames of the connection it went over. One loop; taken once.
#pragma once

#include <rsx/core/wait.hpp>

#include <optional>

namespace rsx::net {

template <class T>
class later {
public:
    void fill(result<T> value) {
        if (value_) return;
        value_.emplace(std::move(value));
        filled_.announce();
    }
    [[nodiscard]] bool filled() const noexcept { return value_.has_value(); }

    [[nodiscard]] task<result<T>> take() {
        while (!value_) {
            step wait = filled_.next();
            const status woken = co_await wait;
            if (!woken && !value_) co_return std::unexpected(woken.error());
        }
        co_return std::move(*value_);
    }

private:
    std::optional<result<T>> value_{};
    news filled_{};
};

}  // namespace rsx::net
