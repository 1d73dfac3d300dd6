// SPDX-License-Identifier: Apache-2.0
#include <rsx/disk/memory.hpp>

#include <rsx/core/buffer.hpp>

#include "laws.hpp"

#include <set>

namespace disk = rsx::disk;
using disk_laws::code_of;
using disk_laws::text_in;
using disk_laws::write_text;
using rsx::errc;

TEST_CASE("files in memory keep the laws of disks") {
    disk::memory_files files;
    disk_laws::all(files);
}

TEST_CASE("a crash takes what was not synced: names, bytes and sizes") {
    disk::memory_files files;
    write_text(files, "kept", "abc");
    REQUIRE(files.sync_directory(""));
    write_text(files, "nameless", "synced, but its name is not");
    auto file = files.open("kept");
    REQUIRE((*file)->write(1, rsx::bytes_of("XYZ")));
    REQUIRE(files.rename("kept", "renamed"));
    files.crash();
    CHECK(text_in(files, "kept") == "abc");
    CHECK(files.list("")->size() == 1);
    CHECK(code_of((*file)->write(0, rsx::bytes_of("late"))) == errc::io);
    CHECK(code_of((*file)->read(0, rsx::byte_span{})) == errc::io);
    CHECK(code_of((*file)->sync()) == errc::io);
}

TEST_CASE("a seeded crash keeps some sectors and some names, and a rename happens or does not") {
    std::set<std::string> bodies;
    std::set<std::vector<std::string>> listings;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
        CAPTURE(seed);
        disk::memory_files files;
        write_text(files, "a", std::string(1024, 'o'));
        REQUIRE(files.sync_directory(""));
        auto file = files.open("a");
        REQUIRE((*file)->write(0, rsx::bytes_of(std::string(1024, 'n'))));
        REQUIRE(files.rename("a", "b"));
        write_text(files, "c", "");
        files.crash({.seed = seed});
        auto names = *files.names("");
        bodies.insert(text_in(files, names[0]));
        CHECK((names[0] == "a" || names[0] == "b"));
        listings.insert(names);
    }
    const auto both = [](char first, char second) {
        return std::string(512, first) + std::string(512, second);
    };
    CHECK(bodies ==
          std::set<std::string>{both('o', 'o'), both('o', 'n'), both('n', 'o'), both('n', 'n')});
    CHECK(listings.size() == 4);
}

TEST_CASE("a hook makes any call fail, and a failed sync loses the bytes") {
    disk::memory_files files;
    auto file = files.create("a");
    REQUIRE(files.sync_directory(""));
    REQUIRE((*file)->write(0, rsx::bytes_of("abc")));
    files.on_call([](disk::call what, std::string_view path) -> rsx::result<void> {
        if (what == disk::call::sync && path == "a") return rsx::fail(errc::io, "on purpose");
        return {};
    });
    CHECK(code_of((*file)->sync()) == errc::io);
    files.on_call({});
    CHECK(code_of((*file)->sync()) == errc::io);
    files.crash();
    CHECK(text_in(files, "a").empty());
}

TEST_CASE("a disk in memory fills up") {
    disk::memory_files files{1000};
    auto file = files.create("a");
    REQUIRE((*file)->write(0, rsx::buffer{900}.view()));
    CHECK(files.room()->free == 100);
    CHECK(code_of((*file)->write(900, rsx::buffer{101}.view())) == errc::full);
    CHECK(code_of((*file)->preallocate(1001)) == errc::full);
    CHECK((*file)->write(0, rsx::buffer{900}.view()));
    REQUIRE(files.remove("a"));
    CHECK(files.room()->free == 1000);
}

TEST_CASE("a flipped bit stays flipped") {
    disk::memory_files files;
    write_text(files, "a", "abc");
    REQUIRE(files.sync_directory(""));
    REQUIRE(files.flip("a", 1, std::byte{3}));
    CHECK(text_in(files, "a") == "aac");
    files.crash();
    CHECK(text_in(files, "a") == "aac");
    CHECK(code_of(files.flip("a", 3)) == errc::invalid);
    CHECK(code_of(files.flip("b", 0)) == errc::not_found);
}
