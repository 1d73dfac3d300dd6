// SPDX-License-Identifier: Apache-2.0
#include "shard_set.hpp"

#include "terminal.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

namespace rsx_cli {
namespace {

namespace fs = std::filesystem;

struct candidate {
    shard_page about{};
    found_shard shard{};
};

// What was found out about one file.
struct look {
    std::optional<candidate> shard{};
    std::string remark{};
};

// The page at the front, or else the one at the end.
look look_at(const fs::path& file) {
    const std::string name = printable(file.filename().string());
    auto opened = open_to_read(file);
    if (!opened) return {{}, opened.error().what};
    struct stat facts{};
    if (::fstat(opened->get(), &facts) != 0) return {{}, name + ": cannot be looked at"};
    const auto size = static_cast<std::uint64_t>(facts.st_size);

    std::array<std::byte, page_bytes> page{};
    const auto page_at = [&](std::uint64_t at) -> rsx::result<shard_page> {
        const auto n = read_at(*opened, at, page);
        if (!n) return rsx::fail(rsx::errc::io, "cannot be read");
        return parse_page(rsx::byte_view{page}.first(*n));
    };
    const auto front = page_at(0);
    std::optional<rsx::result<shard_page>> back;
    if (front) {
        back = page_at(front->last_page_at());
    } else if (size >= 2 * page_bytes) {
        back = page_at(size - page_bytes);
    }
    const bool back_good = back && back->has_value();
    if (!front && !back_good) {
        if (front.error().code == rsx::errc::not_found) return {{}, name + ": not a shard file"};
        return {{}, name + ": " + front.error().why.c_str()};
    }
    look seen;
    candidate& made = seen.shard.emplace();
    made.about = front ? *front : **back;
    made.shard.size = size;
    made.shard.page_broken = !front || !back_good || !(**back == *front);
    made.shard.file = file;
    return seen;
}

struct group {
    shard_page about{};
    std::vector<candidate> members{};
    [[nodiscard]] unsigned indices() const {
        std::vector<bool> seen(about.shards());
        for (const candidate& one : members) seen[one.about.index] = true;
        return static_cast<unsigned>(std::ranges::count(seen, true));
    }
};

std::string described(const group& which) {
    return "set " + text_of_set(which.about.set).substr(0, 8) + " of " +
           printable(which.about.name) + " (" + std::to_string(which.indices()) + " of " +
           std::to_string(which.about.shards()) + " shards)";
}

// Which of the groups is meant.
outcome<std::size_t> choose(const std::vector<group>& groups, const std::string& folder,
                            const std::string& wanted) {
    std::vector<std::size_t> fitting;
    std::string choices;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!text_of_set(groups[i].about.set).starts_with(wanted)) continue;
        fitting.push_back(i);
    }
    if (fitting.empty()) {
        return give_up(exit_code::not_found,
                       wanted.empty() ? "there are no shard files in " + folder
                                      : "no set in " + folder + " begins with " + wanted);
    }
    if (fitting.size() == 1) return fitting.front();
    std::vector<std::size_t> whole;
    for (const std::size_t i : fitting) {
        if (groups[i].indices() >= groups[i].about.data) whole.push_back(i);
        choices += "\n  " + described(groups[i]);
    }
    if (whole.size() == 1) return whole.front();
    if (whole.empty()) {
        return give_up(exit_code::lost,
                       "none of the sets in " + folder + " has enough shards:" + choices);
    }
    return give_up(exit_code::usage,
                   "several sets lie in " + folder + "; choose with --set:" + choices);
}

}  // namespace

unsigned shard_set::present() const {
    return static_cast<unsigned>(
        std::ranges::count_if(files, [](const auto& copies) { return !copies.empty(); }));
}

std::string text_of_set(const set_id& id) { return rsx::hex(id); }

outcome<shard_set> find_set(const fs::path& folder, const std::string& wanted) {
    shard_set made;
    made.folder = folder;
    const std::string where = printable(folder.string());
    std::error_code wrong;
    std::vector<fs::path> names;
    for (fs::directory_iterator at{folder, wrong}, end; !wrong && at != end; at.increment(wrong)) {
        std::error_code ignored;
        if (at->is_regular_file(ignored)) names.push_back(at->path());
    }
    if (wrong) return std::unexpected(system_failure("cannot list " + where, wrong.value()));
    std::ranges::sort(names);

    std::vector<group> groups;
    for (const fs::path& name : names) {
        look seen = look_at(name);
        if (!seen.shard) {
            made.remarks.push_back(std::move(seen.remark));
            continue;
        }
        const auto mine = std::ranges::find_if(
            groups, [&](const group& one) { return one.about.same_set(seen.shard->about); });
        group& into = mine != groups.end() ? *mine : groups.emplace_back();
        if (into.members.empty()) into.about = seen.shard->about;
        into.members.push_back(std::move(*seen.shard));
    }
    const auto chosen = choose(groups, where, wanted);
    if (!chosen) return std::unexpected(chosen.error());

    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (i == *chosen) continue;
        for (const candidate& one : groups[i].members) {
            made.remarks.push_back(printable(one.shard.file.filename().string()) +
                                   ": foreign, of " + described(groups[i]));
        }
    }
    group& mine = groups[*chosen];
    made.about = mine.about;
    made.about.index = 0;
    made.files.resize(made.about.shards());
    for (candidate& one : mine.members) {
        auto opened = open_to_read(one.shard.file);
        if (!opened) return std::unexpected(opened.error());
        one.shard.opened = std::move(*opened);
        made.files[one.about.index].push_back(std::move(one.shard));
    }
    const std::uint64_t whole = made.about.shard_bytes();
    for (std::size_t i = 0; i < made.files.size(); ++i) {
        auto& copies = made.files[i];
        std::ranges::stable_sort(copies, [&](const found_shard& a, const found_shard& b) {
            const auto rank = [&](const found_shard& s) {
                return (s.size == whole ? 0 : 2) + (s.page_broken ? 1 : 0);
            };
            return rank(a) < rank(b);
        });
        for (std::size_t c = 1; c < copies.size(); ++c) {
            made.remarks.push_back(printable(copies[c].file.filename().string()) +
                                   ": a duplicate, shard " + std::to_string(i) + " like " +
                                   printable(copies[0].file.filename().string()));
        }
    }
    return made;
}

}  // namespace rsx_cli
