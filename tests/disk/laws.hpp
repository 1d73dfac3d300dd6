// SPDX-License-Identifier: Apache-2.0

// What every model of disk::files must do.
#pragma once

#include <rsx/core/buffer.hpp>
#include <rsx/disk/concept.hpp>

#include "catch.hpp"

#include <vector>

namespace disk_laws {

using rsx::errc;
namespace disk = rsx::disk;

inline rsx::buffer pattern(std::size_t size, unsigned seed = 1) {
    auto made = rsx::buffer::uninitialized(size);
    unsigned state = seed * 2654435761u + 1;
    for (auto& byte : made.span()) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<std::byte>(state >> 24);
    }
    return made;
}

inline std::string text_in(disk::files& files, std::string_view path) {
    auto file = files.open(path);
    REQUIRE(file);
    const auto size = (*file)->size();
    REQUIRE(size);
    std::string out(*size, '?');
    const auto n = (*file)->read(0, std::as_writable_bytes(std::span{out}));
    REQUIRE(n);
    REQUIRE(*n == out.size());
    return out;
}

inline void write_text(disk::files& files, std::string_view path, std::string_view text) {
    auto file = files.create(path);
    REQUIRE(file);
    REQUIRE((*file)->write(0, rsx::bytes_of(text)));
    REQUIRE((*file)->sync());
}

inline errc code_of(const auto& answer) {
    REQUIRE_FALSE(answer.has_value());
    return answer.error().code;
}

// `files` is empty and stays the caller's.
inline void all(disk::files& files) {
    SECTION("what is written at a position is read from it, and reads end with the file") {
        auto file = files.create("a");
        REQUIRE(file);
        REQUIRE((*file)->write(10, rsx::bytes_of("hello")));
        CHECK(*(*file)->size() == 15);
        std::byte got[20]{};
        CHECK(*(*file)->read(0, got) == 15);
        CHECK(got[9] == std::byte{0});
        CHECK(rsx::text_of({got + 10, 5}) == "hello");
        CHECK(*(*file)->read(15, got) == 0);
        CHECK(*(*file)->read(100, got) == 0);
        CHECK(*(*file)->read(3, rsx::byte_span{}) == 0);
    }
    SECTION("writing again changes only what was written") {
        write_text(files, "a", "abcdef");
        auto file = files.open("a");
        REQUIRE((*file)->write(2, rsx::bytes_of("XY")));
        CHECK(text_in(files, "a") == "abXYef");
    }
    SECTION("direct writes give the same bytes at every length and alignment") {
        const auto bytes = pattern(3 * rsx::mib + 17);
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095},
                                       std::size_t{4096}, std::size_t{4097}, bytes.size()}) {
            CAPTURE(size);
            for (const std::size_t shift : {std::size_t{0}, std::size_t{3}}) {
                if (shift + size > bytes.size()) continue;
                auto file = files.create("d", disk::direct::where_it_helps);
                REQUIRE(file);
                const auto part = bytes.view().subspan(shift, size);
                REQUIRE((*file)->write(0, part));
                REQUIRE((*file)->write(4096 * 1024, part));
                REQUIRE((*file)->sync());
                auto back = rsx::buffer::uninitialized(size);
                REQUIRE(*(*file)->read(4096 * 1024, back.span()) == size);
                CHECK(std::ranges::equal(back.view(), part));
                REQUIRE(*(*file)->read(0, back.span()) == size);
                CHECK(std::ranges::equal(back.view(), part));
                REQUIRE(files.remove("d"));
            }
        }
    }
    SECTION("truncating cuts and extends with zeros; preallocating only extends") {
        write_text(files, "a", "abcdef");
        auto file = files.open("a");
        REQUIRE((*file)->preallocate(3));
        CHECK(text_in(files, "a") == "abcdef");
        REQUIRE((*file)->truncate(2));
        CHECK(text_in(files, "a") == "ab");
        REQUIRE((*file)->truncate(4));
        CHECK(text_in(files, "a") == std::string("ab\0\0", 4));
        REQUIRE((*file)->preallocate(10'000));
        CHECK(text_in(files, "a") == "ab" + std::string(9998, '\0'));
    }
    SECTION("a name is created once") {
        write_text(files, "a", "first");
        CHECK(code_of(files.create("a")) == errc::conflict);
        CHECK(text_in(files, "a") == "first");
    }
    SECTION("what is not there is not found") {
        CHECK(code_of(files.open("a")) == errc::not_found);
        CHECK(code_of(files.remove("a")) == errc::not_found);
        CHECK(code_of(files.rename("a", "b")) == errc::not_found);
        CHECK(code_of(files.link("a", "b")) == errc::not_found);
        CHECK(code_of(files.create("no/such/folder")) == errc::not_found);
        CHECK(code_of(files.list("a")) == errc::not_found);
        CHECK(code_of(files.names("a")) == errc::not_found);
        CHECK(code_of(files.sync_directory("a")) == errc::not_found);
    }
    SECTION("renaming moves, and replaces what was there") {
        write_text(files, "a", "new");
        write_text(files, "b", "old");
        REQUIRE(files.rename("a", "b"));
        CHECK(text_in(files, "b") == "new");
        CHECK(code_of(files.open("a")) == errc::not_found);
        REQUIRE(files.make_directories("x/y"));
        REQUIRE(files.rename("b", "x/y/c"));
        CHECK(text_in(files, "x/y/c") == "new");
        CHECK(code_of(files.rename("x/y/c", "nowhere/c")) == errc::not_found);
    }
    SECTION("linking gives a second name and never replaces") {
        write_text(files, "a", "one");
        write_text(files, "b", "two");
        CHECK(code_of(files.link("a", "b")) == errc::conflict);
        REQUIRE(files.link("a", "c"));
        REQUIRE(files.remove("a"));
        CHECK(text_in(files, "c") == "one");
    }
    SECTION("directories are made with their parents, twice without harm, and listed in order") {
        REQUIRE(files.make_directories("x/y/z"));
        REQUIRE(files.make_directories("x/y/z"));
        write_text(files, "x/b", "12");
        write_text(files, "x/a", "1");
        REQUIRE(files.sync_directory("x"));
        REQUIRE(files.sync_directory(""));
        const auto found = files.list("x");
        REQUIRE(found);
        REQUIRE(found->size() == 3);
        CHECK((*found)[0].name == "a");
        CHECK((*found)[0].size == 1);
        CHECK((*found)[1].size == 2);
        CHECK((*found)[2].name == "y");
        CHECK((*found)[2].directory);
        CHECK(*files.names("x") == std::vector<std::string>{"a", "b", "y"});
        CHECK(files.list("")->size() == 1);
    }
    SECTION("only an empty directory is removed") {
        REQUIRE(files.make_directories("x"));
        write_text(files, "x/a", "1");
        CHECK(code_of(files.remove("x")) == errc::conflict);
        REQUIRE(files.remove("x/a"));
        REQUIRE(files.remove("x"));
        CHECK(files.list("")->empty());
    }
    SECTION("no path leaves the root") {
        for (const std::string path :
             {"..", "../a", "a/../b", "a//b", "/etc/passwd", "./a", "a/", "."}) {
            CAPTURE(path);
            CHECK(code_of(files.open(path)) == errc::invalid);
            CHECK(code_of(files.create(path)) == errc::invalid);
            CHECK(code_of(files.remove(path)) == errc::invalid);
            CHECK(code_of(files.rename(path, "b")) == errc::invalid);
            CHECK(code_of(files.link(path, "b")) == errc::invalid);
            CHECK(code_of(files.make_directories(path)) == errc::invalid);
            CHECK(code_of(files.sync_directory(path)) == errc::invalid);
            CHECK(code_of(files.list(path)) == errc::invalid);
            write_text(files, "t", "");
            CHECK(code_of(files.rename("t", path)) == errc::invalid);
            CHECK(code_of(files.link("t", path)) == errc::invalid);
            REQUIRE(files.remove("t"));
        }
        CHECK(code_of(files.open(std::string("a\0b", 3))) == errc::invalid);
        CHECK(code_of(files.open(std::string(300, 'a'))) == errc::invalid);
        CHECK(code_of(files.open("")) == errc::invalid);
    }
    SECTION("a file outlives its name while it is open") {
        write_text(files, "a", "still here");
        auto file = files.open("a");
        REQUIRE(files.remove("a"));
        std::byte got[10];
        REQUIRE(*(*file)->read(0, got) == 10);
        CHECK(rsx::text_of(got) == "still here");
    }
    SECTION("there is room, and the root can be ours") {
        const auto room = files.room();
        REQUIRE(room);
        CHECK(room->total > 0);
        CHECK(room->free <= room->total);
        CHECK(files.lock());
        CHECK(files.lock());
    }
}

}  // namespace disk_laws
