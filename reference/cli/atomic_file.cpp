// SPDX-License-Identifier: Apache-2.0
#include "atomic_file.hpp"

#include "terminal.hpp"

#include <rsx/core/clock.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace rsx_cli {
namespace {

template <class Call>
auto restarted(Call call) {
    auto answer = call();
    while (answer < 0 && errno == EINTR && !interrupted()) answer = call();
    return answer;
}

std::unexpected<failure> failed_to(const std::string& doing) {
    return std::unexpected(system_failure(doing, errno));
}

std::string quoted(const std::filesystem::path& file) { return printable(file.string()); }

// Most bytes of one system call: an interrupt is noticed between two.
constexpr std::size_t piece_max = 8 * rsx::mib;

}  // namespace

failure system_failure(const std::string& doing, int number) {
    exit_code code = exit_code::failed;
    if (number == ENOENT) code = exit_code::not_found;
    return {code, doing + ": " + std::generic_category().message(number)};
}

descriptor::~descriptor() {
    if (number_ >= 0) ::close(number_);
}

outcome<descriptor> open_to_read(const std::filesystem::path& file) {
    descriptor opened{restarted([&] { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC); })};
    if (!opened) return failed_to("cannot open " + quoted(file));
    struct stat facts{};
    if (::fstat(opened.get(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
        return give_up(exit_code::failed, quoted(file) + " is a folder");
    }
    ::posix_fadvise(opened.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    return opened;
}

outcome<std::size_t> read_at(const descriptor& from, std::uint64_t at, rsx::byte_span out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const auto n = restarted([&] {
            return ::pread(from.get(), out.data() + done, std::min(out.size() - done, piece_max),
                           static_cast<off_t>(at + done));
        });
        if (n < 0) return failed_to("cannot read");
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

outcome<std::size_t> read_next(const descriptor& from, rsx::byte_span out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const auto n = restarted([&] {
            return ::read(from.get(), out.data() + done, std::min(out.size() - done, piece_max));
        });
        if (n < 0) return failed_to("cannot read");
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

outcome<void> write_next(int to, rsx::byte_view bytes) {
    while (!bytes.empty()) {
        const auto n =
            restarted([&] { return ::write(to, bytes.data(), std::min(bytes.size(), piece_max)); });
        if (n < 0) return failed_to("cannot write");
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

outcome<void> sync_directory(const std::filesystem::path& directory) {
    const descriptor opened{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!opened || ::fsync(opened.get()) != 0) return failed_to("cannot sync " + quoted(directory));
    return {};
}

outcome<atomic_file> atomic_file::create(std::filesystem::path target, replace how) {
    std::error_code ignored;
    const auto there = std::filesystem::symlink_status(target, ignored);
    if (std::filesystem::is_directory(there)) {
        return give_up(exit_code::failed, quoted(target) + " is a folder");
    }
    if (how == replace::no && std::filesystem::exists(there)) {
        return give_up(exit_code::failed,
                       quoted(target) + " is there already; --force replaces it");
    }
    std::filesystem::path temporary = target.parent_path();
    temporary /= ".rsx-" + std::to_string(rsx::system_entropy().u64()) + ".part";
    descriptor to{::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
    if (!to) return failed_to("cannot write " + quoted(target));
    return atomic_file{std::move(target), std::move(temporary), how, std::move(to)};
}

atomic_file::~atomic_file() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

outcome<void> atomic_file::write_at(std::uint64_t at, rsx::byte_view bytes) const {
    while (!bytes.empty()) {
        const auto n = restarted([&] {
            return ::pwrite(to_.get(), bytes.data(), std::min(bytes.size(), piece_max),
                            static_cast<off_t>(at));
        });
        if (n < 0) return failed_to("cannot write " + quoted(target_));
        at += static_cast<std::uint64_t>(n);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

outcome<void> atomic_file::write_next(rsx::byte_view bytes) const {
    auto ok = rsx_cli::write_next(to_.get(), bytes);
    if (!ok) ok.error().what += " " + quoted(target_);
    return ok;
}

outcome<void> atomic_file::truncate() const {
    if (::ftruncate(to_.get(), 0) != 0 || ::lseek(to_.get(), 0, SEEK_SET) != 0) {
        return failed_to("cannot write " + quoted(target_));
    }
    return {};
}

outcome<void> atomic_file::sync() const {
    if (::fsync(to_.get()) != 0) return failed_to("cannot sync " + quoted(target_));
    return {};
}

outcome<void> atomic_file::commit(bool wait_for_disk) {
    if (wait_for_disk) {
        if (auto ok = sync(); !ok) return ok;
    }
    if (how_ == replace::yes) {
        if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
            return failed_to("cannot write " + quoted(target_));
        }
    } else {
        // link() never replaces; a file system without links gets the small race instead.
        if (::link(temporary_.c_str(), target_.c_str()) == 0) {
            ::unlink(temporary_.c_str());
        } else if (errno == EEXIST) {
            return give_up(exit_code::failed,
                           quoted(target_) + " is there already; --force replaces it");
        } else if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
            return failed_to("cannot write " + quoted(target_));
        }
    }
    temporary_.clear();
    if (!wait_for_disk) return {};
    const auto parent = target_.parent_path();
    return sync_directory(parent.empty() ? "." : parent);
}

}  // namespace rsx_cli
