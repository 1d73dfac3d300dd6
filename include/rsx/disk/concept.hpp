// SPDX-License-Identifier: Apache-2.0

// What every disk promises: files by path under one root, read and written at positions, and two
// kinds of sync. Blocking; usable without any event loop.
//
//     auto file = files.create("shards/ab/cdef.new");
//     (*file)->write(0, bytes);
//     (*file)->sync();                                   // the bytes are durable
//     files.rename("shards/ab/cdef.new", "shards/ab/cdef");
//     files.sync_directory("shards/ab");                 // and so is the name
//
// Nothing is durable before its sync has returned success. A failed sync means the bytes are lost:
// never retry it, fence the file's owner. Paths are relative, '/'-separated, never contain "..",
// and are made by rsx alone: no byte of a user's key ever becomes part of one.
//
// Threads: a file may be read by many at once; writes and syncs of one file are the caller's to
// order. Errors: not_found, conflict (exists), full (ENOSPC), io with errno, invalid.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rsx::disk {

class file {
public:
    virtual ~file() = default;
    // Reads up to out.size() bytes; fewer only at the end of the file.
    [[nodiscard]] virtual result<std::size_t> read(std::uint64_t at, byte_span out) = 0;
    // Writes all of `bytes` or fails.
    [[nodiscard]] virtual result<void> write(std::uint64_t at, byte_view bytes) = 0;
    [[nodiscard]] virtual result<void> sync() = 0;  // data and size
    // At least so many bytes; new ones read as zero.
    [[nodiscard]] virtual result<void> preallocate(std::uint64_t bytes) = 0;
    [[nodiscard]] virtual result<void> truncate(std::uint64_t bytes) = 0;
    [[nodiscard]] virtual result<std::uint64_t> size() = 0;
};

enum class direct : std::uint8_t { no, where_it_helps };  // O_DIRECT for aligned writes

struct space {
    std::uint64_t total{0};
    std::uint64_t free{0};
};

struct entry {
    std::string name;
    bool directory{false};
    std::uint64_t size{0};
};

class files {
public:
    virtual ~files() = default;
    [[nodiscard]] virtual result<std::unique_ptr<file>> open(std::string_view path) = 0;
    // errc::conflict if it exists.
    [[nodiscard]] virtual result<std::unique_ptr<file>> create(std::string_view path,
                                                               direct how = direct::no) = 0;
    [[nodiscard]] virtual result<void> remove(std::string_view path) = 0;
    [[nodiscard]] virtual result<void> rename(std::string_view from, std::string_view to) = 0;
    // errc::conflict if `to` exists.
    [[nodiscard]] virtual result<void> link(std::string_view from, std::string_view to) = 0;
    // With parents, and synced.
    [[nodiscard]] virtual result<void> make_directories(std::string_view path) = 0;
    // One, not synced; success if it is there. For many of them before one sync of their parent.
    [[nodiscard]] virtual result<void> make_directory(std::string_view path) = 0;
    [[nodiscard]] virtual result<void> sync_directory(std::string_view path) = 0;
    [[nodiscard]] virtual result<std::vector<entry>> list(std::string_view path) = 0;  // sorted
    // Names alone: no file is looked at, which a million of them notice. Sorted.
    [[nodiscard]] virtual result<std::vector<std::string>> names(std::string_view path) = 0;
    [[nodiscard]] virtual result<space> room() = 0;
    // The root is ours alone until this object ends; errc::unavailable if another process has it.
    [[nodiscard]] virtual result<void> lock() = 0;
};

}  // namespace rsx::disk
