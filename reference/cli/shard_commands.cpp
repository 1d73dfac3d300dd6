// SPDX-License-Identifier: Apache-2.0
#include "shard_commands.hpp"

#include "pipeline.hpp"
#include "stripes.hpp"

#include <rsx/core/clock.hpp>
#include <rsx/digest/crc.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace rsx_cli {
namespace {

namespace fs = std::filesystem;
using rsx::codec::reed_solomon;

constexpr std::uint64_t size_unknown = std::uint64_t{1} << 60;

outcome<reed_solomon> code_for(const shard_page& about) {
    auto made = reed_solomon::make({.data = about.data, .parity = about.parity}, about.rows);
    if (!made) return give_up("no such code", made.error());
    return std::move(*made);
}

std::vector<stripe_batch> batches_for(const shard_page& about) {
    std::vector<stripe_batch> made;
    made.reserve(batches_in_flight);
    for (std::size_t i = 0; i < batches_in_flight; ++i) made.emplace_back(about);
    return made;
}

std::string shape_of(const shard_page& about) {
    return std::to_string(about.data) + "+" + std::to_string(about.parity);
}

// Lets the disk begin with what was written, so that the sync at the end finds little left.
void begin_to_write_back(const atomic_file& file) {
    ::sync_file_range(file.file().get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

// --- encode -------------------------------------------------------------------------------------

// Shard files being written. Until `commit` has ended well nothing of them stays.
class shard_files {
public:
    static outcome<shard_files> create(const fs::path& folder, shard_page about, replace how) {
        shard_files made;
        std::error_code wrong;
        made.new_folder_ = fs::create_directories(folder, wrong) ? folder : fs::path{};
        if (wrong) {
            return std::unexpected(
                system_failure("cannot make " + printable(folder.string()), wrong.value()));
        }
        for (unsigned i = 0; i < about.shards(); ++i) {
            about.index = static_cast<std::uint16_t>(i);
            auto file = atomic_file::create(folder / shard_file_name(about), how);
            if (!file) return std::unexpected(file.error());
            made.files_.push_back(std::move(*file));
        }
        return made;
    }
    shard_files(shard_files&& other) noexcept
        : files_{std::move(other.files_)},
          committed_{std::exchange(other.committed_, 0)},
          new_folder_{std::exchange(other.new_folder_, {})} {}
    shard_files& operator=(shard_files&&) = delete;
    ~shard_files() {
        std::error_code ignored;
        for (std::size_t i = 0; i < committed_; ++i) fs::remove(files_[i].target(), ignored);
        files_.clear();
        if (!new_folder_.empty()) fs::remove(new_folder_, ignored);  // only if it is empty
    }

    outcome<void> write(stripe_batch& batch) {
        for (unsigned i = 0; i < files_.size(); ++i) {
            if (auto ok = batch.write_shard(files_[i], i); !ok) return ok;
            if (wait_for_disk) begin_to_write_back(files_[i]);
        }
        return {};
    }

    outcome<void> commit(shard_page about) {
        for (std::size_t i = 0; i < files_.size(); ++i) {
            about.index = static_cast<std::uint16_t>(i);
            const auto page = encode_page(about);
            if (auto ok = files_[i].write_at(0, page); !ok) return ok;
            if (auto ok = files_[i].write_at(about.last_page_at(), page); !ok) return ok;
        }
        for (atomic_file& file : files_) {
            if (interrupted()) return give_up(exit_code::failed, "interrupted");
            if (auto ok = file.commit(wait_for_disk); !ok) return ok;
            ++committed_;
        }
        committed_ = 0;
        new_folder_.clear();
        return {};
    }

    bool wait_for_disk{true};

private:
    shard_files() = default;
    std::vector<atomic_file> files_;
    std::size_t committed_{0};
    fs::path new_folder_;
};

// Reads whole stripes of the file; zeros behind its end.
outcome<bool> read_stripes(const descriptor& from, std::uint64_t& at, stripe_batch& into) {
    const rsx::byte_span room = into.whole_data();
    const auto n = read_next(from, room);
    if (!n) return std::unexpected(n.error());
    if (*n == 0) return false;
    const shard_page& about = into.about();
    const std::uint64_t stripe = about.stripe_bytes();
    into.begin(at / stripe, (*n + stripe - 1) / stripe);
    at += *n;
    into.set_file_size(*n < room.size() ? at : size_unknown);
    std::ranges::fill(room.subspan(*n), std::byte{0});
    return true;
}

outcome<void> encode_stripes(const reed_solomon& code, stripe_batch& batch) {
    const shard_page& about = batch.about();
    std::vector<rsx::byte_view> data(about.data);
    std::vector<rsx::byte_span> parity(about.parity);
    for (std::size_t s = 0; s < batch.count(); ++s) {
        for (unsigned i = 0; i < about.data; ++i) data[i] = batch.cell(s, i);
        for (unsigned i = 0; i < about.parity; ++i) parity[i] = batch.cell(s, about.data + i);
        if (auto ok = code.encode(data, parity); !ok) return give_up("encode", ok.error());
    }
    return {};
}

// What to record as the file's name: never a path.
outcome<std::string> name_to_record(const encode_options& how) {
    std::string name = how.name;
    if (name.empty()) name = how.file == "-" ? "stdin" : how.file.filename().string();
    if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos ||
        name.size() > name_bytes_max) {
        return give_up(exit_code::usage, "\"" + printable(name) + "\" is no name for a file");
    }
    return name;
}

// --- decode, verify, repair
// -----------------------------------------------------------------------

void tell_remarks(const shard_set& set) {
    for (const std::string& remark : set.remarks) note(remark);
}

std::string described(const shard_set& set) {
    return printable(set.about.name) + ", " + human_size(set.about.file_size) + ", " +
           shape_of(set.about) + " " + std::string{name_of(set.about.rows)} + ", set " +
           text_of_set(set.about.set).substr(0, 8);
}

std::unexpected<failure> too_few(const shard_set& set) {
    return give_up(exit_code::lost, "too few shards of " + printable(set.about.name) + ": " +
                                        std::to_string(set.present()) + " are here and " +
                                        std::to_string(set.about.data) + " are needed");
}

std::unexpected<failure> wrong_sum(const shard_set& set) {
    return give_up(exit_code::lost, "the bytes of " + printable(set.about.name) +
                                        " are not those that were encoded");
}

// Where decoded bytes go: a file that appears when it is whole, or standard output.
struct decoded {
    std::optional<atomic_file> file{};

    outcome<void> write(rsx::byte_view bytes) {
        return file ? file->write_next(bytes) : write_next(STDOUT_FILENO, bytes);
    }
};

// What verify found out about a set.
struct findings {
    std::vector<shard_health> health{};
    std::uint64_t stripes_lost{0};
    std::uint64_t stripes_odd{0};  // every cell good, and the parity is not that of the data
    bool sum_good{true};

    [[nodiscard]] bool whole(const shard_set& set, std::size_t index) const {
        const auto& copies = set.files[index];
        return !copies.empty() && !copies[0].page_broken && health[index].bad == 0 &&
               copies[0].size == set.about.shard_bytes();
    }
    [[nodiscard]] std::vector<unsigned> not_whole(const shard_set& set) const {
        std::vector<unsigned> list;
        for (unsigned i = 0; i < set.files.size(); ++i)
            if (!whole(set, i)) list.push_back(i);
        return list;
    }
    [[nodiscard]] bool lost() const { return stripes_lost + stripes_odd > 0 || !sum_good; }
};

outcome<void> examine(stripe_reader& reader, const reed_solomon& code, stripe_batch& batch,
                      findings& found, rsx::digest::crc64_nvme& sum) {
    const shard_page& about = batch.about();
    std::vector<rsx::byte_view> data(about.data);
    std::vector<rsx::byte_view> parity(about.parity);
    for (std::size_t s = 0; s < batch.count(); ++s) {
        unsigned good = 0;
        for (unsigned i = 0; i < about.shards(); ++i) good += batch.good(s, i) ? 1u : 0u;
        if (good < about.data) {
            ++found.stripes_lost;
            continue;
        }
        if (good < about.shards()) {
            if (auto ok = reader.complete_stripe(batch, s, {}); !ok) return ok;
            continue;
        }
        for (unsigned i = 0; i < about.data; ++i) data[i] = batch.cell(s, i);
        for (unsigned i = 0; i < about.parity; ++i) parity[i] = batch.cell(s, about.data + i);
        const auto agrees = code.verify(data, parity);
        if (!agrees) return give_up("verify", agrees.error());
        if (!*agrees) ++found.stripes_odd;
    }
    sum.update(batch.file_bytes());
    return {};
}

outcome<findings> look_through(const shard_set& set, const reed_solomon& code, bool quiet) {
    findings found;
    stripe_reader reader{set, code, true};
    rsx::digest::crc64_nvme sum;
    progress bar{"verify", set.about.file_size, !quiet};
    std::vector<stripe_batch> batches = batches_for(set.about);
    auto ended = in_three_stages(
        std::span{batches}, [&](stripe_batch& batch) { return reader.read(batch); },
        [&](stripe_batch& batch) { return examine(reader, code, batch, found, sum); },
        [&](stripe_batch& batch) -> outcome<void> {
            bar.add(batch.file_bytes().size());
            return {};
        });
    if (!ended) return std::unexpected(ended.error());
    bar.finish("");
    found.health = reader.health();
    found.sum_good = found.stripes_lost > 0 || sum.value() == set.about.file_sum;
    return found;
}

std::string condition(const shard_set& set, const findings& found, unsigned index) {
    const auto& copies = set.files[index];
    if (copies.empty()) return "missing";
    std::string text;
    const auto add = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
    const shard_health& health = found.health[index];
    const std::uint64_t whole = set.about.shard_bytes();
    if (copies[0].size < whole)
        add("truncated by " + std::to_string(whole - copies[0].size) + " B");
    if (copies[0].size > whole) add("too long by " + std::to_string(copies[0].size - whole) + " B");
    if (health.bad > 0) {
        add(std::to_string(health.bad) + " of " + std::to_string(set.about.stripes()) +
            " cells bad, first in stripe " + std::to_string(*health.first_bad));
    }
    if (copies[0].page_broken) add("one of its two pages is broken");
    return text.empty() ? "whole" : text;
}

void print_findings(const shard_set& set, const findings& found) {
    std::printf("%s\n", described(set).c_str());
    for (unsigned i = 0; i < set.files.size(); ++i) {
        const std::string name =
            set.files[i].empty() ? "-" : printable(set.files[i][0].file.filename().string());
        std::printf("%4u  %-32s  %s\n", i, name.c_str(), condition(set, found, i).c_str());
    }
    for (const std::string& remark : set.remarks) std::printf("      %s\n", remark.c_str());
}

outcome<void> verdict(const shard_set& set, const findings& found) {
    const std::string name = printable(set.about.name);
    if (found.stripes_lost > 0) {
        return give_up(exit_code::lost, name + " is lost: " + std::to_string(found.stripes_lost) +
                                            " of " + std::to_string(set.about.stripes()) +
                                            " stripes have fewer than " +
                                            std::to_string(set.about.data) + " good cells");
    }
    if (found.stripes_odd > 0) {
        return give_up(exit_code::lost, name + ": in " + std::to_string(found.stripes_odd) +
                                            " stripes data and parity contradict each other");
    }
    if (!found.sum_good) return wrong_sum(set);
    const std::size_t bad = found.not_whole(set).size();
    if (bad > 0) {
        return give_up(exit_code::failed,
                       std::to_string(bad) + " of " + std::to_string(set.about.shards()) +
                           " shards of " + name + " are missing or damaged, and nothing is lost: " +
                           "`rsx repair` makes them whole");
    }
    return {};
}

}  // namespace

outcome<void> run_encode(const encode_options& how) {
    shard_page about;
    about.data = how.data;
    about.parity = how.parity;
    about.rows = how.rows;
    about.file_size = size_unknown;
    rsx::system_entropy().fill(about.set);
    const auto name = name_to_record(how);
    if (!name) return std::unexpected(name.error());
    about.name = *name;
    const auto code = code_for(about);
    if (!code) return give_up(exit_code::usage, code.error().what);

    auto from = how.file == "-" ? outcome<descriptor>{descriptor{::dup(STDIN_FILENO)}}
                                : open_to_read(how.file);
    if (!from) return std::unexpected(from.error());
    struct stat facts{};
    const bool sized = ::fstat(from->get(), &facts) == 0 && S_ISREG(facts.st_mode);
    auto files = shard_files::create(how.folder, about, how.force ? replace::yes : replace::no);
    if (!files) return std::unexpected(files.error());
    files->wait_for_disk = how.wait_for_disk;

    progress bar{"encode", sized ? static_cast<std::uint64_t>(facts.st_size) : 0, !how.quiet};
    rsx::digest::crc64_nvme sum;
    std::uint64_t at = 0;
    std::vector<stripe_batch> batches = batches_for(about);
    auto ended = in_three_stages(
        std::span{batches}, [&](stripe_batch& batch) { return read_stripes(*from, at, batch); },
        [&](stripe_batch& batch) {
            sum.update(batch.file_bytes());
            return encode_stripes(*code, batch);
        },
        [&](stripe_batch& batch) {
            auto written = files->write(batch);
            bar.add(batch.file_bytes().size());
            return written;
        });
    if (!ended) return ended;
    about.file_size = at;
    about.file_sum = sum.value();
    if (auto ok = files->commit(about); !ok) return ok;
    bar.finish("into " + std::to_string(about.shards()) + " shards (" + shape_of(about) + ") in " +
               printable(how.folder.string()));
    return {};
}

outcome<void> run_decode(const shard_options& how) {
    auto set = find_set(how.folder, how.set);
    if (!set) return std::unexpected(set.error());
    if (!how.quiet) tell_remarks(*set);
    if (set->present() < set->about.data) return too_few(*set);
    const auto code = code_for(set->about);
    if (!code) return std::unexpected(code.error());

    decoded out;
    if (how.out != "-") {
        std::error_code ignored;
        const fs::path target =
            fs::is_directory(how.out, ignored) ? how.out / set->about.name : how.out;
        auto made = atomic_file::create(target, how.force ? replace::yes : replace::no);
        if (!made) return std::unexpected(made.error());
        out.file.emplace(std::move(*made));
    }
    stripe_reader reader{*set, *code, false};
    rsx::digest::crc64_nvme sum;
    progress bar{"decode", set->about.file_size, !how.quiet};
    std::vector<stripe_batch> batches = batches_for(set->about);
    auto ended = in_three_stages(
        std::span{batches}, [&](stripe_batch& batch) { return reader.read(batch); },
        [&](stripe_batch& batch) {
            auto whole = reader.complete(batch, {});
            sum.update(batch.file_bytes());
            return whole;
        },
        [&](stripe_batch& batch) {
            auto written = out.write(batch.file_bytes());
            if (out.file) begin_to_write_back(*out.file);
            bar.add(batch.file_bytes().size());
            return written;
        });
    if (!ended) return ended;
    if (sum.value() != set->about.file_sum) return wrong_sum(*set);
    if (out.file) {
        if (auto ok = out.file->commit(); !ok) return ok;
    }
    if (!how.quiet) {
        for (unsigned i = 0; i < set->files.size(); ++i) {
            const std::uint64_t bad = reader.health()[i].bad;
            if (bad == 0) continue;
            note(printable(set->files[i][0].file.filename().string()) + ": " + std::to_string(bad) +
                 " cells were bad and came from others; `rsx repair` makes it whole");
        }
    }
    bar.finish("from " + std::to_string(set->present()) + " of " +
               std::to_string(set->about.shards()) + " shards");
    return {};
}

outcome<void> run_verify(const shard_options& how) {
    auto set = find_set(how.folder, how.set);
    if (!set) return std::unexpected(set.error());
    const auto code = code_for(set->about);
    if (!code) return std::unexpected(code.error());
    const auto found = look_through(*set, *code, how.quiet);
    if (!found) return std::unexpected(found.error());
    if (!how.quiet) print_findings(*set, *found);
    auto said = verdict(*set, *found);
    if (said && !how.quiet) std::printf("whole\n");
    return said;
}

outcome<void> run_repair(const shard_options& how) {
    auto set = find_set(how.folder, how.set);
    if (!set) return std::unexpected(set.error());
    if (!how.quiet) tell_remarks(*set);
    const auto code = code_for(set->about);
    if (!code) return std::unexpected(code.error());
    const auto found = look_through(*set, *code, how.quiet);
    if (!found) return std::unexpected(found.error());
    if (found->lost()) return verdict(*set, *found);
    const std::vector<unsigned> targets = found->not_whole(*set);
    if (targets.empty()) {
        if (!how.quiet) std::printf("%s: whole, nothing to repair\n", described(*set).c_str());
        return {};
    }

    shard_page about = set->about;
    std::vector<atomic_file> files;
    for (const unsigned i : targets) {
        about.index = static_cast<std::uint16_t>(i);
        const bool there = !set->files[i].empty();
        const fs::path target = there ? set->files[i][0].file : how.folder / shard_file_name(about);
        auto made = atomic_file::create(target, there || how.force ? replace::yes : replace::no);
        if (!made) return std::unexpected(made.error());
        files.push_back(std::move(*made));
    }
    stripe_reader reader{*set, *code, false};
    rsx::digest::crc64_nvme sum;
    progress bar{"repair", set->about.file_size, !how.quiet};
    std::vector<stripe_batch> batches = batches_for(set->about);
    auto ended = in_three_stages(
        std::span{batches}, [&](stripe_batch& batch) { return reader.read(batch); },
        [&](stripe_batch& batch) {
            auto whole = reader.complete(batch, targets);
            sum.update(batch.file_bytes());
            return whole;
        },
        [&](stripe_batch& batch) -> outcome<void> {
            for (std::size_t i = 0; i < targets.size(); ++i) {
                if (auto ok = batch.write_shard(files[i], targets[i]); !ok) return ok;
                begin_to_write_back(files[i]);
            }
            bar.add(batch.file_bytes().size());
            return {};
        });
    if (!ended) return ended;
    if (sum.value() != set->about.file_sum) return wrong_sum(*set);
    for (std::size_t i = 0; i < targets.size(); ++i) {
        about.index = static_cast<std::uint16_t>(targets[i]);
        const auto page = encode_page(about);
        if (auto ok = files[i].write_at(0, page); !ok) return ok;
        if (auto ok = files[i].write_at(about.last_page_at(), page); !ok) return ok;
        if (auto ok = files[i].commit(); !ok) return ok;
        if (!how.quiet) {
            std::printf("shard %u is whole again: %s\n", targets[i],
                        printable(files[i].target().filename().string()).c_str());
        }
    }
    bar.finish("to make " + std::to_string(targets.size()) + " shards");
    return {};
}

}  // namespace rsx_cli
