// SPDX-License-Identifier: Apache-2.0

// A circuit breaker: after some failures in a row a peer is left alone for a while, then tried.
//
//     rsx::net::breaker gate;
//     if (!gate.allow(loop.now())) return fail(errc::unavailable, ...);
//     ... gate.succeeded();  or  gate.failed(loop.now(), random);  or  gate.left();
//
//     closed --5 failures in a row--> open --pause--> half open --3 successes--> closed
//                                      ^                  |
//                                      +---one failure----+      pauses double, with jitter
//
// In half open at most three tries are under way. What the peer answered, errors too, is a success:
// a failure is silence, a refused or a broken connection. `left` gives back a try that was
// abandoned for another's sake. A plain value; time and randomness come in; one loop.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/core/limits.hpp>

#include <algorithm>

namespace rsx::net {

// Full jitter halves: uniform in [pause/2, pause), so that those who failed together do not return
// together.
[[nodiscard]] inline nanos jittered(nanos pause, entropy& random) {
    const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(pause.count() / 2, 1));
    return pause / 2 + nanos{static_cast<std::int64_t>(random.below(half))};
}

class breaker {
public:
    static constexpr unsigned failures_max = 5;
    static constexpr unsigned probes = 3;
    static constexpr nanos pause_min = std::chrono::milliseconds{500};
    static constexpr nanos pause_max = std::chrono::seconds{30};

    enum class state { closed, open, half_open };

    // May one more try begin? True: tell how it ended.
    [[nodiscard]] bool allow(nanos now) noexcept {
        if (state_ == state::open && now >= until_) {
            state_ = state::half_open;
            trying_ = 0;
            good_ = 0;
        }
        if (state_ == state::open) return false;
        if (state_ == state::half_open && trying_ >= probes) return false;
        ++trying_;
        return true;
    }

    void succeeded() noexcept {
        left();
        failures_ = 0;
        if (state_ != state::half_open || ++good_ < probes) return;
        state_ = state::closed;
        pause_ = pause_min;
    }

    void failed(nanos now, entropy& random) {
        left();
        if (state_ == state::open) return;
        if (state_ == state::closed && ++failures_ < failures_max) return;
        if (state_ == state::half_open) pause_ = std::min(pause_ * 2, pause_max);
        state_ = state::open;
        failures_ = 0;
        until_ = now + jittered(pause_, random);
    }

    void left() noexcept {
        if (trying_ > 0) --trying_;
    }

    [[nodiscard]] state now_is() const noexcept { return state_; }

private:
    state state_{state::closed};
    unsigned failures_{0};
    unsigned trying_{0};
    unsigned good_{0};
    nanos pause_{pause_min};
    nanos until_{0};
};

}  // namespace rsx::net
