// SPDX-License-Identifier: Apache-2.0

// Files that are whole or not there: written under a temporary name, renamed when complete.
//
//     auto out = atomic_file::create("/data/photo.jpg", replace::no);
//     out->write_at(0, bytes);
//     out->commit();                   // synced, renamed, the directory synced
//
// Not committed: removed by the destructor. `replace::no` refuses early if the name is taken and
// again, without a race, at the rename. Errors name the file. Blocking.
#pragma once

#include "exit_codes.hpp"

#include <rsx/core/bytes.hpp>

#include <filesystem>
#include <utility>

namespace rsx_cli {

// A descriptor that is closed once.
class descriptor {
public:
    explicit descriptor(int number = -1) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor();
    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }

private:
    int number_;
};

[[nodiscard]] outcome<descriptor> open_to_read(const std::filesystem::path& file);
// As many bytes as there are, up to out.size().
[[nodiscard]] outcome<std::size_t> read_at(const descriptor& from, std::uint64_t at,
                                           rsx::byte_span out);
[[nodiscard]] outcome<std::size_t> read_next(const descriptor& from, rsx::byte_span out);
[[nodiscard]] outcome<void> write_next(int to, rsx::byte_view bytes);
[[nodiscard]] failure system_failure(const std::string& doing, int number);
[[nodiscard]] outcome<void> sync_directory(const std::filesystem::path& directory);

enum class replace : bool { no, yes };

class atomic_file {
public:
    [[nodiscard]] static outcome<atomic_file> create(std::filesystem::path target, replace how);
    atomic_file(atomic_file&& other) noexcept
        : target_{std::move(other.target_)},
          temporary_{std::exchange(other.temporary_, {})},
          how_{other.how_},
          to_{std::move(other.to_)} {}
    atomic_file& operator=(atomic_file&&) = delete;
    ~atomic_file();

    [[nodiscard]] outcome<void> write_at(std::uint64_t at, rsx::byte_view bytes) const;
    [[nodiscard]] outcome<void> write_next(rsx::byte_view bytes) const;
    [[nodiscard]] outcome<void> truncate() const;  // to nothing, to begin again
    [[nodiscard]] outcome<void> sync() const;
    // Syncs too, unless told that the disk may take its time.
    [[nodiscard]] outcome<void> commit(bool wait_for_disk = true);
    [[nodiscard]] const std::filesystem::path& target() const noexcept { return target_; }
    [[nodiscard]] const descriptor& file() const noexcept { return to_; }

private:
    atomic_file(std::filesystem::path target, std::filesystem::path temporary, replace how,
                descriptor to)
        : target_{std::move(target)},
          temporary_{std::move(temporary)},
          how_{how},
          to_{std::move(to)} {}

    std::filesystem::path target_;
    std::filesystem::path temporary_;
    replace how_;
    descriptor to_;
};

}  // namespace rsx_cli
