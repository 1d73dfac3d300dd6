// SPDX-License-Identifier: Apache-2.0

// GET: one manifest read, then windows of stripes, verified before any of their bytes is given out.
//
//     auto reader = co_await object::get(s, "photos", "cat.jpg", {});
//     (*reader)->select(first, count);
//     auto piece = co_await (*reader)->next();
//
// The manifest says where everything is; placement is not asked. While a window is being given out,
// the next one is already read, if the budget has room for it. A reader may be left at any time:
// what is under way holds what it needs and ends by itself. As long as a reader lives, nothing its
// manifest names is collected as garbage: its operation is numbered from before the manifest's
// read.
#pragma once

#include <rsx/object/layouts.hpp>
#include <rsx/object/reader.hpp>
#include <rsx/object/rows_read.hpp>

#include <deque>

namespace rsx::object {

using meta::operation;

namespace detail {

// What reads of one object share; kept alive by whichever of them is under way.
struct reading {
    reading(state& st, operation o, standing from)
        : s{st}, numbered{std::move(o)}, of{std::move(from)}, head{*of.current} {}

    state& s;
    operation numbered;
    standing of;
    const rows::version& head;
    std::shared_ptr<read_memory> memory{std::make_shared<read_memory>()};
    std::optional<std::uint16_t> row{};  // of an outlined layout: which is loaded
    rows::layout loaded{};
    std::shared_ptr<const chunk> last{};  // the chunk of the last window
    std::uint64_t last_from{0};

    [[nodiscard]] const rows::layout& layout() const {
        return head.inlined ? *head.inlined : loaded;
    }
};

struct window {
    std::vector<slice> pieces{};
    std::uint64_t end{0};
    shared_lease held{};
};

// The chunk that holds this byte, and where in the object it begins.
[[nodiscard]] inline task<result<std::uint64_t>> find_chunk(std::shared_ptr<reading> r,
                                                            std::uint64_t at) {
    if (r->last && at >= r->last_from && at < r->last_from + r->last->shape.bytes)
        co_return r->last_from;
    if (r->head.outlined) {
        const std::uint16_t n = r->head.outlined->row_of(at);
        if (r->row != n) {
            auto loading = load_layout_row(r->s, r->head.outlined->layout, n);
            auto loaded = co_await loading;
            if (!loaded) co_return std::unexpected(loaded.error());
            r->loaded = std::move(*loaded);
            r->row = n;
        }
    }
    const auto& runs = r->layout().extents;
    for (const rows::extent& run : runs) {
        if (at < run.offset || at - run.offset >= run.bytes) continue;
        if (const auto good = check(run); !good) co_return std::unexpected(good.error());
        const auto c = static_cast<std::uint32_t>((at - run.offset) / run.chunk_bytes);
        r->last = std::make_shared<const chunk>(chunk_of(r->head.layout, run, c));
        r->last_from = run.offset_of(c);
        co_return r->last_from;
    }
    co_return fail(errc::corrupt, "no run of chunks has this byte", at);
}

// At most `stripes` stripes of [at, end), within one chunk.
[[nodiscard]] inline task<result<window>> read_window(std::shared_ptr<reading> r, std::uint64_t at,
                                                      std::uint64_t end, std::uint64_t stripes,
                                                      shared_lease held) {
    auto finding = find_chunk(r, at);
    const auto from = co_await finding;
    if (!from) co_return std::unexpected(from.error());
    const std::shared_ptr<const chunk> which = r->last;
    const geometry& shape = which->shape;
    const std::uint64_t a = at - *from;
    const std::uint64_t stripe = a / shape.stripe_bytes();
    const std::uint64_t b =
        std::min({end - *from, shape.bytes, (stripe + stripes) * shape.stripe_bytes()});
    const auto pieces = shape.pieces(a, b);
    const auto needs = shape.needs(pieces);
    auto reading_rows = read_rows(r->s, which, needs, r->memory);
    auto got = co_await reading_rows;
    if (!got) co_return std::unexpected(got.error());
    window out;
    out.end = *from + b;
    out.held = std::move(held);
    for (const row_piece& piece : pieces)
        out.pieces.push_back(
            (*got)[piece.index].part(piece.row - needs[piece.index].from, piece.size));
    if (out.pieces.size() > 1 &&
        b - a <= limits::cell_bytes) {  // small: one piece is cheaper to send
        buffer joined = buffer::uninitialized(b - a);
        std::size_t filled = 0;
        for (const slice& piece : out.pieces) {
            std::memcpy(joined.data() + filled, piece.view().data(), piece.size());
            filled += piece.size();
        }
        out.pieces.assign(1, slice{std::move(joined)});
    }
    co_return std::move(out);
}

// A window read ahead of its turn.
struct ahead {
    std::optional<result<window>> value{};
    news arrived;
    std::stop_source stop;
};

inline step read_ahead(std::shared_ptr<ahead> into, std::shared_ptr<reading> r, std::uint64_t at,
                       std::uint64_t end, std::uint64_t stripes, shared_lease held) {
    auto reading = read_window(std::move(r), at, end, stripes, std::move(held));
    into->value = co_await reading;
    into->arrived.announce();
    co_return status{};
}

// Notes that shards of this object were found missing or broken.
inline void ask_for_repair(const reading& r) {
    rows::ticket out;
    out.bucket = r.of.bucket.number;
    out.key = r.of.key;
    out.seq_hint = r.head.order.seq;
    for (const auto& [number, index] : r.memory->bad) {
        ++out.owed_count;
        if (out.owed.size() < rows::ticket::owed_max)
            out.owed.push_back({.chunk = number,
                                .index = static_cast<std::uint16_t>(index),
                                .kind = rows::owed_kind::corrupt});
    }
    out.since_ms = static_cast<std::uint64_t>(r.s.on.wall.now_ms());
    meta::commit_request request;
    request.changes.push_back({meta::key::ticket(r.head.layout), rows::encode(out)});
    r.s.detach_here(r.s.on.meta.commit(std::move(request)));
}

class stored_reader final : public reader {
public:
    stored_reader(std::shared_ptr<reading> r, struct info about, std::vector<part_info> parts)
        : r_{std::move(r)}, about_{std::move(about)}, parts_{std::move(parts)}, end_{about_.size} {}
    stored_reader(const stored_reader&) = delete;
    stored_reader& operator=(const stored_reader&) = delete;
    ~stored_reader() override {
        if (ahead_) ahead_->stop.request_stop();
        if (!r_->memory->bad.empty()) ask_for_repair(*r_);
    }

    const struct info& info() const override { return about_; }
    const std::vector<part_info>& parts() const override { return parts_; }

    status select(std::uint64_t first, std::uint64_t count) override {
        if (first >= about_.size && !(first == 0 && about_.size == 0))
            return std::unexpected(invalid_range);
        at_ = first;
        end_ = first + std::min(count, about_.size - first);
        return {};
    }

    task<result<slice>> next() override {
        if (ready_.empty() && at_ < end_) {
            step loading = load();
            const auto loaded = co_await loading;
            if (!loaded) co_return std::unexpected(loaded.error());
        }
        if (ready_.empty()) {
            held_ = {};
            co_return slice{};
        }
        slice piece = std::move(ready_.front());
        ready_.pop_front();
        co_return std::move(piece);
    }

private:
    [[nodiscard]] std::size_t cost(std::uint64_t stripes) const {
        const std::uint64_t width = about_.code.data == 0 ? 16u : std::uint64_t{about_.code.data};
        return std::min(stripes * width * limits::cell_bytes, end_ - at_ + limits::block_bytes);
    }

    [[nodiscard]] step load() {
        std::optional<result<window>> got;
        if (ahead_) {
            while (!ahead_->value) {
                step arriving = ahead_->arrived.next();
                const auto told = co_await arriving;
                if (!told) co_return told;
            }
            got = std::move(ahead_->value);
            ahead_.reset();
        } else {
            held_ = {};
            auto leasing = take_lease(r_->s.reading, cost(stripes_));
            auto held = co_await leasing;
            if (!held) co_return std::unexpected(held.error());
            auto reading = read_window(r_, at_, end_, stripes_, std::move(*held));
            got = co_await reading;
        }
        if (!*got) co_return std::unexpected(got->error());
        window& now = **got;
        for (slice& piece : now.pieces) ready_.push_back(std::move(piece));
        held_ = std::move(now.held);
        at_ = now.end;
        stripes_ = batch_stripes;
        if (at_ < end_) {
            const env& here = co_await this_env{};
            const std::size_t size = cost(stripes_);
            if (r_->s.reading.try_take(size)) {
                auto lent = std::make_shared<const lease>(r_->s.reading, size);
                ahead_ = std::make_shared<ahead>();
                env child{here.where, ahead_->stop.get_token(), nanos::max()};
                r_->s.detach(std::move(child),
                             read_ahead(ahead_, r_, at_, end_, stripes_, std::move(lent)));
            }
        }
        co_return status{};
    }

    std::shared_ptr<reading> r_;
    struct info about_;
    std::vector<part_info> parts_;
    std::uint64_t at_{0};
    std::uint64_t end_;
    std::uint64_t stripes_{1};  // the first window is small, so that the first byte is early
    std::deque<slice> ready_;
    shared_lease held_{};
    std::shared_ptr<ahead> ahead_{};
};

// Headers that did not fit the version's row. Absent: the version has just been replaced.
[[nodiscard]] inline task<result<bool>> load_attributes(state& s, rows::version& head) {
    if (!head.attributes_at) co_return true;
    std::vector<std::string> keys{meta::key::attributes(*head.attributes_at)};
    auto getting = s.on.meta.store().get(std::move(keys), meta::reading::each);
    auto found = co_await getting;
    if (!found) co_return std::unexpected(found.error());
    if ((*found)[0].absent()) co_return false;
    auto value = rows::decode<rows::attributes>((*found)[0].value);
    if (!value) co_return std::unexpected(value.error());
    head.attributes = std::move(*value);
    co_return true;
}

// The current version with all that HEAD tells.
[[nodiscard]] inline task<result<standing>> find_object(state& s, std::string bucket,
                                                        std::string key, std::string version) {
    if (const auto good = check_key(key); !good) co_return std::unexpected(good.error());
    for (unsigned attempt = 0; attempt < limits::commit_tries_max; ++attempt) {
        auto standing_up = stand(s, bucket, key);
        auto now = co_await standing_up;
        if (!now) co_return std::unexpected(now.error());
        if (!now->current) co_return std::unexpected(no_such_key);
        if (!version.empty() && version != rows::id_of(now->current->order))
            co_return std::unexpected(no_such_version);
        auto loading = load_attributes(s, *now->current);
        const auto loaded = co_await loading;
        if (!loaded) co_return std::unexpected(loaded.error());
        if (*loaded) co_return std::move(*now);
    }
    co_return std::unexpected(too_many_conflicts);
}

[[nodiscard]] inline part_info part_of(const rows::part_entry& of) {
    part_info out;
    out.number = of.number;
    out.offset = of.offset;
    out.size = of.bytes;
    out.md5 = of.etag.md5;
    out.etag = to_string(of.etag);
    out.checksums = shown(of.checksums);
    return out;
}

}  // namespace detail

[[nodiscard]] inline task<result<info>> head(state& s, std::string bucket, std::string key,
                                             get_options how) {
    const operation numbered = s.on.meta.begin();
    auto finding =
        detail::find_object(s, std::move(bucket), std::move(key), std::move(how.version));
    auto now = co_await finding;
    if (!now) co_return std::unexpected(now.error());
    co_return info_of(now->bucket.number, std::move(now->key), *now->current);
}

[[nodiscard]] inline task<result<std::unique_ptr<reader>>> get(state& s, std::string bucket,
                                                               std::string key, get_options how) {
    operation numbered = s.on.meta.begin();
    auto finding =
        detail::find_object(s, std::move(bucket), std::move(key), std::move(how.version));
    auto now = co_await finding;
    if (!now) co_return std::unexpected(now.error());
    auto about = info_of(now->bucket.number, now->key, *now->current);
    std::vector<part_info> parts;
    if (now->current->inlined) {
        for (const auto& each : now->current->inlined->parts)
            parts.push_back(detail::part_of(each));
    } else if (now->current->outlined && now->current->outlined->parts > 0) {
        auto loading = load_layout(s, *now->current->outlined);
        auto whole = co_await loading;
        if (!whole) co_return std::unexpected(whole.error());
        for (const auto& each : whole->parts) parts.push_back(detail::part_of(each));
    }
    auto shared = std::make_shared<detail::reading>(s, std::move(numbered), std::move(*now));
    std::unique_ptr<reader> made = std::make_unique<detail::stored_reader>(
        std::move(shared), std::move(about), std::move(parts));
    co_return std::move(made);
}

}  // namespace rsx::object
