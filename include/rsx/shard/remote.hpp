// SPDX-License-Identifier: Apache-2.0

// A shard store on another machine: the client of shard/service.hpp, for one holder.
//
//     shard::remote_store store{transport, loop, {.node = 3, .incarnation = 1}};
//     auto writer = co_await store.begin(header);          // says nothing yet
//     ...
//     auto sealed = co_await (*writer)->seal();             // up to 64 KiB: the only round trip
//
// What is larger goes through one stream, whose credit makes a slow disk slow its writer only.
// `begin` asks nobody: a full disk is said by the first append that is sent, or by the seal, and a
// conflict by the seal. A seal that meets its own shard (an answer was lost, and it is tried again)
// compares lengths and hashes and is success. What is read is as the service verified it; only who
// knows the object's geometry can verify it once more (shard::verify).
//
// The transport belongs to `home`; the store may be called from any loop. Both outlive the tasks of
// this store and its writers.
#pragma once

#include <rsx/core/mailbox.hpp>
#include <rsx/shard/access.hpp>
#include <rsx/shard/id.hpp>
#include <rsx/shard/messages.hpp>

namespace rsx::shard {

class remote_store {
public:
    remote_store(net::transport& by, loop& home, struct holder who, granter* grants = nullptr,
                 net::traffic how = net::traffic::foreground) noexcept
        : by_{&by}, home_{&home}, who_{who}, grants_{grants}, how_{how} {}

    [[nodiscard]] task<result<std::unique_ptr<writer>>> begin(struct header h) {
        if (auto ok = check_header(h, who_); !ok) co_return std::unexpected(ok.error());
        std::unique_ptr<writer> made = std::make_unique<writing>(*this, std::move(h));
        co_return made;
    }

    [[nodiscard]] task<result<struct header>> head(struct id which) {
        shard_ask what;
        what.which = which;
        auto asking = call<shard_ask>(op::head, std::move(what), {});
        const auto said = co_await asking;
        if (!said) co_return std::unexpected(said.error());
        co_return unpacked<struct header>(said->head);
    }

    [[nodiscard]] task<result<piece>> read(struct id which, block_range blocks) {
        shard_ask what;
        what.which = which;
        what.first = blocks.first;
        what.count = blocks.count;
        if (blocks.count > limits::shard_read_call_bytes_max / limits::block_bytes) {
            auto work = on(*home_, read_stream(std::move(what)));
            co_return co_await work;
        }
        auto asking = call<shard_ask>(op::read, std::move(what), {});
        auto said = co_await asking;
        if (!said) co_return std::unexpected(said.error());
        auto sums = unpacked<read_reply>(said->head);
        if (!sums) co_return std::unexpected(sums.error());
        piece out;
        out.bytes = std::move(said->body);
        out.sums = std::move(sums->sums);
        if (out.sums.size() != blocks_in(out.bytes.size())) {
            co_return fail(errc::corrupt, "not as many checksums as blocks");
        }
        co_return out;
    }

    [[nodiscard]] step erase(struct id which) {
        shard_ask what;
        what.which = which;
        auto asking = call<shard_ask>(op::erase, std::move(what), {});
        const auto said = co_await asking;
        if (!said) co_return std::unexpected(said.error());
        co_return result<void>{};
    }

    [[nodiscard]] task<result<std::vector<listed>>> list(struct id from, struct id to,
                                                         std::size_t limit) {
        list_ask what;
        what.from = from;
        what.to = to;
        what.limit = limit;
        auto asking = call<list_ask>(op::list, std::move(what), {});
        const auto said = co_await asking;
        if (!said) co_return std::unexpected(said.error());
        co_return wire::decode<std::vector<listed>>(said->body.view());
    }

    [[nodiscard]] task<result<struct status>> status() {
        auto asking = call<plain_ask>(op::status, plain_ask{}, {});
        const auto said = co_await asking;
        if (!said) co_return std::unexpected(said.error());
        co_return unpacked<struct status>(said->head);
    }

    // Is it there at all? One round trip past its disk.
    [[nodiscard]] step ping() {
        auto asking = call<plain_ask>(op::ping, plain_ask{}, {});
        const auto said = co_await asking;
        if (!said) co_return std::unexpected(said.error());
        co_return result<void>{};
    }

    [[nodiscard]] struct holder holder() const { return who_; }

private:
    template <class Message>
    net::request request_of(std::uint16_t number, Message what) {
        if (grants_ != nullptr) {
            access wanted{.op = number, .to = who_, .which = {}};
            if constexpr (requires { what.which; }) wanted.which = what.which;
            if constexpr (requires { what.about; }) wanted.which = what.about.id;
            what.grant = grants_->grant(wanted);
        }
        net::request ask;
        ask.op = number;
        ask.to = who_;
        ask.head = packed(what);
        return ask;
    }

    template <class Message>
    task<result<net::reply>> call(std::uint16_t number, Message what, slice body) {
        auto work = on(*home_, call_there(number, std::move(what), std::move(body)));
        co_return co_await work;
    }
    template <class Message>
    task<result<net::reply>> call_there(std::uint16_t number, Message what, slice body) {
        net::request ask = request_of(number, std::move(what));
        ask.body = std::move(body);
        auto asking = by_->call(std::move(ask), how_);
        co_return co_await asking;
    }

    task<result<piece>> read_stream(shard_ask what) {
        net::request ask = request_of(op::read_stream, std::move(what));
        auto opening = by_->open(std::move(ask), how_);
        auto stream = co_await opening;
        if (!stream) co_return std::unexpected(stream.error());
        step finishing = (*stream)->finish();
        if (const auto ok = co_await finishing; !ok) co_return std::unexpected(ok.error());
        record_reader records{**stream};
        std::vector<slice> parts;
        std::size_t size = 0;
        piece out;
        while (true) {
            auto reading = records.next();
            auto next = co_await reading;
            if (!next) co_return std::unexpected(next.error());
            if (next->kind == record::sealed) break;
            size += next->bytes.size();
            if (next->kind != record::blocks || size > limits::shard_bytes_max) {
                co_return fail(errc::corrupt, "an answer that services do not give", size);
            }
            out.sums.insert(out.sums.end(), next->sums.begin(), next->sums.end());
            parts.push_back(std::move(next->bytes));
        }
        if (out.sums.size() != blocks_in(size)) {
            co_return fail(errc::corrupt, "not as many checksums as blocks");
        }
        buffer all = buffer::uninitialized(size);
        byte_span to = all.span();
        for (const slice& part : parts) {
            std::ranges::copy(part.view(), to.begin());
            to = to.subspan(part.size());
        }
        out.bytes = slice{std::move(all)};
        co_return out;
    }

    class writing final : public writer {
    public:
        writing(remote_store& store, struct header h)
            : store_{store}, about_{std::move(h)}, row_{about_} {}
        writing(const writing&) = delete;
        writing& operator=(const writing&) = delete;
        ~writing() override {
            if (stream_) store_.home_->post([gone = std::move(stream_)] { drop(*gone); });
        }

        step append(slice blocks, std::vector<std::uint32_t> sums) override {
            if (ended_) co_return fail(errc::invalid, "the writer has ended");
            if (auto ok = row_.take(blocks.view(), sums); !ok) co_return ok;
            waiting_.push_back({std::move(blocks), std::move(sums)});
            if (failed_) waiting_.clear();  // sealed already: with these bytes?
            if (failed_ || (!stream_ && row_.bytes() <= limits::shard_call_bytes_max)) {
                co_return result<void>{};
            }
            auto work = on(*store_.home_, send());
            const auto sent = co_await work;
            if (sent) co_return sent;
            failed_ = sent.error();
            ended_ = failed_->code != errc::conflict;
            if (ended_) co_return sent;
            co_return result<void>{};
        }

        task<result<sealed>> seal() override {
            if (outcome_) co_return *outcome_;
            if (ended_ && !failed_) co_return fail(errc::invalid, "the writer has ended");
            ended_ = true;
            auto work = on(*store_.home_, finish());
            auto done = co_await work;
            if (!done && done.error().code == errc::conflict) {
                auto comparing = compare();
                done = co_await comparing;
            }
            if (done && (done->bytes != row_.bytes() || done->hash != row_.summary().hash)) {
                done = fail(errc::corrupt, "a store sealed something else", done->bytes);
            }
            outcome_ = done;
            co_return done;
        }

        step abort() override {
            ended_ = true;
            waiting_.clear();
            auto work = on(*store_.home_, let_go());
            co_return co_await work;
        }

    private:
        struct part {
            slice bytes;
            std::vector<std::uint32_t> sums;
        };

        static void drop(net::stream& gone) {
            gone.reset(error{errc::cancelled, "the shard was given up", 0});
        }
        step let_go() {
            if (stream_) drop(*stream_);
            stream_.reset();
            co_return result<void>{};
        }

        step open() {
            put_ask what;
            what.about = about_;
            net::request ask = store_.request_of(op::write, std::move(what));
            auto opening = store_.by_->open(std::move(ask), store_.how_);
            auto opened = co_await opening;
            if (!opened) co_return std::unexpected(opened.error());
            stream_ = std::move(*opened);
            co_return result<void>{};
        }

        // All that waits, in records of at most a megabyte.
        step send() {
            if (!stream_) {
                step opening = open();
                if (const auto ok = co_await opening; !ok) co_return ok;
            }
            const std::vector<part> parts = std::exchange(waiting_, {});
            for (const part& each : parts) {
                for (std::size_t at = 0; at < each.bytes.size();) {
                    constexpr std::size_t most = limits::shard_read_call_bytes_max;
                    const std::size_t size = std::min(most, each.bytes.size() - at);
                    const auto sums =
                        std::span{each.sums}.subspan(at / limits::block_bytes, blocks_in(size));
                    step telling = stream_->write(record_head(record::blocks, size, sums));
                    if (const auto ok = co_await telling; !ok) co_return refusal(ok.error());
                    telling = stream_->write(each.bytes.part(at, size));
                    if (const auto ok = co_await telling; !ok) co_return refusal(ok.error());
                    at += size;
                }
            }
            co_return result<void>{};
        }
        static std::unexpected<error> refusal(error why) { return std::unexpected(why); }

        task<result<sealed>> finish() {
            if (failed_) co_return std::unexpected(*failed_);
            if (!stream_) {
                put_ask what;
                what.about = about_;
                what.sums = row_.sums();
                auto asking = store_.call_there(op::put, std::move(what), joined());
                const auto said = co_await asking;
                if (!said) co_return std::unexpected(said.error());
                co_return unpacked<sealed>(said->head);
            }
            step telling = stream_->write(record_head(record::seal, 0, {}));
            if (const auto ok = co_await telling; !ok) co_return std::unexpected(ok.error());
            step finishing = stream_->finish();
            if (const auto ok = co_await finishing; !ok) co_return std::unexpected(ok.error());
            record_reader records{*stream_};
            auto reading = records.next();
            const auto said = co_await reading;
            if (!said) co_return std::unexpected(said.error());
            stream_.reset();
            if (said->kind != record::sealed) {
                co_return fail(errc::corrupt, "an answer that services do not give");
            }
            co_return wire::decode<sealed>(said->bytes.view());
        }

        slice joined() {
            if (waiting_.size() == 1) return std::move(waiting_.front().bytes);
            buffer all = buffer::uninitialized(row_.bytes());
            byte_span out = all.span();
            for (const part& each : waiting_) {
                std::ranges::copy(each.bytes.view(), out.begin());
                out = out.subspan(each.bytes.size());
            }
            return slice{std::move(all)};
        }

        // The shard is there: is it ours?
        task<result<sealed>> compare() {
            struct id after = about_.id;
            if (++after.write == 0) after = id_end();
            auto listing = store_.list(about_.id, after, 1);
            const auto found = co_await listing;
            if (!found) co_return std::unexpected(found.error());
            const sealed mine = row_.summary();
            if (found->size() == 1 && found->front().id == about_.id &&
                found->front().bytes == mine.bytes && found->front().hash == mine.hash) {
                co_return mine;
            }
            co_return fail(errc::conflict, "the shard is sealed with other bytes");
        }

        remote_store& store_;
        struct header about_;
        intake row_;
        std::vector<part> waiting_{};
        std::unique_ptr<net::stream> stream_{};
        bool ended_{false};
        std::optional<error> failed_{};
        std::optional<result<sealed>> outcome_{};
    };

    net::transport* by_;
    loop* home_;
    struct holder who_;
    granter* grants_;
    net::traffic how_;
};

static_assert(store<remote_store>);

}  // namespace rsx::shard
