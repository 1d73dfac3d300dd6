// SPDX-License-Identifier: Apache-2.0

// Stripes of a shard set in memory: read with every cell checked, completed where cells are gone.
//
//     stripe_reader reader{set, *code, false};
//     stripe_batch batch{set.about};
//     reader.read(batch);                          // the k cells that suffice, more where it must
//     reader.complete(batch, also);                // every data cell is there now
//     batch.file_bytes();                          // and is a piece of the file
//
// A batch holds whole stripes, its data laid out as in the file. One thread reads, another may
// complete another batch; memory is bounded by batch_bytes_max a batch whatever the code.
#pragma once

#include "shard_set.hpp"

#include <rsx/codec/reed_solomon.hpp>
#include <rsx/core/buffer.hpp>

#include <map>
#include <optional>

namespace rsx_cli {

inline constexpr std::size_t batch_bytes_max = 16 * rsx::mib;  // one stripe at least
inline constexpr std::size_t batches_in_flight = 3;

[[nodiscard]] std::size_t stripes_per_batch(const shard_page& about);

class stripe_batch {
public:
    explicit stripe_batch(const shard_page& about);

    void begin(std::uint64_t first, std::size_t count);
    [[nodiscard]] std::uint64_t first() const { return first_; }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] const shard_page& about() const { return about_; }

    // Cell `index` of stripe number first() + s.
    [[nodiscard]] rsx::byte_span cell(std::size_t s, unsigned index);
    [[nodiscard]] bool good(std::size_t s, unsigned index) const {
        return good_[s * about_.shards() + index];
    }
    void set_good(std::size_t s, unsigned index, bool is) {
        good_[s * about_.shards() + index] = is;
    }
    [[nodiscard]] std::uint64_t file_at() const { return first_ * about_.stripe_bytes(); }
    // The piece of the file these stripes are: without the zeros behind its end.
    [[nodiscard]] rsx::byte_span file_bytes();
    // Room for a piece of a file whose size is not known yet.
    [[nodiscard]] rsx::byte_span whole_data() { return data_.span(); }
    // Once it is: the size decides how long the cells of the last stripe are.
    void set_file_size(std::uint64_t size) { about_.file_size = size; }

    // Appends cell and checksum of shard `index`, stripe after stripe, to a shard file.
    [[nodiscard]] outcome<void> write_shard(const atomic_file& to, unsigned index);

private:
    shard_page about_;
    std::uint64_t first_{0};
    std::size_t count_{0};
    rsx::buffer data_;
    rsx::buffer parity_;
    std::vector<bool> good_;
};

// How the cells of one shard file did.
struct shard_health {
    std::uint64_t bad{0};
    std::optional<std::uint64_t> first_bad{};
};

class stripe_reader {
public:
    // `all`: reads every cell there is (verify), rather than as few as suffice.
    stripe_reader(const shard_set& set, const rsx::codec::reed_solomon& code, bool all);

    // False: no stripes are left. Errors: lost (fewer than k good cells), unless reading all.
    [[nodiscard]] outcome<bool> read(stripe_batch& into);
    // Makes the data cells that are not good, and those of `also`, from the good ones.
    [[nodiscard]] outcome<void> complete(stripe_batch& batch, const std::vector<unsigned>& also);
    [[nodiscard]] outcome<void> complete_stripe(stripe_batch& batch, std::size_t s,
                                                const std::vector<unsigned>& also);
    // Health by index, of the best copy; counts what was read so far.
    [[nodiscard]] const std::vector<shard_health>& health() const { return health_; }

private:
    void read_shard(stripe_batch& into, unsigned index);
    bool read_cell(stripe_batch& into, std::size_t s, unsigned index, std::size_t copy);
    rsx::result<const rsx::codec::repair_plan*> plan_for(const std::vector<unsigned>& have,
                                                         const std::vector<unsigned>& want);

    const shard_set& set_;
    const rsx::codec::reed_solomon& code_;
    bool all_;
    std::uint64_t next_{0};
    std::vector<shard_health> health_;
    using pattern = std::pair<std::vector<unsigned>, std::vector<unsigned>>;
    std::map<pattern, rsx::codec::repair_plan> plans_;
};

}  // namespace rsx_cli
