// SPDX-License-Identifier: Apache-2.0

// A body on its way in: read into cells, encoded in place, digested beside, spread over the disks.
//
//     object::body_writer out{s, home, {.id = session.new_id(), .about = about}};
//     auto written = co_await out.write(source, digester, code, length);
//     ... commit the layout ...
//     out.keep();                       // else the destructor erases what has no name
//
// Memory per body: the batch being filled, and what the disks have not taken yet, all of it leased
// from the engine's budget. A chunk seals while the next one is being filled. The digester has seen
// the whole body, and has agreed, before `write` answers.
#pragma once

#include <rsx/meta/rows/work.hpp>
#include <rsx/object/batch_reader.hpp>
#include <rsx/object/hash_line.hpp>

namespace rsx::object {

struct written {
    std::optional<meta::rows::extent> run{};  // nothing: no bytes
    std::uint64_t bytes{0};
    digests sums{};
    std::vector<meta::rows::owed_shard> owed{};
    std::uint64_t spare{0};  // shards of the worst chunk beyond k
};

class body_writer {
public:
    body_writer(state& s, loop& home, object_id id, subject about)
        : s_{s}, home_{home}, id_{id}, about_{std::move(about)} {}
    body_writer(const body_writer&) = delete;
    body_writer& operator=(const body_writer&) = delete;
    ~body_writer() {
        RSX_ASSERT(sealing_ == 0);
        if (kept_) return;
        for (const auto& each : chunks_) each->writer.forget();
    }

    // The shards have a name now.
    void keep() noexcept { kept_ = true; }

    [[nodiscard]] task<result<written>> write(source& body, digester& sums, struct code code,
                                              std::optional<std::uint64_t> length) {
        const env& here = co_await this_env{};
        const std::stop_callback pass_on{here.stop, request{&stop_}};
        hash_line line{s_, home_, sums};
        step filling = fill(body, line, code, length);
        auto filled = co_await filling;
        if (!filled) stop_.request_stop();
        step hashing = line.wait();
        const auto hashed = co_await hashing;
        step sealing = wait_for_chunks(0);
        step alone = sheltered(std::move(sealing));
        const auto sealed = co_await alone;
        if (!filled) co_return std::unexpected(filled.error());
        if (!hashed) co_return std::unexpected(hashed.error());
        if (!sealed) co_return std::unexpected(sealed.error());
        auto out = collect();
        if (!out) co_return std::unexpected(out.error());
        auto found = sums.finish();
        if (!found) co_return std::unexpected(found.error());
        out->sums = std::move(*found);
        co_return std::move(*out);
    }

private:
    struct request {
        std::stop_source* stop;
        void operator()() const { stop->request_stop(); }
    };
    struct one_chunk {
        one_chunk(state& s, loop& home, chunk what, std::vector<target> targets, subject about)
            : writer{s, home, std::move(what), std::move(targets), std::move(about)} {}
        chunk_writer writer;
        std::optional<result<std::vector<meta::rows::shard_place>>> places{};
    };

    [[nodiscard]] step fill(source& body, hash_line& line, struct code code,
                            std::optional<std::uint64_t> length) {
        constexpr auto rows = codec::generator::ones_cauchy;
        const auto coder = s_.code_of(code.data, code.parity, rows);
        if (!coder) co_return std::unexpected(invalid_code);
        const std::uint64_t chunk_bytes = chunk_bytes_of(code.data);
        run_.chunk_bytes = chunk_bytes;
        run_.data = code.data;
        run_.parity = code.parity;
        run_.cell_bytes = limits::cell_bytes;
        run_.code = 1;
        run_.generator = static_cast<std::uint8_t>(rows);
        run_.object = id_;
        run_.hash = xxhash64(id_.bytes());
        run_.write = s_.on.random.u64();
        run_.epoch = static_cast<std::uint32_t>(s_.nodes->epoch);
        run_.part = about_.part;

        batch_reader in{s_, body, coder, length};
        one_chunk* open = nullptr;
        if (!length || *length > 0) {  // refuse before anything is read
            auto opened = open_chunk();
            if (!opened) co_return std::unexpected(opened.error());
            open = *opened;
        }
        for (;;) {
            const std::uint64_t filled = open == nullptr ? 0 : open->writer.what().shape.bytes;
            if (filled > 0 && !s_.has_room(batch_stripes * limits::cell_bytes * run_.width())) {
                step letting_go = open->writer.let_go();
                const auto gone = co_await letting_go;
                if (!gone) co_return gone;
            }
            auto reading = in.next(chunk_bytes - filled);
            auto next = co_await reading;
            if (!next) co_return std::unexpected(next.error());
            if (next->bytes > 0) {
                if (open == nullptr) {
                    auto opened = open_chunk();
                    if (!opened) co_return std::unexpected(opened.error());
                    open = *opened;
                }
                step hashing = line.wait();
                const auto hashed = co_await hashing;
                if (!hashed) co_return hashed;
                line.feed(next->rows.bytes, std::move(next->pieces), next->bytes);
                step adding = open->writer.add(std::move(next->rows), next->bytes);
                const auto added = co_await adding;
                if (!added) co_return added;
                run_.bytes += next->bytes;
            }
            const bool full = open != nullptr && open->writer.what().shape.bytes == chunk_bytes;
            if (full || (next->last && open != nullptr)) {
                if (open->writer.what().shape.bytes > 0) {
                    seal(open);
                } else {
                    open->writer.forget();
                    chunks_.pop_back();
                }
                open = nullptr;
                step waiting =
                    wait_for_chunks(next->last ? chunks_.size() : limits::chunks_sealing_max - 1);
                const auto waited = co_await waiting;
                if (!waited) co_return waited;
            }
            if (next->last) co_return status{};
        }
    }

    [[nodiscard]] result<one_chunk*> open_chunk() {
        chunk what{.shape = {.data = run_.data, .parity = run_.parity},
                   .object = id_,
                   .hash = run_.hash,
                   .number = static_cast<std::uint32_t>(chunks_.size()),
                   .write = run_.write,
                   .generator = run_.generator,
                   .epoch = run_.epoch};
        auto targets =
            spread(s_, placement_hash(what.hash, what.number), run_.data, run_.parity, home_.now());
        if (!targets) return std::unexpected(targets.error());
        about_.chunk_offset = run_.bytes;
        chunks_.push_back(
            std::make_unique<one_chunk>(s_, home_, std::move(what), std::move(*targets), about_));
        return chunks_.back().get();
    }

    void seal(one_chunk* which) {
        ++sealing_;
        spawn(env{&home_, stop_.get_token(), nanos::max()}, which->writer.finish(),
              [this, which](result<std::vector<meta::rows::shard_place>> places) {
                  if (!places && !failed_) failed_ = places.error();
                  which->places = std::move(places);
                  --sealing_;
                  sealed_.announce();
              });
    }

    // Until no more than so many chunks are sealing. Answers the first failure of any.
    [[nodiscard]] step wait_for_chunks(std::size_t count) {
        while (sealing_ > count) {
            step next = sealed_.next();
            const auto told = co_await next;
            if (!told) co_return told;
        }
        if (failed_) co_return std::unexpected(*failed_);
        co_return status{};
    }

    [[nodiscard]] result<written> collect() {
        using meta::rows::owed_kind;
        using meta::rows::presence;
        written out{.bytes = run_.bytes};
        if (chunks_.empty()) return out;
        std::uint64_t spare = run_.parity;
        for (const auto& each : chunks_) {
            RSX_ASSERT(each->places && *each->places);
            const auto& places = **each->places;
            std::uint64_t missing = 0;
            for (unsigned i = 0; i < places.size(); ++i) {
                run_.shards.places.push_back(places[i]);
                if (places[i].state == presence::present) continue;
                const bool gone = places[i].state == presence::missing;
                missing += gone ? 1u : 0u;
                out.owed.push_back({.chunk = each->writer.what().number,
                                    .index = static_cast<std::uint16_t>(i),
                                    .kind = gone ? owed_kind::missing : owed_kind::away});
            }
            spare = std::min(spare, run_.parity - missing);
        }
        out.spare = spare;
        out.run = run_;
        return out;
    }

    state& s_;
    loop& home_;
    object_id id_;
    subject about_;
    meta::rows::extent run_{};
    std::vector<std::unique_ptr<one_chunk>> chunks_;
    std::size_t sealing_{0};
    std::optional<error> failed_;
    news sealed_;
    std::stop_source stop_;
    bool kept_{false};
};

}  // namespace rsx::object
