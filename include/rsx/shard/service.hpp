// SPDX-License-Identifier: Apache-2.0

// Serves shard stores to the network: any number of them, each under its holder.
//
//     shard::service shards;
//     shards.add(store);                          // under store.holder()
//     listener.serve(shards);                     // a net::service
//
// What is addressed to a holder that is not here is refused (errc::invalid), so that nothing meant
// for a disk that was replaced lands on the new one. What a stream brought counts only when its
// seal has come; a seal that has begun goes on even if its asker has gone. Runs on the loops of its
// connections; stores are added before it serves, and outlive it. Protocol: shard/messages.hpp.
#pragma once

#include <rsx/shard/access.hpp>
#include <rsx/shard/messages.hpp>

#include <map>

namespace rsx::shard {

class service final : public net::service {
public:
    explicit service(gatekeeper* gate = nullptr) noexcept : gate_{gate} {}

    void add(any_store& store) { stores_.insert_or_assign(store.holder(), &store); }

    task<result<net::reply>> answer(net::peer who, net::request ask) override {
        switch (ask.op) {
            case op::ping: return pong(who, std::move(ask));
            case op::status: return say_status(who, std::move(ask));
            case op::head: return say_head(who, std::move(ask));
            case op::read: return say_read(who, std::move(ask));
            case op::erase: return erase(who, std::move(ask));
            case op::list: return say_list(who, std::move(ask));
            case op::put: return put(who, std::move(ask));
            default: return refuse(ask.op);
        }
    }

    step serve(net::peer who, net::request ask, net::stream& with) override {
        switch (ask.op) {
            case op::write: return write(who, std::move(ask), with);
            case op::read_stream: return read_stream(who, std::move(ask), with);
            default: return refuse_stream(ask.op);
        }
    }

private:
    static constexpr std::uint64_t blocks_a_piece =
        limits::shard_read_call_bytes_max / limits::block_bytes;

    // What was asked, and of which store, if the asker may.
    template <class Message>
    struct admitted {
        Message what;
        any_store* store;
    };
    template <class Message>
    result<admitted<Message>> admit(const net::peer& who, const net::request& ask) {
        const auto found = stores_.find(ask.to);
        if (found == stores_.end()) {
            return fail(errc::invalid, "addressed to another holder", ask.to.node);
        }
        auto what = unpacked<Message>(ask.head);
        if (!what) return std::unexpected(what.error());
        if (gate_ != nullptr) {
            access wanted{.op = ask.op, .to = ask.to, .which = {}};
            if constexpr (requires { what->which; }) wanted.which = what->which;
            if constexpr (requires { what->about; }) wanted.which = what->about.id;
            if (auto ok = gate_->check(who, wanted, what->grant); !ok) {
                return std::unexpected(ok.error());
            }
        }
        return admitted<Message>{std::move(*what), found->second};
    }

    static task<result<net::reply>> refuse(std::uint16_t op) {
        co_return fail(errc::unsupported, "an unknown or reserved operation", op);
    }
    static step refuse_stream(std::uint16_t op) {
        co_return fail(errc::unsupported, "an unknown or reserved stream", op);
    }

    task<result<net::reply>> pong(net::peer who, net::request ask) {
        auto asked = admit<plain_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        co_return net::reply{};
    }

    task<result<net::reply>> say_status(net::peer who, net::request ask) {
        auto asked = admit<plain_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        auto asking = asked->store->status();
        const auto now = co_await asking;
        if (!now) co_return std::unexpected(now.error());
        net::reply out;
        out.head = packed(*now);
        co_return out;
    }

    task<result<net::reply>> say_head(net::peer who, net::request ask) {
        auto asked = admit<shard_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        auto asking = asked->store->head(asked->what.which);
        const auto about = co_await asking;
        if (!about) co_return std::unexpected(about.error());
        net::reply out;
        out.head = packed(*about);
        co_return out;
    }

    task<result<net::reply>> say_read(net::peer who, net::request ask) {
        auto asked = admit<shard_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        if (asked->what.count > blocks_a_piece) {
            co_return fail(errc::limit, "more than one call reads", asked->what.count);
        }
        const block_range where{asked->what.first, asked->what.count};
        auto reading = asked->store->read(asked->what.which, where);
        auto got = co_await reading;
        if (!got) co_return std::unexpected(got.error());
        read_reply said;
        said.sums = std::move(got->sums);
        net::reply out;
        out.head = packed(said);
        out.body = std::move(got->bytes);
        co_return out;
    }

    task<result<net::reply>> erase(net::peer who, net::request ask) {
        auto asked = admit<shard_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        step erasing = asked->store->erase(asked->what.which);
        const auto gone = co_await erasing;
        if (!gone) co_return std::unexpected(gone.error());
        co_return net::reply{};
    }

    task<result<net::reply>> say_list(net::peer who, net::request ask) {
        auto asked = admit<list_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        const auto limit = std::min<std::uint64_t>(asked->what.limit, limits::shard_list_max);
        auto listing = asked->store->list(asked->what.from, asked->what.to, limit);
        const auto found = co_await listing;
        if (!found) co_return std::unexpected(found.error());
        net::reply out;
        out.body = slice::copy_of(wire::encode(*found));
        co_return out;
    }

    task<result<net::reply>> put(net::peer who, net::request ask) {
        auto asked = admit<put_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        auto beginning = asked->store->begin(std::move(asked->what.about));
        auto writer = co_await beginning;
        if (!writer) co_return std::unexpected(writer.error());
        if (!ask.body.empty()) {
            step appending = (*writer)->append(std::move(ask.body), std::move(asked->what.sums));
            const auto appended = co_await appending;
            if (!appended) co_return std::unexpected(appended.error());
        }
        auto sealing = (*writer)->seal();
        const auto done = co_await sealing;
        if (!done) co_return std::unexpected(done.error());
        net::reply out;
        out.head = packed(*done);
        co_return out;
    }

    step write(net::peer who, net::request ask, net::stream& with) {
        auto asked = admit<put_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        auto beginning = asked->store->begin(std::move(asked->what.about));
        auto writer = co_await beginning;
        if (!writer) co_return std::unexpected(writer.error());
        record_reader records{with};
        while (true) {
            auto reading = records.next();
            auto next = co_await reading;
            if (!next) co_return std::unexpected(next.error());
            if (next->kind == record::seal) break;
            if (next->kind != record::blocks) {
                co_return fail(errc::invalid, "a record that clients do not send");
            }
            step appending = (*writer)->append(std::move(next->bytes), std::move(next->sums));
            const auto appended = co_await appending;
            if (!appended) co_return appended;
        }
        auto sealing = (*writer)->seal();
        const auto done = co_await sealing;
        if (!done) co_return std::unexpected(done.error());
        const slice said = slice::copy_of(wire::encode(*done));
        step telling = with.write(record_head(record::sealed, said.size(), {}));
        auto told = co_await telling;
        if (!told) co_return told;
        telling = with.write(said);
        told = co_await telling;
        if (!told) co_return told;
        step finishing = with.finish();
        co_return co_await finishing;
    }

    step read_stream(net::peer who, net::request ask, net::stream& with) {
        auto asked = admit<shard_ask>(who, ask);
        if (!asked) co_return std::unexpected(asked.error());
        std::uint64_t left = asked->what.count;
        block_range piece_of{asked->what.first, 0};
        while (true) {
            piece_of.count = std::min(left, blocks_a_piece);
            auto reading = asked->store->read(asked->what.which, piece_of);
            auto got = co_await reading;
            if (!got) co_return std::unexpected(got.error());
            step telling = with.write(record_head(record::blocks, got->bytes.size(), got->sums));
            auto told = co_await telling;
            if (!told) co_return told;
            telling = with.write(got->bytes);
            told = co_await telling;
            if (!told) co_return told;
            left -= piece_of.count;
            piece_of.first += got->sums.size();
            if (left == 0 || got->sums.size() < blocks_a_piece) break;
        }
        step telling = with.write(record_head(record::sealed, 0, {}));
        auto told = co_await telling;
        if (!told) co_return told;
        step finishing = with.finish();
        co_return co_await finishing;
    }

    gatekeeper* gate_;
    std::map<struct holder, any_store*> stores_{};
};

}  // namespace rsx::shard
