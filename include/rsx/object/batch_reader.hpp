// SPDX-License-Identifier: Apache-2.0

// Reads some stripes of a body straight into the rows of a batch, and encodes them in place.
//
//     object::batch_reader in{s, body, *code, {4, 2}, length};
//     auto next = co_await in.next(room);        // at most `room` bytes: what the chunk still
//     takes
//     (*next)->bytes == 0                        // the body has ended
//
// A body of known length is laid out before it is read, so a small one costs what it is. Of a body
// that ends unannounced the last stripe is moved together. Rows behind the data are parity.
#pragma once

#include <rsx/object/chunk_writer.hpp>

namespace rsx::object {

class batch_reader {
public:
    struct filled {
        batch rows{};
        std::uint64_t bytes{0};           // of the body
        std::vector<byte_view> pieces{};  // of the body, in its order
        bool last{false};
    };

    batch_reader(state& s, source& body, std::shared_ptr<const codec::reed_solomon> code,
                 std::optional<std::uint64_t> length)
        : s_{s}, body_{body}, code_{std::move(code)}, left_{length} {}

    [[nodiscard]] task<result<filled>> next(std::uint64_t room) {
        if (left_ && *left_ == 0) {
            step ending = check_end();
            const auto ended = co_await ending;
            if (!ended) co_return std::unexpected(ended.error());
            filled nothing;
            nothing.last = true;
            co_return nothing;
        }
        const unsigned data = code_->shape().data;
        geometry shape{.data = data, .parity = code_->shape().parity};
        shape.bytes = std::min(room, batch_stripes * shape.stripe_bytes());
        if (left_) shape.bytes = std::min(shape.bytes, *left_);
        const auto row = shape.row_bytes();
        const bool one = shape.stripes() == 1;
        const std::size_t stride = one ? row : (row + 4095) / 4096 * 4096;

        auto leasing = take_lease(s_.writing, stride * shape.width());
        auto held = co_await leasing;
        if (!held) co_return std::unexpected(held.error());
        buffer bytes = buffer::uninitialized(stride * shape.width());

        auto reading = read(bytes.span(), shape, stride);
        const auto got = co_await reading;
        if (!got) co_return std::unexpected(got.error());
        filled out;
        out.bytes = *got;
        out.last = *got < shape.bytes;
        if (left_) {
            if (out.last) co_return std::unexpected(incomplete_body);
            *left_ -= *got;
        }
        if (*got == 0) co_return out;
        geometry real = shape;
        real.bytes = *got;
        if (real.bytes < shape.bytes) gather(bytes.span(), shape, real, stride);
        pad(bytes.span(), real, stride);
        const auto encoded = encode(bytes.span(), real, stride);
        if (!encoded) co_return std::unexpected(encoded.error());

        out.rows.stride = stride;
        out.rows.row = real.row_bytes();
        out.rows.held = std::move(*held);
        out.rows.bytes = slice{std::move(bytes)};
        for (const row_piece& piece : real.pieces(0, real.bytes))
            out.pieces.push_back(
                out.rows.bytes.view().subspan(piece.index * stride + piece.row, piece.size));
        if (left_ && *left_ == 0) {
            step ending = check_end();
            const auto ended = co_await ending;
            if (!ended) co_return std::unexpected(ended.error());
            out.last = true;
        }
        co_return out;
    }

private:
    static byte_span at(byte_span all, std::size_t stride, const row_piece& piece) {
        return all.subspan(piece.index * stride + piece.row, piece.size);
    }

    // A body that goes on behind its announced length is not the body that was announced.
    [[nodiscard]] step check_end() {
        if (ended_) co_return status{};
        std::byte one[1];
        auto reading = body_.read(one);
        const auto got = co_await reading;
        if (!got) co_return std::unexpected(got.error());
        if (*got > 0) co_return std::unexpected(incomplete_body);
        ended_ = true;
        co_return status{};
    }

    [[nodiscard]] task<result<std::uint64_t>> read(byte_span all, geometry shape,
                                                   std::size_t stride) {
        std::vector<byte_span> spans;
        if (stride == shape.row_bytes() && shape.stripes() == 1) {
            spans.push_back(all.first(shape.bytes));
        } else {
            for (const row_piece& piece : shape.pieces(0, shape.bytes))
                spans.push_back(at(all, stride, piece));
        }
        std::uint64_t sum = 0;
        for (byte_span span : spans) {
            while (!span.empty()) {
                auto reading = body_.read(span);
                const auto got = co_await reading;
                if (!got) co_return std::unexpected(got.error());
                if (*got == 0) {
                    ended_ = true;
                    co_return sum;
                }
                sum += *got;
                span = span.subspan(*got);
            }
        }
        co_return sum;
    }

    // The body ended within a stripe: its cells become shorter.
    static void gather(byte_span all, const geometry& was, const geometry& is, std::size_t stride) {
        const std::uint64_t from = is.whole_stripes() * is.stripe_bytes();
        std::vector<std::byte> tail;
        tail.reserve(is.bytes - from);
        for (const row_piece& piece : was.pieces(from, is.bytes)) {
            const byte_span bytes = at(all, stride, piece);
            tail.insert(tail.end(), bytes.begin(), bytes.end());
        }
        byte_view left{tail};
        for (const row_piece& piece : is.pieces(from, is.bytes)) {
            const byte_span to = at(all, stride, piece);
            std::memcpy(to.data(), left.data(), to.size());
            left = left.subspan(to.size());
        }
    }

    static void pad(byte_span all, const geometry& shape, std::size_t stride) {
        const std::uint64_t cell = shape.short_cell();
        if (cell == 0) return;
        const std::uint64_t first = shape.whole_stripes() * shape.cell;
        std::uint64_t used = shape.bytes % shape.stripe_bytes();
        for (unsigned j = 0; j < shape.data; ++j) {
            const std::uint64_t here = std::min(used, cell);
            used -= here;
            const row_piece rest{j, first + here, cell - here};
            const byte_span zero = at(all, stride, rest);
            if (!zero.empty()) std::memset(zero.data(), 0, zero.size());
        }
    }

    [[nodiscard]] status encode(byte_span all, const geometry& shape, std::size_t stride) const {
        std::vector<byte_view> data(shape.data);
        std::vector<byte_span> parity(shape.parity);
        const auto row = shape.row_bytes();
        for (std::size_t from = 0; from < row; from += limits::cell_bytes) {
            const std::size_t n = std::min(limits::cell_bytes, row - from);
            for (unsigned i = 0; i < shape.data; ++i) data[i] = all.subspan(i * stride + from, n);
            for (unsigned i = 0; i < shape.parity; ++i)
                parity[i] = all.subspan((shape.data + i) * stride + from, n);
            if (auto done = code_->encode(data, parity); !done) return done;
        }
        return {};
    }

    state& s_;
    source& body_;
    std::shared_ptr<const codec::reed_solomon> code_;
    std::optional<std::uint64_t> left_;
    bool ended_{false};
};

}  // namespace rsx::object
