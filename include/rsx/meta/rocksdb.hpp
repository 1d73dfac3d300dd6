// SPDX-License-Identifier: Apache-2.0

// Metadata in RocksDB: the embedded default of the server. One process, one disk.
//
//     auto opened = co_await rsx::meta::rocksdb_store::open("meta", pool, loop);
//     rsx::meta::any_store store{std::move(*opened)};
//
// Commits that arrive while others are being written wait and go together: one write batch, one
// sync. They are judged in the order of the log, each against what those before it will have
// written, and nobody is answered, not even with a conflict, before that is durable. RocksDB shows
// a row to readers only once its log is synced, so get and scan never show what a crash could undo.
//
// A stamp is the boot number, raised in the database whenever it is opened, and the position of the
// commit since; it stands before each value. A write that fails fences the store: the commits of
// that batch are errc::unknown_outcome, later ones errc::io, until it is opened anew. A log that is
// damaged elsewhere than at its torn end is errc::corrupt, never silently cut.
//
// Reads that are in memory are answered on the spot, others and all writes on the pool. Calls may
// come from any loop. It is destroyed after the last of them has ended. This header takes seconds
// to compile: include it in one .cpp of a program.
#pragma once

#include <rsx/core/mailbox.hpp>
#include <rsx/core/pool.hpp>
#include <rsx/core/wait.hpp>
#include <rsx/meta/bounds.hpp>
#include <rsx/meta/ordered_rows.hpp>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <map>
#include <memory>

namespace rsx::meta {

struct rocksdb_options {
    std::size_t cache_bytes{64 * mib};
    std::size_t write_buffer_bytes{32 * mib};
    rocksdb::Env* env{nullptr};  // another operating system, for tests; outlives the store
};

namespace detail {

// Exceptions of the library, and of memory, end here.
template <class F>
[[nodiscard]] auto guarded(F f) noexcept -> std::invoke_result_t<F&> {
    try {
        return f();
    } catch (const std::bad_alloc&) {
        return fail(errc::io, "rocksdb: out of memory");
    } catch (...) {
        return fail(errc::io, "rocksdb: an exception");
    }
}

[[nodiscard]] inline std::unexpected<error> failed(const rocksdb::Status& status) {
    const auto detail = static_cast<std::uint64_t>(status.code());
    if (status.IsCorruption()) return fail(errc::corrupt, "rocksdb: damaged", detail);
    if (status.IsNoSpace()) return fail(errc::full, "rocksdb: the disk is full", detail);
    if (status.IsIOError()) return fail(errc::io, "rocksdb: input or output failed", detail);
    return fail(errc::io, "rocksdb: refused", detail);
}

[[nodiscard]] inline rocksdb::Slice slice_of(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

// A stored value is the stamp and then the value.
[[nodiscard]] inline std::string stored(stamp at, std::string_view value) {
    std::string out{rsx::text_of(at.raw)};
    out += value;
    return out;
}
[[nodiscard]] inline result<row> row_of(std::string key, std::string_view bytes) {
    row out{.key = std::move(key)};
    if (bytes.size() < out.at.raw.size())
        return fail(errc::corrupt, "rocksdb: a row without stamp", bytes.size());
    std::memcpy(out.at.raw.data(), bytes.data(), out.at.raw.size());
    if (out.absent()) return fail(errc::corrupt, "rocksdb: a row with the stamp of none");
    out.value = bytes.substr(out.at.raw.size());
    return out;
}

// The database itself; every call blocks, from any thread.
class rocksdb_engine {
public:
    rocksdb_engine() = default;
    rocksdb_engine(const rocksdb_engine&) = delete;
    rocksdb_engine& operator=(const rocksdb_engine&) = delete;
    ~rocksdb_engine() {
        if (!db_) return;
        for (auto* family : families_) (void)db_->DestroyColumnFamilyHandle(family);
        (void)db_->Close();
    }

    [[nodiscard]] status open(const std::string& path, const rocksdb_options& wanted);

    // `in_memory`: errc::unavailable if that would need the disk.
    [[nodiscard]] result<std::vector<row>> get(const std::vector<std::string>& keys,
                                               bool in_memory) const;
    [[nodiscard]] result<page> scan(const std::vector<range>& ranges,
                                    const scan_limits& limits) const;

    // Judges and writes many commits at once; only one thread at a time. An error: the write
    // failed, and any of them may or may not have happened.
    [[nodiscard]] result<std::vector<result<commit_answer>>> commit(
        std::vector<commit_request> requests);

private:
    struct appended {  // by an earlier commit of the same batch
        std::optional<std::string> value{};
        stamp at{};
    };
    using overlay = std::map<std::string, appended>;

    [[nodiscard]] result<std::uint64_t> next_boot();
    [[nodiscard]] result<row> read(const std::string& key, const overlay& newer) const;
    [[nodiscard]] status scan_one(const range& where, const scan_limits& limits,
                                  rocksdb::ReadOptions how, std::vector<row>& rows,
                                  bool& more) const;

    std::unique_ptr<rocksdb::DB> db_;
    std::vector<rocksdb::ColumnFamilyHandle*> families_;  // rows; our own few keys
    std::uint64_t boot_{0};
    std::uint64_t position_{0};
};

}  // namespace detail

class rocksdb_store {
public:
    // Takes the lock of the directory: errc::unavailable if another process has it open.
    [[nodiscard]] static task<result<std::unique_ptr<rocksdb_store>>> open(
        std::string path, pool& threads, loop& owner, rocksdb_options wanted = {}) {
        auto opening = blocking(
            threads, [path = std::move(path), wanted] { return open_engine(path, wanted); });
        auto engine = co_await opening;
        if (!engine) co_return std::unexpected(engine.error());
        co_return std::unique_ptr<rocksdb_store>{
            new rocksdb_store{std::move(*engine), threads, owner}};
    }
    rocksdb_store(const rocksdb_store&) = delete;
    rocksdb_store& operator=(const rocksdb_store&) = delete;
    ~rocksdb_store() { RSX_ASSERT(!writing_ && queue_.empty()); }

    [[nodiscard]] task<result<std::vector<row>>> get(std::vector<std::string> keys, reading) {
        if (auto good = check(keys); !good) co_return std::unexpected(good.error());
        auto here = detail::guarded([&] { return engine_->get(keys, true); });
        if (here || here.error().code != errc::unavailable) co_return here;
        auto read = [keys = std::move(keys)](detail::rocksdb_engine& db) {
            return db.get(keys, false);
        };
        auto work = on_pool(std::move(read));
        co_return co_await work;
    }

    [[nodiscard]] task<result<page>> scan(std::vector<range> ranges, scan_limits limits, reading) {
        if (auto good = check(ranges, limits); !good) co_return std::unexpected(good.error());
        auto read = [ranges = std::move(ranges), limits](detail::rocksdb_engine& db) {
            return db.scan(ranges, limits);
        };
        auto work = on_pool(std::move(read));
        co_return co_await work;
    }

    [[nodiscard]] task<result<commit_answer>> commit(commit_request request) {
        return on(owner_, commit_here(std::move(request)));
    }

private:
    // A commit on its way; shared by who waits for it and who writes it.
    struct pending {
        commit_request request{};
        std::optional<result<commit_answer>> answer{};
        bool taken{false};
        news answered{};
    };
    using pending_list = std::deque<std::shared_ptr<pending>>;

    rocksdb_store(std::shared_ptr<detail::rocksdb_engine> engine, pool& threads, loop& owner)
        : engine_{std::move(engine)}, threads_{threads}, owner_{owner} {}

    static result<std::shared_ptr<detail::rocksdb_engine>> open_engine(
        const std::string& path, const rocksdb_options& wanted) {
        return detail::guarded([&]() -> result<std::shared_ptr<detail::rocksdb_engine>> {
            auto engine = std::make_shared<detail::rocksdb_engine>();
            if (auto opened = engine->open(path, wanted); !opened)
                return std::unexpected(opened.error());
            return engine;
        });
    }

    // The job lets go of the database before its answer is seen, so that whoever has all answers
    // can close it; one that hangs keeps it.
    template <class F>
    [[nodiscard]] auto on_pool(F f) -> task<std::invoke_result_t<F&, detail::rocksdb_engine&>> {
        return blocking(threads_, [engine = engine_, f = std::move(f)]() mutable {
            const auto mine = std::move(engine);
            return detail::guarded([&] { return f(*mine); });
        });
    }

    // --- on the owner's loop ---------------------------------------------------------------------
    task<result<commit_answer>> commit_here(commit_request request) {
        if (auto good = check(request); !good) co_return std::unexpected(good.error());
        if (fenced_) co_return fail(errc::io, "rocksdb: a write has failed, the store is fenced");
        if (queue_.size() >= limits::mailbox_items_max)
            co_return fail(errc::unavailable, "rocksdb: too many commits are waiting");
        auto mine = std::make_shared<pending>();
        mine->request = std::move(request);
        queue_.push_back(mine);
        if (!writing_) {
            writing_ = true;
            spawn(env{&owner_}, write_queue(), [](const status&) {});
        }
        while (!mine->answer) {
            auto waiting = mine->answered.next();
            auto woken = co_await waiting;
            if (woken) continue;
            if (mine->taken)
                co_return fail(errc::unknown_outcome, "rocksdb: asked to stop while writing");
            std::erase(queue_, mine);
            co_return std::unexpected(woken.error());
        }
        co_return std::move(*mine->answer);
    }

    // Batch after batch, until nothing waits.
    step write_queue() {
        while (!queue_.empty()) {
            pending_list batch = next_batch();
            std::vector<commit_request> requests;
            for (auto& each : batch) requests.push_back(std::move(each->request));
            auto write = [requests = std::move(requests)](detail::rocksdb_engine& db) mutable {
                return db.commit(std::move(requests));
            };
            auto work = on_pool(std::move(write));
            auto answers = co_await work;
            // A pool that is full has not run it; anything else leaves the log in doubt.
            const bool not_run = !answers && answers.error().code == errc::unavailable;
            if (!answers && !not_run) fenced_ = true;
            for (std::size_t i = 0; i < batch.size(); ++i) {
                if (answers) {
                    batch[i]->answer = std::move((*answers)[i]);
                } else if (not_run) {
                    batch[i]->answer = std::unexpected(answers.error());
                } else {
                    batch[i]->answer = fail(errc::unknown_outcome, "rocksdb: the write failed",
                                            static_cast<std::uint64_t>(answers.error().code));
                }
                batch[i]->answered.announce();
            }
        }
        writing_ = false;
        co_return status{};
    }

    [[nodiscard]] pending_list next_batch() {
        pending_list batch;
        std::size_t bytes = 0;
        while (!queue_.empty() && batch.size() < batch_commits_max && bytes < batch_bytes_max) {
            for (const change& each : queue_.front()->request.changes)
                bytes += each.key.size() + (each.value ? each.value->size() : 0);
            queue_.front()->taken = true;
            batch.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        return batch;
    }

    static constexpr std::size_t batch_commits_max = 1024;
    static constexpr std::size_t batch_bytes_max = 4 * mib;

    std::shared_ptr<detail::rocksdb_engine> engine_;
    pool& threads_;
    loop& owner_;
    pending_list queue_;
    bool writing_{false};
    bool fenced_{false};
};

static_assert(store<rocksdb_store>);

namespace detail {

// Magic, level, `must` bits, `may` bits: what a build must know to touch this database.
inline constexpr std::string_view rocksdb_format{"rsx-meta\1\0\0\0\0\0\0\0\0\0", 18};

inline status rocksdb_engine::open(const std::string& path, const rocksdb_options& wanted) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(wanted.cache_bytes);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    rocksdb::ColumnFamilyOptions rows;
    rows.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rows.write_buffer_size = wanted.write_buffer_bytes;
    rows.compression = rocksdb::kNoCompression;
    rocksdb::DBOptions options;
    if (wanted.env != nullptr) options.env = wanted.env;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.paranoid_checks = true;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.track_and_verify_wals_in_manifest = true;
    options.max_total_wal_size = 4 * wanted.write_buffer_bytes;
    options.max_background_jobs = 2;
    options.max_open_files = 512;
    options.keep_log_file_num = 2;
    options.stats_dump_period_sec = 0;
    options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    const std::vector<rocksdb::ColumnFamilyDescriptor> columns{
        {rocksdb::kDefaultColumnFamilyName, rows}, {"rsx", rocksdb::ColumnFamilyOptions{}}};
    rocksdb::DB* made = nullptr;
    const auto opened = rocksdb::DB::Open(options, path, columns, &families_, &made);
    if (!opened.ok()) {
        if (opened.IsIOError() && opened.ToString().find("lock") != std::string::npos)
            return fail(errc::unavailable, "rocksdb: another process has it open");
        return failed(opened);
    }
    db_.reset(made);
    const auto boot = next_boot();
    if (!boot) return std::unexpected(boot.error());
    boot_ = *boot;
    return {};
}

// Durable before any stamp is made of it.
inline result<std::uint64_t> rocksdb_engine::next_boot() {
    auto* own = families_.at(1);
    std::string format;
    std::string last;
    const auto has_format = db_->Get({}, own, "format", &format);
    const auto has_boot = db_->Get({}, own, "boot", &last);
    if (!has_format.ok() && !has_format.IsNotFound()) return failed(has_format);
    if (!has_boot.ok() && !has_boot.IsNotFound()) return failed(has_boot);
    if (has_format.ok() && format != rocksdb_format)
        return fail(errc::unsupported, "rocksdb: written by a build that knows more");
    if (has_format.ok() != has_boot.ok() || (has_boot.ok() && last.size() != 8))
        return fail(errc::corrupt, "rocksdb: no boot number", last.size());
    const std::uint64_t boot = has_boot.ok() ? load_be<std::uint64_t>(bytes_of(last)) + 1 : 1;
    std::array<std::byte, 8> raw;
    store_be(byte_span{raw}, boot);
    rocksdb::WriteBatch batch;
    batch.Put(own, "format", slice_of(rocksdb_format));
    batch.Put(own, "boot", slice_of(rsx::text_of(raw)));
    rocksdb::WriteOptions durable;
    durable.sync = true;
    const auto written = db_->Write(durable, &batch);
    if (!written.ok()) return failed(written);
    return boot;
}

inline result<std::vector<row>> rocksdb_engine::get(const std::vector<std::string>& keys,
                                                    bool in_memory) const {
    std::vector<rocksdb::Slice> slices;
    for (const std::string& key : keys) slices.push_back(slice_of(key));
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> found(keys.size());
    rocksdb::ReadOptions how;  // all of them at the sequence number the call begins with
    if (in_memory) how.read_tier = rocksdb::kBlockCacheTier;
    db_->MultiGet(how, families_[0], keys.size(), slices.data(), values.data(), found.data());
    std::vector<row> out;
    out.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (found[i].IsNotFound()) {
            out.push_back({.key = keys[i]});
            continue;
        }
        if (found[i].IsIncomplete()) return fail(errc::unavailable, "rocksdb: not in memory");
        if (!found[i].ok()) return failed(found[i]);
        auto one = row_of(keys[i], {values[i].data(), values[i].size()});
        if (!one) return std::unexpected(one.error());
        out.push_back(std::move(*one));
    }
    return out;
}

inline result<row> rocksdb_engine::read(const std::string& key, const overlay& newer) const {
    if (const auto here = newer.find(key); here != newer.end()) {
        if (!here->second.value) return row{.key = key};
        return row{.key = key, .value = *here->second.value, .at = here->second.at};
    }
    rocksdb::PinnableSlice value;
    const auto found = db_->Get({}, families_[0], slice_of(key), &value);
    if (found.IsNotFound()) return row{.key = key};
    if (!found.ok()) return failed(found);
    return row_of(key, {value.data(), value.size()});
}

inline result<std::vector<result<commit_answer>>> rocksdb_engine::commit(
    std::vector<commit_request> requests) {
    std::vector<result<commit_answer>> answers;
    rocksdb::WriteBatch batch;
    overlay newer;
    for (commit_request& request : requests) {
        commit_answer answer;
        std::optional<error> unread;
        for (const compare& each : request.compares) {
            auto now = read(each.key, newer);
            if (!now) {
                unread = now.error();
                break;
            }
            if (now->at != each.at) answer.differ.push_back(std::move(*now));
        }
        if (unread) {
            answers.push_back(std::unexpected(*unread));
            continue;
        }
        if (answer.committed()) {
            answer.at = stamp_of(boot_, ++position_);
            for (change& each : request.changes) {
                if (each.value) {
                    batch.Put(families_[0], slice_of(each.key),
                              slice_of(stored(answer.at, *each.value)));
                } else {
                    batch.Delete(families_[0], slice_of(each.key));
                }
                newer[each.key] = {std::move(each.value), answer.at};
            }
        }
        answers.push_back(std::move(answer));
    }
    if (batch.Count() == 0) return answers;
    rocksdb::WriteOptions durable;
    durable.sync = true;
    const auto written = db_->Write(durable, &batch);
    if (!written.ok()) return failed(written);
    return answers;
}

inline result<page> rocksdb_engine::scan(const std::vector<range>& ranges,
                                         const scan_limits& limits) const {
    page out;
    rocksdb::ManagedSnapshot instant{db_.get()};
    rocksdb::ReadOptions how;
    how.snapshot = instant.snapshot();
    for (const range& each : ranges) {
        bool more = false;
        auto done = scan_one(each, limits, how, out.rows.emplace_back(), more);
        if (!done) return std::unexpected(done.error());
        out.more.push_back(more);
    }
    return out;
}

inline status rocksdb_engine::scan_one(const range& where, const scan_limits& limits,
                                       rocksdb::ReadOptions how, std::vector<row>& rows,
                                       bool& more) const {
    const rocksdb::Slice end = slice_of(where.to);
    if (!where.to.empty()) {
        if (where.to <= where.from) return {};
        how.iterate_upper_bound = &end;
    }
    const std::unique_ptr<rocksdb::Iterator> it{db_->NewIterator(how, families_[0])};
    std::size_t bytes = 0;
    for (it->Seek(slice_of(where.from)); it->Valid(); it->Next()) {
        const std::size_t size = it->key().size() + it->value().size();
        if (!rows.empty() && (rows.size() >= limits.rows || bytes + size > limits.bytes)) {
            more = true;
            break;
        }
        auto one = row_of(it->key().ToString(), {it->value().data(), it->value().size()});
        if (!one) return std::unexpected(one.error());
        bytes += size;
        rows.push_back(std::move(*one));
    }
    if (!it->status().ok()) return failed(it->status());
    return {};
}

}  // namespace detail
}  // namespace rsx::meta
