// SPDX-License-Identifier: Apache-2.0

// Shards as files, one each: the blocking half of shard/directory.hpp, usable without any loop.
//
//     shards/ab/<id>.<bytes>.<hash>.<writer>      sealed; the name says all that `list` answers
//     shards/ab/<id>.<n>.new                      being written; removed when the store is opened
//
//     auto store = shard::file_store::open(files, who);
//     shard::incoming one{header};
//     (*store)->write(one, blocks);                 // only for large shards, ≥ 1 MiB at a time
//     (*store)->seal(one, last_blocks, sums);        // sync, rename, sync the directory
//
// Invariants:
// - A name without ".new" is given only to a file that has been synced with all its bytes, and is
//   acknowledged only after a directory sync that began after the rename.
// - The index (in memory, sorted) holds the sealed shards. Those found when the store was opened
// may
//   owe their names to a process that was killed before its directory sync: nobody is told that a
//   shard is sealed, or is gone, before their folder has been synced once (`settle`).
// - Of one id, at most one seal or erase is under way; the others wait.
// - After a failed sync nothing is written any more until the store is opened anew.
//
// Any thread: one mutex guards the index and is never held during I/O. Seals that overlap share
// their directory syncs (disk/group_sync.hpp). A small shard costs create, one write, sync, rename
// and its share of a directory sync; is read with open and one read.
#pragma once

#include <rsx/disk/group_sync.hpp>
#include <rsx/shard/file_format.hpp>
#include <rsx/shard/intake.hpp>

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <set>

namespace rsx::shard {

// A shard that is being written; used by one call at a time.
struct incoming {
    header about;
    std::unique_ptr<disk::file> file{};
    std::string temporary{};
    std::uint64_t written{0};  // bytes in the file, header and all
};

class file_store {
public:
    // Lists the shards and removes what was never sealed.
    [[nodiscard]] static result<std::shared_ptr<file_store>> open(
        std::shared_ptr<disk::files> files, holder who) {
        if (auto ours = files->lock(); !ours) return std::unexpected(ours.error());
        std::shared_ptr<file_store> made{new file_store{std::move(files), who}};
        if (auto read = made->load(); !read) return std::unexpected(read.error());
        if (auto asked = made->look_for_room(); !asked) return std::unexpected(asked.error());
        return made;
    }

    [[nodiscard]] holder who() const noexcept { return who_; }

    // May this shard be begun? No I/O.
    [[nodiscard]] result<void> admit(const header& h) {
        if (auto ok = check_header(h, who_); !ok) return ok;
        if (auto ok = writable(); !ok) return ok;
        const std::lock_guard guard{mutex_};
        if (index_.contains(h.id)) return fail(errc::conflict, "the shard is sealed already");
        return {};
    }

    // Whole blocks, more to come.
    [[nodiscard]] result<void> write(incoming& to, std::span<const slice> blocks) {
        if (auto ok = writable(); !ok) return ok;
        std::size_t size = to.written == 0 ? file_page : 0;
        for (const slice& each : blocks) size += each.size();
        buffer out = buffer::uninitialized(size);
        fill(out.span(), to, blocks);
        return put(to, out.view(), disk::direct::where_it_helps);
    }

    [[nodiscard]] result<sealed> seal(incoming& to, std::span<const slice> last,
                                      std::span<const std::uint32_t> sums) {
        std::uint64_t bytes = to.written == 0 ? 0 : to.written - file_page;
        for (const slice& each : last) bytes += each.size();
        const sealed what{.bytes = bytes, .hash = hash_of(sums)};
        const turn mine{*this, to.about.id};
        if (const auto there = find(to.about.id)) {
            discard(to);
            if (auto ok = settle(to.about.id); !ok) return std::unexpected(ok.error());
            if (there->bytes == what.bytes && there->hash == what.hash) return what;
            return fail(errc::conflict, "the shard is sealed with other bytes");
        }
        auto done = finish(to, what, last, sums);
        if (!done) {
            discard(to);
            return std::unexpected(done.error());
        }
        return what;
    }

    void discard(incoming& what) {
        if (!what.file) return;
        what.file.reset();
        (void)files_->remove(what.temporary);  // what stays is removed by the next open
    }

    [[nodiscard]] result<header> head(const id& which) {
        auto known = map_of(which);
        if (!known) return std::unexpected(known.error());
        return (*known)->about;
    }

    [[nodiscard]] result<piece> read(const id& which, block_range blocks) {
        const auto there = find(which);
        if (!there) return fail(errc::not_found, "no such shard");
        const auto where = cut(blocks, there->bytes);
        if (!where) return std::unexpected(where.error());
        if (file_size(there->bytes) <= small_file_bytes) return read_whole(*there, *where);
        auto known = map_of(which);
        if (!known) return std::unexpected(known.error());
        auto file = open_file(*there);
        if (!file) return std::unexpected(file.error());
        const auto range = bytes_of_blocks(*where, there->bytes);
        buffer bytes = buffer::uninitialized(range.size);
        if (auto ok = read_all(**file, file_page + range.at, bytes.span()); !ok) {
            return std::unexpected(ok.error());
        }
        const map& about = **known;
        return checked(about.about, about.sums, *where, slice{std::move(bytes)});
    }

    [[nodiscard]] result<void> erase(const id& which) {
        const turn mine{*this, which};
        const auto there = find(which);
        if (!there) return settle(which);
        if (fenced_.load()) return fail(errc::io, "fenced: a sync failed");
        const std::string folder = folder_of(which);
        {
            const std::lock_guard guard{mutex_};
            index_.erase(which);
            forget_map(which);
        }
        auto gone = files_->remove(folder + '/' + file_name(*there));
        if (!gone && gone.error().code != errc::not_found) {
            const std::lock_guard guard{mutex_};
            index_.emplace(which, row{there->bytes, there->hash, there->writer});
            return gone;
        }
        live_.fetch_sub(there->bytes);
        if (auto synced = names_.sync(folder); !synced) return fenced_by(synced.error());
        settled_[first_of(which)].store(true);
        return look_for_room();
    }

    // Makes what the index says of this id durable, if a process before us may not have.
    [[nodiscard]] result<void> settle(const id& which) {
        std::atomic<bool>& settled = settled_[first_of(which)];
        if (settled.load()) return {};
        if (fenced_.load()) return fail(errc::io, "fenced: a sync failed");
        if (auto synced = names_.sync(folder_of(which)); !synced) return fenced_by(synced.error());
        settled.store(true);
        return {};
    }

    [[nodiscard]] std::vector<listed> list(const id& from, const id& to, std::size_t limit) {
        limit = std::min(limit, limits::shard_list_max);
        std::vector<listed> out;
        const std::lock_guard guard{mutex_};
        for (auto at = index_.lower_bound(from);
             at != index_.end() && at->first < to && out.size() < limit; ++at) {
            out.push_back({at->first, at->second.bytes, at->second.hash, at->second.writer});
        }
        return out;
    }

    [[nodiscard]] result<struct status> status() {
        if (auto asked = look_for_room(); !asked) return std::unexpected(asked.error());
        struct status now{};
        now.holder = who_;
        now.total = total_.load();
        now.free = free_.load();
        now.live = live_.load();
        now.state = fenced_.load() ? state::fenced : state_of(now.total, now.free);
        const std::lock_guard guard{mutex_};
        now.shards = index_.size();
        return now;
    }

    [[nodiscard]] std::optional<listed> find(const id& which) {
        const std::lock_guard guard{mutex_};
        const auto found = index_.find(which);
        if (found == index_.end()) return std::nullopt;
        const row& k = found->second;
        return listed{.id = which, .bytes = k.bytes, .hash = k.hash, .writer = k.writer};
    }

    // As of the last look.
    [[nodiscard]] result<void> writable() {
        if (fenced_.load()) return fail(errc::io, "fenced: a sync failed");
        if (state_of(total_.load(), free_.load()) != state::full) return {};
        return fail(errc::full, "less than the reserve is free", free_.load());
    }

    [[nodiscard]] result<void> look_for_room() {
        const auto room = files_->room();
        if (!room) return std::unexpected(room.error());
        total_.store(room->total);
        free_.store(room->free);
        return {};
    }

    // Files in the shard directories that are no shards; they are left alone.
    [[nodiscard]] std::uint64_t strangers() const noexcept { return strangers_; }

private:
    static constexpr std::uint64_t small_file_bytes = 64 * kib;
    static constexpr std::string_view root = "shards";
    static constexpr std::string_view unsealed = ".new";

    struct row {
        std::uint64_t bytes{0};
        std::uint64_t hash{0};
        std::uint64_t writer{0};
    };
    struct map {  // what a large file's header and footer say
        id which;
        header about;
        std::vector<std::uint32_t> sums;
    };

    // The right to change what this id names.
    class turn {
    public:
        turn(file_store& store, const id& which) : store_{store}, which_{which} {
            std::unique_lock guard{store_.mutex_};
            store_.turns_.wait(guard, [&] { return !store_.busy_.contains(which_); });
            store_.busy_.insert(which_);
        }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn() {
            const std::lock_guard guard{store_.mutex_};
            store_.busy_.erase(which_);
            store_.turns_.notify_all();
        }

    private:
        file_store& store_;
        id which_;
    };

    file_store(std::shared_ptr<disk::files> files, holder who)
        : files_{std::move(files)}, who_{who}, names_{*files_} {}

    static std::size_t first_of(const id& which) noexcept { return which.hash >> 56; }
    static std::string folder_of(const id& which) {
        const std::byte first[] = {static_cast<std::byte>(first_of(which))};
        return std::string{root} + '/' + hex(first);
    }

    result<void> load() {
        if (auto ok = files_->make_directories(root); !ok) return ok;
        for (std::uint64_t first = 0; first < settled_.size(); ++first) {
            const std::string folder = folder_of({.hash = first << 56});
            if (auto ok = files_->make_directory(folder); !ok) return ok;
        }
        if (auto ok = files_->sync_directory(root); !ok) return ok;
        for (std::uint64_t first = 0; first < settled_.size(); ++first) {
            if (auto ok = load_folder(folder_of({.hash = first << 56})); !ok) return ok;
        }
        return {};
    }

    result<void> load_folder(const std::string& folder) {
        auto names = files_->names(folder);
        if (!names) return std::unexpected(names.error());
        for (const std::string& name : *names) {
            const auto what = parse_file_name(name);
            if (what && folder_of(what->id) == folder) {
                if (!index_.emplace(what->id, row{what->bytes, what->hash, what->writer}).second)
                    return fail(errc::corrupt, "two shards of one id", what->id.hash);
                live_.fetch_add(what->bytes);
            } else if (name.ends_with(unsealed)) {
                if (auto gone = files_->remove(folder + '/' + name); !gone) return gone;
            } else {
                ++strangers_;
            }
        }
        return {};
    }

    // --- writing -------------------------------------------------------------------------------

    std::unexpected<error> fenced_by(const error& why) {
        fenced_.store(true);
        return fail(errc::io, "a sync failed: the store is fenced", why.detail);
    }

    // The header page if it is still to be written, then the blocks. Answers what is left of `out`.
    static byte_span fill(byte_span out, const incoming& to, std::span<const slice> blocks) {
        if (to.written == 0) {
            std::memset(out.data(), 0, file_page);
            encode_header(to.about, out.first(file_page));
            out = out.subspan(file_page);
        }
        for (const slice& each : blocks) {
            std::ranges::copy(each.view(), out.begin());
            out = out.subspan(each.size());
        }
        return out;
    }

    result<void> put(incoming& to, byte_view bytes, disk::direct how) {
        if (!to.file) {
            to.temporary = folder_of(to.about.id) + '/' + name_of(to.about.id) + '.' +
                           std::to_string(temporaries_.fetch_add(1)) + std::string{unsealed};
            auto made = files_->create(to.temporary, how);
            if (!made) return std::unexpected(made.error());
            to.file = std::move(*made);
        }
        if (auto ok = to.file->write(to.written, bytes); !ok) return ok;
        to.written += bytes.size();
        return {};
    }

    result<void> finish(incoming& to, sealed what, std::span<const slice> last,
                        std::span<const std::uint32_t> sums) {
        if (auto ok = look_for_room(); !ok) return ok;
        if (auto ok = writable(); !ok) return ok;
        buffer out{file_size(what.bytes) - to.written};
        const byte_span tail = fill(out.span(), to, last);
        std::array<std::byte, file_page> page{};
        encode_footer(what.bytes, sums, encode_header(to.about, page),
                      tail.first(footer_size(what.bytes)));
        const bool large = out.size() >= limits::shard_flush_bytes / 16;
        const auto how = large ? disk::direct::where_it_helps : disk::direct::no;
        if (auto ok = put(to, out.view(), how); !ok) return ok;
        if (auto ok = to.file->sync(); !ok) return fenced_by(ok.error());

        const std::string folder = folder_of(to.about.id);
        const listed name{to.about.id, what.bytes, what.hash, to.about.writer};
        if (auto ok = files_->rename(to.temporary, folder + '/' + file_name(name)); !ok) return ok;
        to.file.reset();
        if (auto ok = names_.sync(folder); !ok) return fenced_by(ok.error());
        settled_[first_of(name.id)].store(true);
        live_.fetch_add(what.bytes);
        const std::lock_guard guard{mutex_};
        index_.emplace(name.id, row{name.bytes, name.hash, name.writer});
        return {};
    }

    // --- reading -------------------------------------------------------------------------------

    result<std::unique_ptr<disk::file>> open_file(const listed& what) {
        auto file = files_->open(folder_of(what.id) + '/' + file_name(what));
        if (!file && file.error().code == errc::not_found) {
            if (!find(what.id)) return fail(errc::not_found, "no such shard");  // erased meanwhile
            return fail(errc::corrupt, "a shard's file has disappeared");
        }
        return file;
    }

    static result<void> read_all(disk::file& from, std::uint64_t at, byte_span out) {
        const auto n = from.read(at, out);
        if (!n) return std::unexpected(n.error());
        if (*n != out.size()) return fail(errc::corrupt, "a shard's file is too short", at + *n);
        return {};
    }

    // Are these the header and the footer of the shard that the file's name promises?
    static result<map> decode(const listed& what, byte_view page, byte_view footer) {
        auto about = decode_header(page);
        if (!about) return std::unexpected(about.error());
        if (about->about.id != what.id || about->about.writer != what.writer) {
            return fail(errc::corrupt, "a shard's file holds another shard");
        }
        auto sums = decode_footer(footer, what.bytes, about->crc);
        if (!sums) return std::unexpected(sums.error());
        if (sums->what.hash != what.hash || hash_of(sums->sums) != what.hash) {
            return fail(errc::corrupt, "a shard's checksums are not those of its name");
        }
        return map{what.id, std::move(about->about), std::move(sums->sums)};
    }

    static result<piece> checked(const header& about, std::span<const std::uint32_t> sums,
                                 block_range where, slice bytes) {
        const auto asked = sums.subspan(where.first, where.count);
        piece out{.bytes = std::move(bytes), .sums = {asked.begin(), asked.end()}};
        const identity who = identity_of(about);
        if (auto ok = verify(who, where, out); !ok) return std::unexpected(ok.error());
        return out;
    }

    result<piece> read_whole(const listed& what, block_range where) {
        auto file = open_file(what);
        if (!file) return std::unexpected(file.error());
        const std::size_t footer_at = file_page + what.bytes;
        buffer all = buffer::uninitialized(footer_at + footer_size(what.bytes));
        if (auto ok = read_all(**file, 0, all.span()); !ok) return std::unexpected(ok.error());
        const byte_view raw = all.view();
        auto known = decode(what, raw.first(file_page), raw.subspan(footer_at));
        if (!known) return std::unexpected(known.error());
        const auto range = bytes_of_blocks(where, what.bytes);
        const slice whole{std::move(all)};
        return checked(known->about, known->sums, where,
                       whole.part(file_page + range.at, range.size));
    }

    // From memory, if it was read lately.
    result<std::shared_ptr<const map>> map_of(const id& which) {
        {
            const std::lock_guard guard{mutex_};
            for (auto at = maps_.begin(); at != maps_.end(); ++at) {
                if ((*at)->which != which) continue;
                maps_.splice(maps_.begin(), maps_, at);
                return maps_.front();
            }
        }
        const auto there = find(which);
        if (!there) return fail(errc::not_found, "no such shard");
        auto file = open_file(*there);
        if (!file) return std::unexpected(file.error());
        buffer page = buffer::uninitialized(file_page);
        buffer footer = buffer::uninitialized(footer_size(there->bytes));
        auto ok = read_all(**file, 0, page.span());
        if (ok) ok = read_all(**file, file_page + there->bytes, footer.span());
        if (!ok) return std::unexpected(ok.error());
        auto decoded = decode(*there, page.view(), footer.view());
        if (!decoded) return std::unexpected(decoded.error());
        auto made = std::make_shared<const map>(std::move(*decoded));
        const std::lock_guard guard{mutex_};
        if (!index_.contains(which)) return fail(errc::not_found, "no such shard");
        maps_.push_front(made);
        if (maps_.size() > limits::shard_maps_max) maps_.pop_back();
        return made;
    }

    void forget_map(const id& which) {
        maps_.remove_if([&](const auto& each) { return each->which == which; });
    }

    std::shared_ptr<disk::files> files_;
    holder who_;
    disk::group_sync names_;
    std::uint64_t strangers_{0};
    std::atomic<std::uint64_t> temporaries_{0};
    std::atomic<std::uint64_t> total_{0};
    std::atomic<std::uint64_t> free_{0};
    std::atomic<std::uint64_t> live_{0};
    std::atomic<bool> fenced_{false};
    std::array<std::atomic<bool>, 256> settled_{};  // by folder
    std::mutex mutex_;
    std::condition_variable turns_;
    std::map<id, row> index_;
    std::set<id> busy_;
    std::list<std::shared_ptr<const map>> maps_;  // latest first
};

}  // namespace rsx::shard
