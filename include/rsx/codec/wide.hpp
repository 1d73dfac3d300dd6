// SPDX-License-Identifier: Apache-2.0

// Wide codes: up to 65,536 shards, by a fast transform instead of a matrix.
//
// The shards are the values of one polynomial at points of a vector space: parity at 0 ... m-1,
// data from m on, where m is the number of parity shards rounded up to a power of two. Encoding is
// an inverse transform of the data and a transform to the parity: b butterflies a shard instead of
// m multiplications. Repair multiplies what is there by the error locator, transforms back, takes
// the formal derivative and transforms again; a few lost shards are computed directly instead.
//
//     auto code = rsx::codec::wide_code::make({.data = 1000, .parity = 200});
//     code->encode(data, parity);
//
// The bytes are those of catid/leopard and of klauspost/reedsolomon's WithLeopardGF: GF(2^8) while
// all points fit into it, else GF(2^16), where two bytes are a symbol and shard lengths are
// therefore even.
//
// Promise: as reed_solomon, but every call allocates its scratch, once: some tiles of 64 bytes or
// more for each point. Any k and m whose points fit, m > k included.
// Chapters: docs/theory/05-additive-fft.md, docs/theory/06-decoding-wide-codes.md.
#pragma once

#include <rsx/codec/checks.hpp>
#include <rsx/codec/concept.hpp>
#include <rsx/core/buffer.hpp>
#include <rsx/gf/cantor.hpp>
#include <rsx/gf/kernel/transform.hpp>

#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace rsx::codec {

enum class wide_field : std::uint8_t { smallest, gf8, gf16 };

namespace detail {

// What a wide code and its plans share: fixed once made.
class wide_tables {
public:
    wide_tables(geometry shape, unsigned planes, const gf::kernel& with)
        : shape_{shape},
          planes_{planes},
          first_{std::bit_ceil(shape.parity)},
          points_{std::bit_ceil(first_ + shape.data)},
          kernel_{gf::transform_kernel_for(with)} {
        const auto& skews = log_of_skews();
        maps_.resize(points_ * stride());
        zero_.resize(points_);
        for (unsigned i = 0; i + 1 < points_; ++i) {
            prepare(skews[i], maps_.data() + i * stride());
            zero_[i] = skews[i] == modulus();
        }
    }

    [[nodiscard]] const geometry& shape() const noexcept { return shape_; }
    [[nodiscard]] unsigned planes() const noexcept { return planes_; }
    [[nodiscard]] unsigned first() const noexcept { return first_; }  // the point of data shard 0
    [[nodiscard]] unsigned points() const noexcept {
        return points_;
    }  // transformed when repairing
    [[nodiscard]] unsigned point_of(unsigned shard) const noexcept {
        return shard < shape_.data ? first_ + shard : shard - shape_.data;
    }
    [[nodiscard]] unsigned modulus() const noexcept { return planes_ == 1 ? 255 : 65535; }
    [[nodiscard]] std::size_t stride() const noexcept {
        return kernel_.map_bytes * planes_ * planes_;
    }

    // The prepared map "times the element with this logarithm".
    void prepare(unsigned logarithm, std::byte* out) const {
        for (unsigned to = 0; to < planes_; ++to)
            for (unsigned from = 0; from < planes_; ++from) {
                gf::byte_map map{};
                for (unsigned bit = 0; bit < 8 && logarithm != modulus(); ++bit)
                    map[bit] = static_cast<std::uint8_t>(
                        multiply(1u << (8 * from + bit), logarithm) >> (8 * to));
                kernel_.prepare_map(map, out + (to * planes_ + from) * kernel_.map_bytes);
            }
    }
    void prepare_one(std::byte* out) const { prepare(0, out); }

    void inverse(std::byte* work, std::size_t tile, std::size_t size, std::size_t live,
                 std::size_t offset) const {
        kernel_.inverse[planes_ - 1]({work, tile, size, live, offset, maps_.data(), zero_.data()});
    }
    void forward(std::byte* work, std::size_t tile, std::size_t size, std::size_t live) const {
        kernel_.forward[planes_ - 1]({work, tile, size, live, 0, maps_.data(), zero_.data()});
    }
    void scale(const std::byte* map, const std::byte* in, std::byte* out, std::size_t tile,
               bool onto) const {
        kernel_.scale[planes_ - 1](map, in, out, tile, onto);
    }

    // Bytes [at, at + tile) of a shard into a tile, zeros behind its end. The last block of
    // two-byte symbols may be short: its first half are then the low bytes.
    void take(byte_view shard, std::size_t at, std::size_t tile, std::byte* to) const {
        const std::size_t bytes = std::min(tile, shard.size() - at);
        const std::size_t odd = planes_ == 1 ? 0 : bytes % 64;
        if (bytes < tile) std::memset(to, 0, tile);
        std::memcpy(to, shard.data() + at, bytes - odd);
        const std::byte* rest = shard.data() + at + bytes - odd;
        std::memcpy(to + bytes - odd, rest, odd / 2);
        std::memcpy(to + bytes - odd + 32, rest + odd / 2, odd / 2);
    }
    void give(const std::byte* from, byte_span shard, std::size_t at, std::size_t tile) const {
        const std::size_t bytes = std::min(tile, shard.size() - at);
        const std::size_t odd = planes_ == 1 ? 0 : bytes % 64;
        std::memcpy(shard.data() + at, from, bytes - odd);
        std::byte* rest = shard.data() + at + bytes - odd;
        std::memcpy(rest, from + bytes - odd, odd / 2);
        std::memcpy(rest + odd / 2, from + bytes - odd + 32, odd / 2);
    }

    // The tile that keeps `tiles` of them in the first-level cache, if one of 64 bytes does.
    [[nodiscard]] static std::size_t tile_for(std::size_t tiles) noexcept {
        constexpr std::size_t cache = 32 * 1024;
        return std::clamp<std::size_t>(cache / tiles / 64 * 64, 64, 1024);
    }

    // log of the product of (z_p + z_e) over the erased points e other than p, for every point p.
    [[nodiscard]] std::vector<std::uint16_t> locator(std::vector<std::uint16_t> erased) const {
        const auto convolve = [&](const auto& field) {
            field.transform(erased);
            for (unsigned i = 0; i <= modulus(); ++i)
                erased[i] = static_cast<std::uint16_t>(std::uint32_t{erased[i]} * field.walsh[i] %
                                                       modulus());
            field.transform(erased);
        };
        if (planes_ == 1)
            convolve(gf::cantor<8>::get());
        else
            convolve(gf::cantor<16>::get());
        return erased;
    }
    [[nodiscard]] unsigned log(unsigned value) const {
        return planes_ == 1 ? gf::cantor<8>::get().log[value] : gf::cantor<16>::get().log[value];
    }

private:
    [[nodiscard]] const std::vector<std::uint16_t>& log_of_skews() const {
        return planes_ == 1 ? gf::cantor<8>::get().skew : gf::cantor<16>::get().skew;
    }
    [[nodiscard]] unsigned multiply(unsigned value, unsigned logarithm) const {
        return planes_ == 1 ? gf::cantor<8>::get().multiply(value, logarithm)
                            : gf::cantor<16>::get().multiply(value, logarithm);
    }

    geometry shape_;
    unsigned planes_;
    unsigned first_;
    unsigned points_;
    gf::transform_kernel kernel_;
    std::vector<std::byte> maps_;
    std::vector<std::uint8_t> zero_;
};

}  // namespace detail

// How to repair a wide code's stripe: see repair_plan.
class wide_plan {
public:
    [[nodiscard]] std::span<const unsigned> sources() const noexcept { return sources_; }
    [[nodiscard]] std::span<const unsigned> targets() const noexcept { return targets_; }
    // Whether each target is computed by itself, not by a transform of all points.
    [[nodiscard]] bool direct() const noexcept { return direct_; }

    result<void> repair(std::span<const byte_view> in, std::span<const byte_span> out) const {
        if (const auto bad = checks::call(in, sources_.size(), out, targets_.size()))
            return std::unexpected(*bad);
        if (out.empty() || out[0].empty()) return {};
        if (out[0].size() % all_->planes() != 0)
            return fail(errc::invalid, "symbols of this code are two bytes; the length is odd",
                        out[0].size());
        if (direct_)
            repair_directly(in, out);
        else
            repair_by_transform(in, out);
        return {};
    }

private:
    friend class wide_code;
    wide_plan() = default;

    void repair_directly(std::span<const byte_view> in, std::span<const byte_span> out) const {
        constexpr std::size_t tile = 1024;
        const std::size_t stride = all_->stride();
        buffer work{2 * tile};
        std::byte* const sum = work.data();
        std::byte* const piece = work.data() + tile;
        for (std::size_t at = 0; at < out[0].size(); at += tile)
            for (std::size_t t = 0; t < out.size(); ++t) {
                const std::byte* map = maps_.data() + t * in.size() * stride;
                std::memset(sum, 0, tile);
                for (std::size_t s = 0; s < in.size(); ++s, map += stride) {
                    const bool whole = in[s].size() - at >= tile;
                    if (!whole) all_->take(in[s], at, tile, piece);
                    all_->scale(map, whole ? in[s].data() + at : piece, sum, tile, true);
                }
                all_->give(sum, out[t], at, tile);
            }
    }

    // shard_t = f(z_t). With L(z) the product over what is erased, f L is known everywhere: it is
    // zero at the erased points. Its derivative there is f L', so f(z_t) = (f L)'(z_t) / L'(z_t).
    void repair_by_transform(std::span<const byte_view> in, std::span<const byte_span> out) const {
        const std::size_t points = all_->points();
        const std::size_t live = all_->first() + all_->shape().data;
        const std::size_t tile = detail::wide_tables::tile_for(points);
        const std::size_t stride = all_->stride();
        buffer memory = buffer::uninitialized((points + 1) * tile);
        std::byte* const work = memory.data();
        std::byte* const piece = work + points * tile;
        std::vector<std::byte> one(stride);
        all_->prepare_one(one.data());
        for (std::size_t at = 0; at < out[0].size(); at += tile) {
            std::memset(work, 0, points * tile);
            const std::byte* map = maps_.data();
            for (std::size_t s = 0; s < in.size(); ++s, map += stride) {
                all_->take(in[s], at, tile, piece);
                all_->scale(map, piece, work + all_->point_of(sources_[s]) * tile, tile, false);
            }
            all_->inverse(work, tile, points, live, 0);
            for (std::size_t i = 1; i < points; ++i) {
                const std::size_t width = ((i ^ (i - 1)) + 1) / 2;
                all_->scale(one.data(), work + i * tile, work + (i - width) * tile, width * tile,
                            true);
            }
            all_->forward(work, tile, points, live);
            for (std::size_t t = 0; t < out.size(); ++t, map += stride) {
                all_->scale(map, work + all_->point_of(targets_[t]) * tile, piece, tile, false);
                all_->give(piece, out[t], at, tile);
            }
        }
    }

    std::shared_ptr<const detail::wide_tables> all_;
    std::vector<unsigned> sources_;
    std::vector<unsigned> targets_;
    std::vector<std::byte> maps_;  // direct: a map for each target and source; else one each
    bool direct_{true};
};

class wide_code {
public:
    [[nodiscard]] static result<wide_code> make(geometry shape,
                                                wide_field field = wide_field::smallest) {
        const auto kernel = gf::current();
        if (!kernel) return std::unexpected(kernel.error());
        return make(shape, field, **kernel);
    }

    [[nodiscard]] static result<wide_code> make(geometry shape, wide_field field,
                                                const gf::kernel& kernel) {
        if (shape.data == 0) return fail(errc::invalid, "a code needs at least one data shard");
        if (shape.parity == 0) return fail(errc::invalid, "a code needs at least one parity shard");
        constexpr unsigned most = 65536;
        if (shape.data > most || shape.parity > most ||
            std::bit_ceil(shape.parity) + shape.data > most)
            return fail(errc::limit, "parity rounded up to a power of two, plus data, exceeds",
                        most);
        const bool small = std::bit_ceil(shape.parity) + shape.data <= 256;
        if (field == wide_field::gf8 && !small)
            return fail(errc::limit, "these shards do not fit into GF(2^8); points needed are",
                        std::bit_ceil(shape.parity) + shape.data);
        const unsigned planes = small && field != wide_field::gf16 ? 1 : 2;
        shape.granule = planes;
        wide_code made;
        made.all_ = std::make_shared<const detail::wide_tables>(shape, planes, kernel);
        return made;
    }

    [[nodiscard]] geometry shape() const noexcept { return all_->shape(); }

    result<void> encode(std::span<const byte_view> data, std::span<const byte_span> parity) const {
        if (const auto bad = checks::call(data, shape().data, parity, shape().parity))
            return std::unexpected(*bad);
        if (const auto ok = whole_symbols(data[0].size()); !ok) return ok;
        const auto store = [&](std::size_t at, std::size_t tile, const std::byte* work) {
            for (std::size_t i = 0; i < parity.size(); ++i)
                all_->give(work + i * tile, parity[i], at, tile);
            return true;
        };
        sum(data, 0, data[0].size(), store);
        return {};
    }

    // Data shard `index` changed by `delta` (old xor new): so does the parity.
    result<void> update(unsigned index, byte_view delta, std::span<const byte_span> parity) const {
        if (index >= shape().data)
            return fail(errc::invalid, "no such data shard; the number is its index", index);
        const std::span<const byte_view> one{&delta, 1};
        if (const auto bad = checks::call(one, 1, parity, shape().parity))
            return std::unexpected(*bad);
        if (const auto ok = whole_symbols(delta.size()); !ok) return ok;
        const auto add = [&](std::size_t at, std::size_t tile, std::byte* work) {
            std::vector<std::byte> map(all_->stride());
            std::vector<std::byte> old(tile);
            all_->prepare_one(map.data());
            for (std::size_t i = 0; i < parity.size(); ++i) {
                all_->take(parity[i], at, tile, old.data());
                all_->scale(map.data(), old.data(), work + i * tile, tile, true);
                all_->give(work + i * tile, parity[i], at, tile);
            }
            return true;
        };
        sum(one, index, delta.size(), add);
        return {};
    }

    [[nodiscard]] result<bool> verify(std::span<const byte_view> data,
                                      std::span<const byte_view> parity) const {
        if (const auto bad = checks::pair(data, shape().data, parity, shape().parity))
            return std::unexpected(*bad);
        if (const auto ok = whole_symbols(data[0].size()); !ok) return std::unexpected(ok.error());
        const auto same = [&](std::size_t at, std::size_t tile, const std::byte* work) {
            std::vector<std::byte> expected(tile);
            for (std::size_t i = 0; i < parity.size(); ++i) {
                all_->take(parity[i], at, tile, expected.data());
                if (std::memcmp(expected.data(), work + i * tile, tile) != 0) return false;
            }
            return true;
        };
        return sum(data, 0, data[0].size(), same);
    }

    [[nodiscard]] result<wide_plan> plan(std::span<const unsigned> have,
                                         std::span<const unsigned> want) const;

private:
    wide_code() = default;

    [[nodiscard]] result<void> whole_symbols(std::size_t length) const {
        if (length % all_->planes() != 0)
            return fail(errc::invalid, "symbols of this code are two bytes; the length is odd",
                        length);
        return {};
    }

    // For every tile: the parity of data shards `from`, from+1, ... in `work`, handed to `use`.
    template <class Use>
    bool sum(std::span<const byte_view> data, unsigned from, std::size_t length,
             const Use& use) const {
        const std::size_t m = all_->first();
        const std::size_t tile = detail::wide_tables::tile_for(2 * m);
        std::vector<std::byte> one(all_->stride());
        all_->prepare_one(one.data());
        buffer memory = buffer::uninitialized(2 * m * tile);
        for (std::size_t at = 0; at < length; at += tile) {
            std::byte* work = memory.data();
            for (std::size_t chunk = from / m * m; chunk < from + data.size(); chunk += m) {
                std::size_t live = 0;
                for (std::size_t i = 0; i < m; ++i) {
                    const std::size_t shard = chunk + i;
                    if (shard >= from && shard < from + data.size()) {
                        all_->take(data[shard - from], at, tile, work + i * tile);
                        live = i + 1;
                    } else {
                        std::memset(work + i * tile, 0, tile);
                    }
                }
                all_->inverse(work, tile, m, live, m + chunk);
                if (work != memory.data())
                    all_->scale(one.data(), work, memory.data(), m * tile, true);
                work = memory.data() + m * tile;
            }
            all_->forward(memory.data(), tile, m, all_->shape().parity);
            if (!use(at, tile, memory.data())) return false;
        }
        return true;
    }

    std::shared_ptr<const detail::wide_tables> all_;
};

inline result<wide_plan> wide_code::plan(std::span<const unsigned> have,
                                         std::span<const unsigned> want) const {
    const unsigned shards = shape().shards();
    std::vector<std::uint8_t> there(shards);
    std::vector<std::uint8_t> asked(shards);
    if (const auto bad = checks::indices(have, shards, there)) return std::unexpected(*bad);
    if (const auto bad = checks::indices(want, shards, asked)) return std::unexpected(*bad);
    wide_plan made;
    made.all_ = all_;
    made.targets_.assign(want.begin(), want.end());
    const bool computes =
        std::any_of(want.begin(), want.end(), [&](unsigned index) { return there[index] == 0; });
    if (computes)
        for (unsigned p = 0; p < shards && made.sources_.size() < shape().data; ++p)
            if (there[p] != 0) made.sources_.push_back(p);
    if (computes && made.sources_.size() < shape().data)
        return fail(errc::too_few_shards, "more shards are lost than parity is left; there are",
                    made.sources_.size());
    const std::size_t k = made.sources_.size();
    std::vector<std::uint8_t> read(shards);
    for (const unsigned p : made.sources_) read[p] = 1;
    for (const unsigned index : want)
        if (there[index] != 0 && read[index] == 0) made.sources_.push_back(index);
    const bool copies =
        std::any_of(want.begin(), want.end(), [&](unsigned index) { return there[index] != 0; });

    // Erased are the points of all shards that are not read, and of parity that does not exist.
    const unsigned modulus = all_->modulus();
    std::vector<std::uint16_t> log_locator(modulus + 1u);
    if (computes) {
        for (unsigned p = 0; p < all_->first(); ++p) log_locator[p] = 1;
        for (unsigned s = 0; s < shards; ++s) log_locator[all_->point_of(s)] = read[s] == 0;
        log_locator = all_->locator(std::move(log_locator));
    }
    const std::size_t stride = all_->stride();
    const auto steps = static_cast<std::size_t>(std::bit_width(all_->points()));
    made.direct_ = copies || !computes || want.size() * k <= all_->points() * steps;
    if (made.direct_) {
        // shard_t = sum over s of L(z_s) / (L'(z_t) (z_t + z_s)) shard_s
        made.maps_.resize(want.size() * made.sources_.size() * stride);
        std::byte* out = made.maps_.data();
        for (const unsigned target : want)
            for (std::size_t s = 0; s < made.sources_.size(); ++s, out += stride) {
                const unsigned source = made.sources_[s];
                if (there[target] != 0) {
                    all_->prepare(source == target ? 0 : modulus, out);
                    continue;
                }
                if (s >= k) {  // read only to be copied
                    all_->prepare(modulus, out);
                    continue;
                }
                const unsigned zt = all_->point_of(target);
                const unsigned zs = all_->point_of(source);
                const unsigned sum =
                    log_locator[zs] + 2 * modulus - log_locator[zt] - all_->log(zt ^ zs);
                all_->prepare(sum % modulus, out);
            }
        return made;
    }
    made.maps_.resize((made.sources_.size() + want.size()) * stride);
    std::byte* out = made.maps_.data();
    for (const unsigned source : made.sources_) {
        all_->prepare(log_locator[all_->point_of(source)] % modulus, out);
        out += stride;
    }
    for (const unsigned target : want) {
        all_->prepare((modulus - log_locator[all_->point_of(target)] % modulus) % modulus, out);
        out += stride;
    }
    return made;
}

static_assert(erasure_code<wide_code>);

}  // namespace rsx::codec
