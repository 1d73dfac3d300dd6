// SPDX-License-Identifier: Apache-2.0

// Paths that cannot leave their root: relative, '/'-separated, no empty, "." or ".." component.
//
//     if (auto ok = disk::check_path("shards/ab/cdef"); !ok) return std::unexpected(ok.error());
//     auto [folder, name] = disk::split("shards/ab/cdef");     // "shards/ab", "cdef"
//
// The empty path is the root itself. Pure functions.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

#include <utility>

namespace rsx::disk {

[[nodiscard]] inline result<void> check_path(std::string_view path) {
    if (path.empty()) return {};
    if (path.find('\0') != path.npos) return fail(errc::invalid, "a path with a zero byte");
    while (true) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) {
            return fail(errc::invalid, "a path must have plain, relative components");
        }
        if (slash == path.npos) return {};
        path.remove_prefix(slash + 1);
    }
}

// For what must be a file or directory below the root.
[[nodiscard]] inline result<void> check_name(std::string_view path) {
    if (path.empty()) return fail(errc::invalid, "a path without a name");
    return check_path(path);
}

// The directory a path lies in, and its last component.
[[nodiscard]] inline std::pair<std::string_view, std::string_view> split(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == path.npos) return {std::string_view{}, path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace rsx::disk
