// SPDX-License-Identifier: Apache-2.0

// Segments on disk: made whole before they have a name, and read record by record.
//
//     auto file = wal::create_segment(files, "log", {.log = id, .base = 0}, bytes);
//     auto open = wal::segment_reader::open(files, "log", 0);
//     auto next = open->next();          // a record, or nothing: what follows is none
//
// A reader holds one window of the file, so memory is bounded by the longest record.
#pragma once

#include <rsx/disk/concept.hpp>
#include <rsx/wal/format.hpp>

#include <memory>

namespace rsx::wal {

// Durable, name and all, when it returns.
[[nodiscard]] inline result<std::unique_ptr<disk::file>> create_segment(
    disk::files& where, const std::string& folder, const segment_header& what,
    std::uint64_t segment_bytes) {
    const std::string name = folder + '/' + segment_name(what.base);
    const std::string temporary = name + ".new";
    if (auto gone = where.remove(temporary); !gone && gone.error().code != errc::not_found) {
        return std::unexpected(gone.error());
    }
    auto file = where.create(temporary);
    if (!file) return file;
    std::vector<std::byte> page(segment_page);
    encode(what, page);
    auto ok = (*file)->preallocate(segment_page + segment_bytes);
    if (ok) ok = (*file)->write(0, page);
    if (ok) ok = (*file)->sync();
    if (ok) ok = where.rename(temporary, name);
    if (ok) ok = where.sync_directory(folder);
    if (!ok) return std::unexpected(ok.error());
    return file;
}

class segment_reader {
public:
    [[nodiscard]] static result<segment_reader> open(disk::files& where, const std::string& folder,
                                                     lsn base) {
        auto file = where.open(folder + '/' + segment_name(base));
        if (!file) return std::unexpected(file.error());
        std::vector<std::byte> page(segment_page);
        const auto n = (*file)->read(0, page);
        if (!n) return std::unexpected(n.error());
        const auto header = decode_segment(byte_view{page}.first(*n));
        if (!header) return std::unexpected(header.error());
        if (header->base != base) {
            return fail(errc::corrupt, "a segment of another place in the log", header->base);
        }
        const auto size = (*file)->size();
        if (!size) return std::unexpected(size.error());
        return segment_reader{std::move(*file), *header, *size};
    }

    [[nodiscard]] const segment_header& header() const noexcept { return header_; }
    [[nodiscard]] disk::file& file() noexcept { return *file_; }
    [[nodiscard]] lsn at() const noexcept { return at_; }
    [[nodiscard]] lsn limit() const noexcept { return header_.base + (size_ - segment_page); }

    void seek(lsn at) noexcept { at_ = at; }

    // The record here, and moves behind it; nothing if what is here is none. Its bytes stay until
    // the next call.
    [[nodiscard]] result<std::optional<record>> next() {
        auto head = window(record_head);
        if (!head) return std::unexpected(head.error());
        const auto promise = claimed(*head);
        if (!promise) return std::optional<record>{};
        auto raw = window(promise->size);
        if (!raw) return std::unexpected(raw.error());
        const auto found = decode_record(header_.log, at_, *raw);
        if (found) at_ += found->size;
        return found;
    }

    // Is there a record between `broken` and `end` that was written when the log was durable beyond
    // `broken`? Then what is broken was durable once.
    [[nodiscard]] result<bool> was_durable(lsn broken, lsn end) {
        for (at_ = broken + 8; at_ < end; at_ += 8) {
            auto head = window(record_head);
            if (!head) return std::unexpected(head.error());
            const auto promise = claimed(*head);
            if (!promise || promise->durable <= broken || promise->durable > at_) continue;
            auto raw = window(promise->size);
            if (!raw) return std::unexpected(raw.error());
            if (decode_record(header_.log, at_, *raw)) return true;
        }
        return false;
    }

    // Behind the last byte from here on that is not zero.
    [[nodiscard]] result<lsn> last_byte() {
        std::vector<std::byte> some(64 * kib);
        lsn last = at_;
        for (lsn at = at_; at < limit();) {
            const auto n = file_->read(segment_page + (at - header_.base), some);
            if (!n) return std::unexpected(n.error());
            if (*n == 0) break;
            std::size_t used = *n;
            while (used > 0 && some[used - 1] == std::byte{0}) --used;
            if (used > 0) last = at + used;
            at += *n;
        }
        return last;
    }

private:
    segment_reader(std::unique_ptr<disk::file> file, segment_header header, std::uint64_t size)
        : file_{std::move(file)},
          header_{header},
          size_{std::max<std::uint64_t>(size, segment_page)},
          at_{header.base} {}

    // Up to so many bytes from here, fewer only at the end of the file.
    result<byte_view> window(std::size_t bytes) {
        constexpr std::size_t read_ahead = 256 * kib;
        if (at_ < from_ || at_ + bytes > from_ + held_.size()) {
            if (at_ >= limit()) return byte_view{};
            held_.resize(std::min<std::uint64_t>(std::max(bytes, read_ahead), limit() - at_));
            from_ = at_;
            const auto n = file_->read(segment_page + (at_ - header_.base), held_);
            if (!n) return std::unexpected(n.error());
            held_.resize(*n);
        }
        const byte_view rest = byte_view{held_}.subspan(at_ - from_);
        return rest.first(std::min(bytes, rest.size()));
    }

    std::unique_ptr<disk::file> file_;
    segment_header header_;
    std::uint64_t size_;
    lsn at_;
    lsn from_{0};
    std::vector<std::byte> held_{};
};

}  // namespace rsx::wal
