// SPDX-License-Identifier: Apache-2.0

// All fronts of a gateway process, from the first listener to the last lease given back.
//
//     rsxd::fronts all{shared};
//     auto port = all.start(listen, loops);        // every one, or none and why
//     ...
//     all.stop();
#pragma once

#include "front.hpp"

#include <algorithm>
#include <thread>

namespace rsxd {

class fronts {
public:
    explicit fronts(shared_ground& on) : on_{on} {}
    ~fronts() { stop(); }

    [[nodiscard]] static unsigned loops_or_cores(unsigned asked) {
        return asked != 0 ? asked : std::max(1u, std::thread::hardware_concurrency());
    }

    // Port 0 becomes the one the first front was given.
    [[nodiscard]] std::expected<std::uint16_t, std::string> start(endpoint listen, unsigned loops) {
        for (unsigned i = 0; i < loops; ++i) {
            all_.push_back(std::make_unique<front>(on_, front_options{i, listen, loops > 1}));
            auto port = all_.back()->start();
            if (!port) {
                stop();
                return std::unexpected("cannot serve at " + listen.host + ":" +
                                       std::to_string(listen.port) + ": " + port.error());
            }
            listen.port = *port;
        }
        return listen.port;
    }

    // The first one last: it does what the process does once.
    void stop() {
        for (auto each = all_.rbegin(); each != all_.rend(); ++each) (*each)->stop();
        all_.clear();
    }

private:
    shared_ground& on_;
    std::vector<std::unique_ptr<front>> all_;
};

}  // namespace rsxd
