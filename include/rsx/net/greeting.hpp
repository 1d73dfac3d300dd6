// SPDX-License-Identifier: Apache-2.0

// How a link begins: TLS, then a hello each way, and every ground to refuse checked by both sides.
//
//     auto met = rsx::net::greet(link, mine, tls, wall);                 // the side that connected
//     auto met = rsx::net::be_greeted(link, mine, tls, wall, admit);     // the side that listened
//
// Plaintext is spoken on loopback only. With TLS both sides show certificates of the cluster's
// authority, and each must name who the hello says: node-<id>.<cluster> or gateway-<id>.<cluster>.
// Errors: those of error_of(refusal), and of the network.
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/net/connect.hpp>
#include <rsx/net/link.hpp>

namespace rsx::net {

// Nodes whose names the peer's certificate proves; not asked without TLS.
[[nodiscard]] inline bool proves(channel& with, peer::role is, std::uint32_t id,
                                 const cluster_id& cluster) {
    if (!with.secure()) return true;
    const auto names = proven_names(with.native_tls());
    return std::find(names.begin(), names.end(), certified_name(is, id, cluster)) != names.end();
}

[[nodiscard]] inline std::string encoded(refusal why) {
    return std::string(1, static_cast<char>(why));
}

[[nodiscard]] inline step greet(std::shared_ptr<link> on, hello mine, tls_context tls,
                                const wall_clock& wall) {
    channel& with = on->with();
    if (tls) {
        const status shaken = co_await with.secure_as_client(tls, {}, limits::connect_time_max * 5);
        if (!shaken) co_return shaken;
    } else if (!is_loopback(with.remote())) {
        co_return fail(errc::invalid, "without TLS only loopback is spoken to");
    }
    mine.clock_ms = wall.now_ms();
    const status said = co_await on->send_now(frame_type::hello, encoded(mine));
    if (!said) co_return said;
    auto next = co_await on->next_frame(limits::connect_time_max * 5);
    if (!next) co_return std::unexpected(next.error());
    if (next->about.type == frame_type::refusal) {
        const auto why = next->head.empty()
                             ? refusal::malformed
                             : refusal{static_cast<std::uint8_t>(next->head.front())};
        co_return std::unexpected(error_of(why));
    }
    if (next->about.type != frame_type::hello) co_return fail(errc::corrupt, "no hello came");
    auto theirs = hello_from(next->head);
    if (!theirs) co_return std::unexpected(theirs.error());
    const auto agreed = agree(mine, *theirs, wall.now_ms());
    if (!agreed) co_return std::unexpected(error_of(agreed.error()));
    if (!proves(with, theirs->is, theirs->id, theirs->cluster)) {
        co_return std::unexpected(error_of(refusal::not_certified));
    }
    on->met(std::move(*theirs), on->how());
    co_return status{};
}

// What the listening side asks about a peer whose hello is otherwise good.
using admission = std::function<std::expected<void, refusal>(const hello&)>;

[[nodiscard]] inline step be_greeted(std::shared_ptr<link> on, hello mine, tls_context tls,
                                     const wall_clock& wall, const admission& admit) {
    channel& with = on->with();
    std::optional<refusal> no;
    if (tls) {
        const status shaken = co_await with.secure_as_server(tls, limits::connect_time_max * 5);
        if (!shaken) co_return shaken;
    }
    auto next = co_await on->next_frame(limits::connect_time_max * 5);
    if (!next) co_return std::unexpected(next.error());
    if (next->about.type != frame_type::hello) co_return fail(errc::corrupt, "no hello came");
    result<hello> theirs = hello_from(next->head);
    if (!theirs) {
        no = refusal::malformed;
    } else if (const auto agreed = agree(mine, *theirs, wall.now_ms()); !agreed) {
        no = agreed.error();
    } else if (!tls && !is_loopback(with.remote())) {
        no = refusal::not_certified;
    } else if (!proves(with, theirs->is, theirs->id, theirs->cluster)) {
        no = refusal::not_certified;
    } else if (admit) {
        const auto admitted = admit(*theirs);
        if (!admitted) no = admitted.error();
    }
    if (no) {
        const status told = co_await on->send_now(frame_type::refusal, encoded(*no));
        if (told) co_await with.end_writing(limits::connect_time_max);
        co_return std::unexpected(error_of(*no));
    }
    on->met(std::move(*theirs), next->about.how);
    mine.clock_ms = wall.now_ms();
    const status said = co_await on->send_now(frame_type::hello, encoded(mine));
    co_return said;
}

}  // namespace rsx::net
