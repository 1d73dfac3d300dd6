// SPDX-License-Identifier: Apache-2.0

// Remembers which holders were late or away a moment ago, so that not every request learns it anew.
//
//     if (health.avoid(who, now)) use_another();
//     health.failed(who, now);                 // timed out, unreachable, or slower than the hedge
//     health.fine(who);
//
// A penalty lasts a second, doubles with each failure up to avoid_pause_max, and ends with the
// first success. When it is over, one caller may try; the others avoid the holder for another pause
// until that one has reported. Nothing here decides whether data is whole: it only says where not
// to wait. One loop's.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/core/holder.hpp>
#include <rsx/core/limits.hpp>

#include <map>

namespace rsx::object {

class health {
public:
    static constexpr nanos pause_min = limits::avoid_pause_min;
    static constexpr nanos pause_max = limits::avoid_pause_max;

    // Asks, and takes the turn of trying again if it is due.
    [[nodiscard]] bool avoid(holder who, nanos now) {
        const auto found = penalties_.find(who);
        if (found == penalties_.end()) return false;
        if (now < found->second.until) return true;
        found->second.until = now + pause_min;
        return false;
    }
    [[nodiscard]] bool suspect(holder who) const { return penalties_.contains(who); }

    void failed(holder who, nanos now) {
        auto [at, fresh] = penalties_.try_emplace(who);
        if (!fresh && now < at->second.failed + pause_min / 4) return;  // the same failure
        at->second.pause = fresh ? pause_min : std::min(at->second.pause * 2, pause_max);
        at->second.failed = now;
        at->second.until = now + at->second.pause;
    }
    void fine(holder who) { penalties_.erase(who); }

private:
    struct penalty {
        nanos until{0};
        nanos failed{0};
        nanos pause{pause_min};
    };
    std::map<holder, penalty> penalties_;
};

}  // namespace rsx::object
