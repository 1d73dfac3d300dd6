// SPDX-License-Identifier: Apache-2.0
#include "stripes.hpp"

#include "terminal.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rsx_cli {
namespace {

constexpr std::size_t plans_max = 64;    // patterns of losses remembered
constexpr std::size_t stripes_max = 64;  // of a batch: two pieces each in one system call

using sums = std::array<std::array<std::byte, crc_bytes>, stripes_max>;

// Cells and checksums in turn, as they stand in a shard file.
std::vector<iovec> pieces_of(stripe_batch& batch, unsigned index, sums& checks) {
    std::vector<iovec> pieces;
    pieces.reserve(2 * batch.count());
    for (std::size_t s = 0; s < batch.count(); ++s) {
        const rsx::byte_span cell = batch.cell(s, index);
        pieces.push_back({cell.data(), cell.size()});
        pieces.push_back({checks[s].data(), checks[s].size()});
    }
    return pieces;
}

// Calls preadv or pwritev until all pieces are done or nothing moves; answers the bytes moved.
template <class Call>
std::size_t move_all(std::vector<iovec> pieces, std::uint64_t at, Call call) {
    std::size_t moved = 0;
    std::size_t begin = 0;
    while (begin < pieces.size()) {
        const auto n = call(pieces.data() + begin, static_cast<int>(pieces.size() - begin),
                            static_cast<off_t>(at + moved));
        if (n < 0 && errno == EINTR && !interrupted()) continue;
        if (n <= 0) break;
        moved += static_cast<std::size_t>(n);
        auto left = static_cast<std::size_t>(n);
        while (begin < pieces.size() && left >= pieces[begin].iov_len)
            left -= pieces[begin++].iov_len;
        if (begin < pieces.size()) {
            pieces[begin].iov_base = static_cast<std::byte*>(pieces[begin].iov_base) + left;
            pieces[begin].iov_len -= left;
        }
    }
    return moved;
}

std::unexpected<failure> too_few(std::uint64_t stripe, std::size_t good, const shard_page& about) {
    return give_up(exit_code::lost, "too few shards: stripe " + std::to_string(stripe) + " has " +
                                        std::to_string(good) + " good cells of the " +
                                        std::to_string(about.data) + " it needs");
}

}  // namespace

std::size_t stripes_per_batch(const shard_page& about) {
    const std::size_t stripe = std::size_t{about.cell_bytes} * about.shards();
    return std::clamp<std::size_t>(batch_bytes_max / stripe, 1, stripes_max);
}

stripe_batch::stripe_batch(const shard_page& about)
    : about_{about},
      data_{rsx::buffer::uninitialized(stripes_per_batch(about) * about.data * about.cell_bytes)},
      parity_{
          rsx::buffer::uninitialized(stripes_per_batch(about) * about.parity * about.cell_bytes)} {}

void stripe_batch::begin(std::uint64_t first, std::size_t count) {
    first_ = first;
    count_ = count;
    good_.assign(count * about_.shards(), false);
}

rsx::byte_span stripe_batch::cell(std::size_t s, unsigned index) {
    const std::size_t length = about_.cell_length(first_ + s);
    if (index < about_.data) {
        const std::size_t stripe = s * about_.data * about_.cell_bytes;
        return data_.span().subspan(stripe + index * length, length);
    }
    const std::size_t place = s * about_.parity + index - about_.data;
    return parity_.span().subspan(place * about_.cell_bytes, length);
}

rsx::byte_span stripe_batch::file_bytes() {
    const std::uint64_t left = about_.file_size - file_at();
    const std::uint64_t most = count_ * about_.stripe_bytes();
    return data_.span().first(static_cast<std::size_t>(std::min(left, most)));
}

outcome<void> stripe_batch::write_shard(const atomic_file& to, unsigned index) {
    sums checks;
    std::size_t bytes = 0;
    for (std::size_t s = 0; s < count_; ++s) {
        const rsx::byte_span bytes_of_cell = cell(s, index);
        bytes += bytes_of_cell.size() + crc_bytes;
        rsx::store_le(checks[s], cell_sum(about_.set, static_cast<std::uint16_t>(index), first_ + s,
                                          bytes_of_cell));
    }
    const int file = to.file().get();
    errno = 0;
    const std::size_t written =
        move_all(pieces_of(*this, index, checks), about_.cell_at(first_),
                 [file](iovec* from, int n, off_t at) { return ::pwritev(file, from, n, at); });
    if (written == bytes) return {};
    if (interrupted()) return give_up(exit_code::failed, "interrupted");
    return std::unexpected(
        system_failure("cannot write " + printable(to.target().string()), errno));
}

stripe_reader::stripe_reader(const shard_set& set, const rsx::codec::reed_solomon& code, bool all)
    : set_{set}, code_{code}, all_{all}, health_(set.about.shards()) {}

// All cells of one shard of the batch in one system call; bad ones again from its duplicates.
void stripe_reader::read_shard(stripe_batch& into, unsigned index) {
    const auto& copies = set_.files[index];
    if (copies.empty()) return;
    sums checks;
    const int file = copies[0].opened.get();
    std::size_t got =
        move_all(pieces_of(into, index, checks), set_.about.cell_at(into.first()),
                 [file](iovec* to, int n, off_t at) { return ::preadv(file, to, n, at); });
    for (std::size_t s = 0; s < into.count(); ++s) {
        const rsx::byte_span cell = into.cell(s, index);
        const bool there = got >= cell.size() + crc_bytes;
        bool good = there && rsx::load_le<std::uint32_t>(checks[s]) ==
                                 cell_sum(set_.about.set, static_cast<std::uint16_t>(index),
                                          into.first() + s, cell);
        got = there ? got - cell.size() - crc_bytes : 0;
        if (!there) good = read_cell(into, s, index, 0);  // behind a bad sector there may be more
        if (!good) {
            ++health_[index].bad;
            if (!health_[index].first_bad) health_[index].first_bad = into.first() + s;
        }
        for (std::size_t copy = 1; !good && copy < copies.size(); ++copy)
            good = read_cell(into, s, index, copy);
        into.set_good(s, index, good);
    }
}

bool stripe_reader::read_cell(stripe_batch& into, std::size_t s, unsigned index, std::size_t copy) {
    const rsx::byte_span cell = into.cell(s, index);
    const std::uint64_t at = set_.about.cell_at(into.first() + s);
    const descriptor& from = set_.files[index][copy].opened;
    std::array<std::byte, crc_bytes> check{};
    const auto n = read_at(from, at, cell);
    const auto m = read_at(from, at + cell.size(), check);
    return n && m && *n == cell.size() && *m == check.size() &&
           rsx::load_le<std::uint32_t>(check) ==
               cell_sum(set_.about.set, static_cast<std::uint16_t>(index), into.first() + s, cell);
}

outcome<bool> stripe_reader::read(stripe_batch& into) {
    const shard_page& about = set_.about;
    if (next_ >= about.stripes()) return false;
    const std::uint64_t left = about.stripes() - next_;
    into.begin(next_,
               static_cast<std::size_t>(std::min<std::uint64_t>(left, stripes_per_batch(about))));
    next_ += into.count();

    std::vector<bool> tried(about.shards());
    unsigned reading = 0;
    for (unsigned i = 0; i < about.shards() && (all_ || reading < about.data); ++i) {
        if (set_.files[i].empty()) continue;
        read_shard(into, i);
        tried[i] = true;
        ++reading;
    }
    for (std::size_t s = 0; s < into.count() && !all_; ++s) {
        unsigned good = 0;
        for (unsigned i = 0; i < about.shards(); ++i) good += into.good(s, i) ? 1u : 0u;
        for (unsigned i = 0; i < about.shards() && good < about.data; ++i) {
            for (std::size_t copy = 0; !tried[i] && copy < set_.files[i].size(); ++copy) {
                if (!read_cell(into, s, i, copy)) continue;
                into.set_good(s, i, true);
                ++good;
                break;
            }
        }
        if (good < about.data) return too_few(into.first() + s, good, about);
    }
    return true;
}

rsx::result<const rsx::codec::repair_plan*> stripe_reader::plan_for(
    const std::vector<unsigned>& have, const std::vector<unsigned>& want) {
    pattern key{have, want};
    if (const auto found = plans_.find(key); found != plans_.end()) return &found->second;
    if (plans_.size() >= plans_max) plans_.clear();
    auto made = code_.plan(have, want);
    if (!made) return std::unexpected(made.error());
    return &plans_.emplace(std::move(key), std::move(*made)).first->second;
}

outcome<void> stripe_reader::complete(stripe_batch& batch, const std::vector<unsigned>& also) {
    for (std::size_t s = 0; s < batch.count(); ++s) {
        if (auto ok = complete_stripe(batch, s, also); !ok) return ok;
    }
    return {};
}

outcome<void> stripe_reader::complete_stripe(stripe_batch& batch, std::size_t s,
                                             const std::vector<unsigned>& also) {
    const shard_page& about = set_.about;
    std::vector<unsigned> have;
    std::vector<unsigned> want;
    for (unsigned i = 0; i < about.shards(); ++i) {
        if (batch.good(s, i)) {
            have.push_back(i);
        } else if (i < about.data || std::ranges::find(also, i) != also.end()) {
            want.push_back(i);
        }
    }
    if (want.empty()) return {};
    if (have.size() < about.data) return too_few(batch.first() + s, have.size(), about);
    const auto plan = plan_for(have, want);
    if (!plan) return give_up("cannot plan the repair", plan.error());
    std::vector<rsx::byte_view> in;
    std::vector<rsx::byte_span> out;
    for (const unsigned i : (*plan)->sources()) in.push_back(batch.cell(s, i));
    for (const unsigned i : (*plan)->targets()) out.push_back(batch.cell(s, i));
    if (auto ok = (*plan)->repair(in, out); !ok) return give_up("repair", ok.error());
    for (const unsigned i : want) batch.set_good(s, i, true);
    return {};
}

}  // namespace rsx_cli
