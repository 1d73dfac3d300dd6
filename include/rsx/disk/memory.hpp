// SPDX-License-Identifier: Apache-2.0

// Files in memory that know what a power cut would leave of them.
//
//     disk::memory_files files;
//     ...                                        // the code under test runs
//     files.crash({.seed = 7});                  // the power fails
//     ...                                        // open again: only what was synced is certain
//
// Each file keeps its durable bytes and the writes since its last sync; each directory its durable
// names and the changes since its last sync. A crash keeps of those what `crash_plan` says:
// nothing, or a subset drawn from a seed, 512-byte sectors and single name changes apiece (a rename
// within one directory is one change). Files opened before a crash answer errc::io for ever.
//
// `on_call` sees every call before it happens and may refuse it with an error: that is how tests
// make a disk fail, fill up, or stop after its n-th call. Thread-safe; everything is O(bytes).
#pragma once

#include <rsx/core/clock.hpp>
#include <rsx/disk/concept.hpp>
#include <rsx/disk/path.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace rsx::disk {

enum class call : std::uint8_t {
    open,
    create,
    read,
    write,
    sync,
    preallocate,
    truncate,
    size,
    remove,
    rename,
    link,
    make_directory,
    sync_directory,
    list,
    room
};

struct crash_plan {
    std::optional<std::uint64_t> seed{};  // none: everything that was not synced is gone
};

class memory_files final : public files {
public:
    using hook = std::function<result<void>(call what, std::string_view path)>;

    explicit memory_files(std::uint64_t capacity_bytes = 64 * gib) : capacity_{capacity_bytes} {}

    // Set it before the files are shared. It may not call back into them.
    void on_call(hook before) {
        const std::lock_guard guard{mutex_};
        hook_ = std::move(before);
    }

    void crash(crash_plan plan = {}) {
        const std::lock_guard guard{mutex_};
        std::optional<seeded_entropy> dice;
        if (plan.seed) dice.emplace(*plan.seed);
        settle(*root_, dice ? &*dice : nullptr);
        ++era_;
    }

    [[nodiscard]] std::uint64_t syncs() const {
        const std::lock_guard guard{mutex_};
        return syncs_;
    }

    // Changes a byte behind the back of whoever wrote it, as a bad disk does.
    [[nodiscard]] result<void> flip(std::string_view path, std::uint64_t at,
                                    std::byte mask = std::byte{1}) {
        const std::lock_guard guard{mutex_};
        node* found = find(path);
        if (found == nullptr) return fail(errc::not_found, "no such file");
        if (at >= found->bytes.size()) return fail(errc::invalid, "past the end", at);
        found->bytes[at] ^= mask;
        if (at < found->durable_bytes.size()) found->durable_bytes[at] = found->bytes[at];
        return {};
    }

    result<std::unique_ptr<file>> open(std::string_view path) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::open, path); !ok) return std::unexpected(ok.error());
        const auto found = share(path);
        if (!found) return fail(errc::not_found, "no such file");
        if (found->directory) return fail(errc::io, "a directory is not a file");
        return std::make_unique<open_file>(*this, found, path);
    }

    result<std::unique_ptr<file>> create(std::string_view path, direct = direct::no) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::create, path); !ok) return std::unexpected(ok.error());
        auto made = std::make_shared<node>();
        if (auto ok = put(path, made); !ok) return std::unexpected(ok.error());
        return std::make_unique<open_file>(*this, std::move(made), path);
    }

    result<void> remove(std::string_view path) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::remove, path); !ok) return ok;
        const node* found = find(path);
        if (found == nullptr) return fail(errc::not_found, "no such file");
        if (found->directory && !found->names.empty()) {
            return fail(errc::conflict, "the directory is not empty");
        }
        change(*find(split(path).first), {.gone = std::string{split(path).second}});
        return {};
    }

    result<void> rename(std::string_view from, std::string_view to) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::rename, from); !ok) return ok;
        if (auto ok = check_name(to); !ok) return ok;
        const auto moved = share(from);
        if (!moved) return fail(errc::not_found, "no such file");
        const auto [before, old_name] = split(from);
        const auto [after, new_name] = split(to);
        node* const source = find(before);
        node* const target = find(after);
        if (target == nullptr) return fail(errc::not_found, "no such directory");
        if (source == target && old_name == new_name) return {};
        if (source == target) {
            change(*source, {std::string{old_name}, std::string{new_name}, moved});
        } else {
            change(*target, {{}, std::string{new_name}, moved});
            change(*source, {.gone = std::string{old_name}});
        }
        return {};
    }

    result<void> link(std::string_view from, std::string_view to) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::link, from); !ok) return ok;
        const auto known = share(from);
        if (!known) return fail(errc::not_found, "no such file");
        return put(to, known);
    }

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
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::make_directory, path); !ok) return ok;
        if (const node* found = find(path); found != nullptr) {
            return found->directory ? result<void>{} : fail(errc::io, "a file is no directory");
        }
        auto made = std::make_shared<node>();
        made->directory = true;
        return put(path, std::move(made));
    }

    result<void> sync_directory(std::string_view path) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::sync_directory, path, check_path); !ok) return ok;
        node* found = find(path);
        if (found == nullptr || !found->directory) {
            return fail(errc::not_found, "no such directory");
        }
        sync_names(*found);
        return {};
    }

    result<std::vector<entry>> list(std::string_view path) override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::list, path, check_path); !ok) {
            return std::unexpected(ok.error());
        }
        const node* found = find(path);
        if (found == nullptr || !found->directory) {
            return fail(errc::not_found, "no such directory");
        }
        std::vector<entry> all;
        for (const auto& [name, child] : found->names) {
            all.push_back({name, child->directory, child->bytes.size()});
        }
        return all;
    }

    result<std::vector<std::string>> names(std::string_view path) override {
        auto all = list(path);
        if (!all) return std::unexpected(all.error());
        std::vector<std::string> only;
        for (auto& each : *all) only.push_back(std::move(each.name));
        return only;
    }

    result<space> room() override {
        const std::lock_guard guard{mutex_};
        if (auto ok = allowed(call::room, {}, check_path); !ok) return std::unexpected(ok.error());
        const std::uint64_t used = used_by(*root_);
        return space{.total = capacity_, .free = capacity_ - std::min(used, capacity_)};
    }

    result<void> lock() override { return {}; }  // nobody else can reach them

private:
    static constexpr std::size_t sector = 512;

    struct node;
    struct write_since_sync {
        std::uint64_t at{0};
        std::vector<std::byte> bytes{};
        std::optional<std::uint64_t> size{};  // a change of size instead
    };
    struct name_change {  // `gone` disappears and `made` appears, both or neither
        std::string gone{};
        std::string made{};
        std::shared_ptr<node> what{};
    };
    struct node {
        bool directory{false};
        std::vector<std::byte> bytes{};
        std::vector<std::byte> durable_bytes{};
        std::vector<write_since_sync> writes{};
        std::map<std::string, std::shared_ptr<node>, std::less<>> names{};
        std::map<std::string, std::shared_ptr<node>, std::less<>> durable_names{};
        std::vector<name_change> changes{};
    };

    class open_file final : public file {
    public:
        open_file(memory_files& home, std::shared_ptr<node> what, std::string_view path)
            : home_{home}, node_{std::move(what)}, path_{path}, era_{home.era_} {}

        result<std::size_t> read(std::uint64_t at, byte_span out) override {
            const std::lock_guard guard{home_.mutex_};
            if (auto ok = alive(call::read); !ok) return std::unexpected(ok.error());
            if (at >= node_->bytes.size()) return std::size_t{0};
            const auto n = std::min<std::size_t>(out.size(), node_->bytes.size() - at);
            if (n != 0) std::memcpy(out.data(), node_->bytes.data() + at, n);
            return n;
        }
        result<void> write(std::uint64_t at, byte_view bytes) override {
            const std::lock_guard guard{home_.mutex_};
            if (auto ok = alive(call::write); !ok) return ok;
            const std::uint64_t grown = std::max<std::uint64_t>(at + bytes.size(), size_now());
            if (auto ok = fits(grown); !ok) return ok;
            node_->writes.push_back({at, {bytes.begin(), bytes.end()}, {}});
            apply(node_->bytes, node_->writes.back());
            return {};
        }
        result<void> sync() override {
            const std::lock_guard guard{home_.mutex_};
            if (failed_) return fail(errc::io, "an earlier sync of this file failed");
            if (auto ok = alive(call::sync); !ok) {
                failed_ = true;
                node_->writes.clear();  // the kernel has dropped them: no later sync brings them
                return ok;
            }
            ++home_.syncs_;
            for (const auto& each : node_->writes) apply(node_->durable_bytes, each);
            node_->writes.clear();
            return {};
        }
        result<void> preallocate(std::uint64_t bytes) override {
            const std::lock_guard guard{home_.mutex_};
            if (auto ok = alive(call::preallocate); !ok) return ok;
            return bytes > size_now() ? resize(bytes) : result<void>{};
        }
        result<void> truncate(std::uint64_t bytes) override {
            const std::lock_guard guard{home_.mutex_};
            if (auto ok = alive(call::truncate); !ok) return ok;
            return resize(bytes);
        }
        result<std::uint64_t> size() override {
            const std::lock_guard guard{home_.mutex_};
            if (auto ok = alive(call::size); !ok) return std::unexpected(ok.error());
            return size_now();
        }

    private:
        [[nodiscard]] std::uint64_t size_now() const { return node_->bytes.size(); }
        result<void> alive(call what) const {
            if (era_ != home_.era_) return fail(errc::io, "opened before the crash");
            return home_.hook_ ? home_.hook_(what, path_) : result<void>{};
        }
        result<void> fits(std::uint64_t grown) const {
            if (grown <= size_now()) return {};
            if (used_by(*home_.root_) + (grown - size_now()) <= home_.capacity_) return {};
            return fail(errc::full, "no space left");
        }
        result<void> resize(std::uint64_t bytes) {
            if (auto ok = fits(bytes); !ok) return ok;
            node_->writes.push_back({0, {}, bytes});
            apply(node_->bytes, node_->writes.back());
            return {};
        }

        memory_files& home_;
        std::shared_ptr<node> node_;
        std::string path_;
        std::uint64_t era_;
        bool failed_{false};
    };

    result<void> allowed(call what, std::string_view path,
                         result<void> (*check)(std::string_view) = check_name) const {
        if (auto ok = check(path); !ok) return ok;
        return hook_ ? hook_(what, path) : result<void>{};
    }

    std::shared_ptr<node> share(std::string_view path) const {
        std::shared_ptr<node> at = root_;
        while (at && !path.empty()) {
            const auto slash = path.find('/');
            const auto found = at->names.find(path.substr(0, slash));
            at = found == at->names.end() ? nullptr : found->second;
            path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
        }
        return at;
    }
    node* find(std::string_view path) const { return share(path).get(); }

    result<void> put(std::string_view path, std::shared_ptr<node> what) {
        if (auto ok = check_name(path); !ok) return ok;
        const auto [folder, name] = split(path);
        node* const parent = find(folder);
        if (parent == nullptr || !parent->directory) {
            return fail(errc::not_found, "no such directory");
        }
        if (parent->names.contains(name)) return fail(errc::conflict, "the name is taken");
        change(*parent, {{}, std::string{name}, std::move(what)});
        return {};
    }

    static void change(node& parent, name_change how) {
        apply(parent.names, how);
        parent.changes.push_back(std::move(how));
    }
    void sync_names(node& folder) {
        ++syncs_;
        folder.durable_names = folder.names;
        folder.changes.clear();
    }

    template <class Names>
    static void apply(Names& names, const name_change& how) {
        if (!how.gone.empty()) names.erase(how.gone);
        if (how.what) names.insert_or_assign(how.made, how.what);
    }
    static void apply(std::vector<std::byte>& bytes, const write_since_sync& how) {
        if (how.size) return bytes.resize(*how.size);
        if (how.at + how.bytes.size() > bytes.size()) bytes.resize(how.at + how.bytes.size());
        std::ranges::copy(how.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(how.at));
    }
    // Those sectors of a write that reached the platter.
    static void apply_some(std::vector<std::byte>& bytes, const write_since_sync& how,
                           entropy& dice) {
        if (how.size) {
            if (dice.below(2) == 0) apply(bytes, how);
            return;
        }
        for (std::size_t from = 0; from < how.bytes.size();) {
            const std::size_t to = std::min<std::size_t>(
                how.bytes.size(), ((how.at + from) / sector + 1) * sector - how.at);
            if (dice.below(2) == 0) {
                const byte_view part = byte_view{how.bytes}.subspan(from, to - from);
                apply(bytes, {how.at + from, {part.begin(), part.end()}, {}});
            }
            from = to;
        }
    }

    static void settle(node& at, entropy* dice) {
        for (const auto& each : at.changes) {
            if (dice != nullptr && dice->below(2) == 0) apply(at.durable_names, each);
        }
        at.changes.clear();
        at.names = at.durable_names;
        for (const auto& each : at.writes) {
            if (dice != nullptr) apply_some(at.durable_bytes, each, *dice);
        }
        at.writes.clear();
        at.bytes = at.durable_bytes;
        for (auto& [name, child] : at.names) settle(*child, dice);
    }

    static std::uint64_t used_by(const node& at) {
        std::uint64_t sum = at.bytes.size();
        for (const auto& [name, child] : at.names) sum += used_by(*child);
        return sum;
    }

    static std::shared_ptr<node> new_root() {
        auto made = std::make_shared<node>();
        made->directory = true;
        return made;
    }

    mutable std::mutex mutex_;
    std::uint64_t capacity_;
    std::uint64_t era_{0};
    std::uint64_t syncs_{0};
    hook hook_{};
    std::shared_ptr<node> root_{new_root()};
};

}  // namespace rsx::disk
