// SPDX-License-Identifier: Apache-2.0

// Many threads want directories synced; one at a time does it for all who wait.
//
//     disk::group_sync names{files};
//     files.rename("ab/x.new", "ab/x");
//     auto durable = names.sync("ab");            // by a sync that began after this call
//
// Who finds nobody syncing leads: it takes all directories asked for so far, syncs each once, and
// wakes those who asked. Whoever comes meanwhile waits for the next round, because the sync under
// way may have begun before their change. (Leader and followers, as in LevelDB's write queue.) A
// round that fails fails for all of it. Blocks its caller; any thread.
#pragma once

#include <rsx/disk/concept.hpp>

#include <condition_variable>
#include <mutex>
#include <set>

namespace rsx::disk {

class group_sync {
public:
    explicit group_sync(files& where) : files_{where} {}

    [[nodiscard]] result<void> sync(std::string_view directory) {
        std::unique_lock guard{mutex_};
        const std::shared_ptr<round> mine = next_;
        mine->directories.emplace(directory);
        while (!mine->over) {
            if (leading_) {
                wake_.wait(guard);
                continue;
            }
            leading_ = true;
            next_ = std::make_shared<round>();
            guard.unlock();
            auto outcome = sync_all(*mine);
            guard.lock();
            mine->outcome = outcome;
            mine->over = true;
            leading_ = false;
            wake_.notify_all();
        }
        return mine->outcome;
    }

private:
    struct round {
        std::set<std::string, std::less<>> directories{};
        result<void> outcome{};
        bool over{false};
    };

    result<void> sync_all(const round& what) {
        for (const auto& each : what.directories) {
            if (auto synced = files_.sync_directory(each); !synced) return synced;
        }
        return {};
    }

    files& files_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<round> next_{std::make_shared<round>()};
    bool leading_{false};
};

}  // namespace rsx::disk
