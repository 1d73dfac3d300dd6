// SPDX-License-Identifier: Apache-2.0
#include <rsx/disk/posix.hpp>

#include <rsx/core/buffer.hpp>

#include "laws.hpp"
#include "temporary.hpp"

namespace disk = rsx::disk;
using rsx::errc;

TEST_CASE("files of the operating system keep the laws of disks") {
    const temporary_directory folder;
    auto files = disk::posix_files::open_root(folder.path());
    REQUIRE(files);
    disk_laws::all(**files);
}

TEST_CASE("a root that is not there is not made") {
    const temporary_directory folder;
    const auto files = disk::posix_files::open_root(folder.file("absent"));
    CHECK(disk_laws::code_of(files) == errc::not_found);
}

TEST_CASE("a root has one owner at a time") {
    const temporary_directory folder;
    auto first = disk::posix_files::open_root(folder.path());
    auto second = disk::posix_files::open_root(folder.path());
    REQUIRE((*first)->lock());
    CHECK(disk_laws::code_of((*second)->lock()) == errc::unavailable);
    first->reset();
    CHECK((*second)->lock());
}

TEST_CASE("a root that is renamed stays the same root") {
    const temporary_directory folder;
    std::filesystem::create_directory(folder.file("before"));
    auto files = disk::posix_files::open_root(folder.file("before"));
    std::filesystem::rename(folder.file("before"), folder.file("after"));
    std::filesystem::create_directory(folder.file("before"));
    disk_laws::write_text(**files, "a", "1");
    CHECK(std::filesystem::exists(folder.file("after/a")));
    CHECK_FALSE(std::filesystem::exists(folder.file("before/a")));
}

TEST_CASE("a symbolic link is not followed") {
    const temporary_directory folder;
    std::filesystem::create_symlink("/etc/hostname", folder.file("link"));
    auto files = disk::posix_files::open_root(folder.path());
    CHECK(disk_laws::code_of((*files)->open("link")) == errc::io);
}

TEST_CASE("a full device says full, and a device that cannot sync says io for ever") {
    auto devices = disk::posix_files::open_root("/dev");
    REQUIRE(devices);
    auto full = (*devices)->open("full");
    if (!full) {
        WARN("skipped: no /dev/full here");
        return;
    }
    CHECK(disk_laws::code_of((*full)->write(0, rsx::bytes_of("x"))) == errc::full);
    CHECK(disk_laws::code_of((*full)->sync()) == errc::io);  // a character device has no sync
    const auto again = (*full)->sync();
    CHECK(disk_laws::code_of(again) == errc::io);
    CHECK(again.error().why == rsx::reason{"an earlier sync of this file failed"});
}
