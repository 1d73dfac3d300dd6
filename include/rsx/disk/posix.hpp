// SPDX-License-Identifier: Apache-2.0

// Files of the operating system, below one directory that is opened once.
//
//     auto files = disk::posix_files::open("/var/lib/rsx/node-0");
//     auto file = (*files)->create("shards/ab/cdef.new", disk::direct::where_it_helps);
//
// Every path is resolved from the directory's descriptor (openat), so the root may be renamed or
// mounted over without anything landing elsewhere. `direct::where_it_helps` opens the file a second
// time with O_DIRECT: writes that start on a page, in memory and in the file, go past the page
// cache (ten times the throughput of buffered writes where this was measured); their last partial
// page, and all of it on file systems that have no O_DIRECT, goes through the cache.
//
// A file whose sync failed stays failed: the kernel may have dropped the bytes and marked the pages
// clean, so that a second fsync would say success over nothing. Linux and POSIX. Thread-safe as
// disk/concept.hpp says. Costs one system call a function, two descriptors a direct file.
#pragma once

#include <rsx/disk/concept.hpp>
#include <rsx/disk/path.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

namespace rsx::disk {

namespace detail {

[[nodiscard]] inline std::unexpected<error> os_error(reason what, int number = errno) {
    const auto detail = static_cast<std::uint64_t>(number);
    switch (number) {
        case ENOENT: return fail(errc::not_found, what, detail);
        case EEXIST:
        case ENOTEMPTY: return fail(errc::conflict, what, detail);
        case ENOSPC:
        case EDQUOT: return fail(errc::full, what, detail);
        default: return fail(errc::io, what, detail);
    }
}

// Calls until it was not merely a signal that came in between.
template <class Call>
[[nodiscard]] auto restarted(Call call) {
    auto answer = call();
    while (answer < 0 && errno == EINTR) answer = call();
    return answer;
}

class descriptor {
public:
    explicit descriptor(int number = -1) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

private:
    int number_;
};

}  // namespace detail

class posix_file final : public file {
public:
    posix_file(detail::descriptor cached, detail::descriptor uncached) noexcept
        : cached_{std::move(cached)}, direct_{std::move(uncached)} {}

    result<std::size_t> read(std::uint64_t at, byte_span out) override {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto n = detail::restarted([&] {
                return ::pread(cached_.get(), out.data() + done, out.size() - done,
                               static_cast<off_t>(at + done));
            });
            if (n < 0) return detail::os_error("cannot read a file");
            if (n == 0) break;
            done += static_cast<std::size_t>(n);
        }
        return done;
    }

    result<void> write(std::uint64_t at, byte_view bytes) override {
        constexpr std::size_t page = 4096;
        const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
        if (direct_.is_open() && at % page == 0 && address % page == 0 && bytes.size() >= page) {
            const std::size_t whole = bytes.size() / page * page;
            auto written = write_all(direct_.get(), at, bytes.subspan(0, whole));
            if (!written) return written;
            at += whole;
            bytes = bytes.subspan(whole);
        }
        return write_all(cached_.get(), at, bytes);
    }

    result<void> sync() override {
        if (failed_.load()) return fail(errc::io, "an earlier sync of this file failed");
        if (detail::restarted([&] { return ::fdatasync(cached_.get()); }) == 0) return {};
        failed_.store(true);
        return detail::os_error("cannot sync a file");
    }

    result<void> preallocate(std::uint64_t bytes) override {
        auto now = size();
        if (!now) return std::unexpected(now.error());
        if (*now >= bytes) return {};
        const int number = ::posix_fallocate(cached_.get(), 0, static_cast<off_t>(bytes));
        if (number == 0) return {};
        if (number == EOPNOTSUPP || number == EINVAL) return truncate(bytes);
        return detail::os_error("cannot preallocate a file", number);
    }

    result<void> truncate(std::uint64_t bytes) override {
        const auto size = static_cast<off_t>(bytes);
        if (detail::restarted([&] { return ::ftruncate(cached_.get(), size); }) == 0) return {};
        return detail::os_error("cannot truncate a file");
    }

    result<std::uint64_t> size() override {
        struct stat about{};
        if (::fstat(cached_.get(), &about) != 0) return detail::os_error("cannot stat a file");
        return static_cast<std::uint64_t>(about.st_size);
    }

private:
    static result<void> write_all(int number, std::uint64_t at, byte_view bytes) {
        while (!bytes.empty()) {
            const auto n = detail::restarted([&] {
                return ::pwrite(number, bytes.data(), bytes.size(), static_cast<off_t>(at));
            });
            if (n < 0) return detail::os_error("cannot write a file");
            if (n == 0) return fail(errc::io, "a write wrote nothing");
            at += static_cast<std::uint64_t>(n);
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
        return {};
    }

    detail::descriptor cached_;
    detail::descriptor direct_;  // not open: everything goes through the cache
    std::atomic<bool> failed_{false};
};

class posix_files final : public files {
public:
    // errc::not_found if the directory is not there: a disk that is not mounted is no empty disk.
    [[nodiscard]] static result<std::unique_ptr<posix_files>> open_root(const std::string& path) {
        detail::descriptor root{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        if (!root.is_open()) return detail::os_error("cannot open a directory");
        return std::unique_ptr<posix_files>{new posix_files{std::move(root)}};
    }

    result<std::unique_ptr<file>> open(std::string_view path) override {
        return open_with(path, O_RDWR, direct::no);
    }
    result<std::unique_ptr<file>> create(std::string_view path, direct how = direct::no) override {
        return open_with(path, O_RDWR | O_CREAT | O_EXCL, how);
    }

    result<void> remove(std::string_view path) override {
        if (auto ok = check_name(path); !ok) return ok;
        const std::string name{path};
        if (::unlinkat(root_.get(), name.c_str(), 0) == 0) return {};
        if (errno != EISDIR) return detail::os_error("cannot remove a file");
        if (::unlinkat(root_.get(), name.c_str(), AT_REMOVEDIR) == 0) return {};
        return detail::os_error("cannot remove a directory");
    }

    result<void> rename(std::string_view from, std::string_view to) override {
        if (auto ok = check_name(from); !ok) return ok;
        if (auto ok = check_name(to); !ok) return ok;
        const std::string before{from};
        const std::string after{to};
        if (::renameat(root_.get(), before.c_str(), root_.get(), after.c_str()) == 0) return {};
        return detail::os_error("cannot rename a file");
    }

    result<void> link(std::string_view from, std::string_view to) override {
        if (auto ok = check_name(from); !ok) return ok;
        if (auto ok = check_name(to); !ok) return ok;
        const std::string before{from};
        const std::string after{to};
        if (::linkat(root_.get(), before.c_str(), root_.get(), after.c_str(), 0) == 0) return {};
        return detail::os_error("cannot link a file");
    }

    // Parents are synced even where the child was there: who made it may not have come to that.
    result<void> make_directories(std::string_view path) override {
        if (auto ok = check_name(path); !ok) return ok;
        for (std::size_t end = 0; end != path.npos;) {
            end = path.find('/', end == 0 ? 0 : end + 1);
            const auto part = path.substr(0, end);
            if (auto made = make_directory(part); !made) return made;
            if (auto synced = sync_directory(split(part).first); !synced) return synced;
        }
        return {};
    }

    result<void> make_directory(std::string_view path) override {
        if (auto ok = check_name(path); !ok) return ok;
        const std::string name{path};
        if (::mkdirat(root_.get(), name.c_str(), 0777) == 0 || errno == EEXIST) return {};
        return detail::os_error("cannot make a directory");
    }

    result<void> sync_directory(std::string_view path) override {
        auto folder = open_directory(path);
        if (!folder) return std::unexpected(folder.error());
        if (detail::restarted([&] { return ::fsync(folder->get()); }) == 0) return {};
        return detail::os_error("cannot sync a directory");
    }

    result<std::vector<entry>> list(std::string_view path) override {
        auto folder = open_directory(path);
        if (!folder) return std::unexpected(folder.error());
        auto known = names_in(*folder);
        if (!known) return std::unexpected(known.error());
        std::vector<entry> found;
        for (auto& name : *known) {
            struct stat about{};
            if (::fstatat(folder->get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0) {
                const bool is_directory = S_ISDIR(about.st_mode);
                const auto size = static_cast<std::uint64_t>(about.st_size);
                found.push_back({std::move(name), is_directory, is_directory ? 0 : size});
            } else if (errno != ENOENT) {  // removed meanwhile
                return detail::os_error("cannot stat a file");
            }
        }
        return found;
    }

    result<std::vector<std::string>> names(std::string_view path) override {
        auto folder = open_directory(path);
        if (!folder) return std::unexpected(folder.error());
        return names_in(*folder);
    }

    result<space> room() override {
        struct statvfs about{};
        if (detail::restarted([&] { return ::fstatvfs(root_.get(), &about); }) != 0) {
            return detail::os_error("cannot ask for free space");
        }
        return space{.total = std::uint64_t{about.f_blocks} * about.f_frsize,
                     .free = std::uint64_t{about.f_bavail} * about.f_frsize};
    }

    result<void> lock() override {
        if (detail::restarted([&] { return ::flock(root_.get(), LOCK_EX | LOCK_NB); }) == 0) {
            return {};
        }
        if (errno == EWOULDBLOCK) return fail(errc::unavailable, "the directory is in use");
        return detail::os_error("cannot lock a directory");
    }

private:
    explicit posix_files(detail::descriptor root) noexcept : root_{std::move(root)} {}

    struct close_dir {
        void operator()(DIR* open) const noexcept { ::closedir(open); }
    };

    static result<std::vector<std::string>> names_in(const detail::descriptor& folder) {
        const std::unique_ptr<DIR, close_dir> open{::fdopendir(::dup(folder.get()))};
        if (!open) return detail::os_error("cannot list a directory");
        std::vector<std::string> found;
        while (true) {
            errno = 0;
            const dirent* next = ::readdir(open.get());
            if (next == nullptr && errno != 0) return detail::os_error("cannot list a directory");
            if (next == nullptr) break;
            std::string name{next->d_name};
            if (name != "." && name != "..") found.push_back(std::move(name));
        }
        std::ranges::sort(found);
        return found;
    }

    result<std::unique_ptr<file>> open_with(std::string_view path, int flags, direct how) {
        if (auto ok = check_name(path); !ok) return std::unexpected(ok.error());
        const std::string name{path};
        constexpr int always = O_CLOEXEC | O_NOFOLLOW;
        detail::descriptor cached{detail::restarted(
            [&] { return ::openat(root_.get(), name.c_str(), flags | always, 0666); })};
        if (!cached.is_open()) return detail::os_error("cannot open a file");
        detail::descriptor uncached{};
        if (how == direct::where_it_helps) {  // refused where the file system has none
            uncached = detail::descriptor{
                ::openat(root_.get(), name.c_str(), O_WRONLY | O_DIRECT | always)};
        }
        return std::make_unique<posix_file>(std::move(cached), std::move(uncached));
    }

    result<detail::descriptor> open_directory(std::string_view path) {
        if (auto ok = check_path(path); !ok) return std::unexpected(ok.error());
        const std::string name{path.empty() ? std::string_view{"."} : path};
        detail::descriptor folder{detail::restarted([&] {
            return ::openat(root_.get(), name.c_str(),
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        })};
        if (!folder.is_open()) return detail::os_error("cannot open a directory");
        return folder;
    }

    detail::descriptor root_;
};

}  // namespace rsx::disk
