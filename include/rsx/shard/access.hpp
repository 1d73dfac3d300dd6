// SPDX-License-Identifier: Apache-2.0

// Who may do what to which shard: the place where a cluster's capabilities plug in.
//
//     shard::remote_store store{transport, loop, who, &granter};   // makes a grant an operation
//     shard::service shards{&gatekeeper};                          // and asks whether it is one
//
// A grant is bytes that nobody here reads. Without either, the connection is trusted (loopback, or
// mTLS alone). Both are called on the loop of their transport and must not block.
#pragma once

#include <rsx/net/transport.hpp>
#include <rsx/shard/concept.hpp>

namespace rsx::shard {

// One operation on one shard (or, for ping, status and list, on the holder).
struct access {
    std::uint16_t op{0};
    struct holder to{};
    struct id which{};
};

class granter {
public:
    virtual ~granter() = default;
    [[nodiscard]] virtual std::string grant(const access& what) = 0;
};

class gatekeeper {
public:
    virtual ~gatekeeper() = default;
    [[nodiscard]] virtual result<void> check(const net::peer& who, const access& what,
                                             std::string_view grant) = 0;
};

}  // namespace rsx::shard
