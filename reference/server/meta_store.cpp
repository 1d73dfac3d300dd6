// SPDX-License-Identifier: Apache-2.0
#include "meta_store.hpp"

#include <rsx/core/thread_loop.hpp>
#include <rsx/meta/rocksdb.hpp>

#include <future>
#include <thread>

namespace rsxd {
namespace {

constexpr unsigned store_threads = 4;  // one writes, the others read what is not in memory

// A loop and the thread that runs it until this is destroyed.
class owner_loop {
public:
    owner_loop() : thread_{[this] { (void)loop_.run(until_told()); }} {}
    owner_loop(const owner_loop&) = delete;
    owner_loop& operator=(const owner_loop&) = delete;
    ~owner_loop() {
        loop_.post([this] {
            ended_ = true;
            told_.announce();
        });
        thread_.join();
    }
    [[nodiscard]] rsx::thread_loop& loop() noexcept { return loop_; }

private:
    rsx::step until_told() {
        while (!ended_) {
            auto waiting = told_.next();
            (void)co_await waiting;
        }
        co_return rsx::status{};
    }

    rsx::thread_loop loop_;
    rsx::news told_;
    bool ended_{false};  // touched on the loop only
    std::thread thread_;
};

class opened_rocksdb final : public opened_meta {
public:
    std::expected<void, rsx::error> open(const std::filesystem::path& path) {
        rsx::thread_loop here;
        auto opening = rsx::meta::rocksdb_store::open(path.string(), threads_, owner_.loop());
        auto made = here.run(std::move(opening));
        if (!made) return std::unexpected(made.error());
        store_.emplace(std::move(*made));
        return {};
    }
    // A commit that was given up may still be on its way: an empty one ends after it.
    ~opened_rocksdb() override {
        if (!store_) return;
        std::promise<void> idle;
        owner_.loop().post([&] {
            rsx::spawn(rsx::env{&owner_.loop()}, store_->commit({}),
                       [&](const auto&) { idle.set_value(); });
        });
        idle.get_future().wait();
    }
    rsx::meta::any_store& store() override { return *store_; }

private:
    rsx::thread_pool threads_{store_threads};
    owner_loop owner_;
    std::optional<rsx::meta::any_store> store_;
};

}  // namespace

std::expected<std::unique_ptr<opened_meta>, std::string> open_meta(const config& settings) {
    const std::string path = settings.meta_path.string();
    if (settings.meta_store != "rocksdb") {
        return std::unexpected("[meta] store \"" + settings.meta_store + "\" is not in this build");
    }
    std::error_code wrong;
    std::filesystem::create_directories(settings.meta_path, wrong);
    if (wrong) return std::unexpected("cannot make " + path + ": " + wrong.message());
    auto made = std::make_unique<opened_rocksdb>();
    if (auto ok = made->open(settings.meta_path); !ok) {
        if (ok.error().code == rsx::errc::unavailable) {
            return std::unexpected("another rsxd is running on " + path + ": stop it first");
        }
        return std::unexpected("cannot open the metadata in " + path + ": " +
                               to_string(ok.error()));
    }
    return made;
}

}  // namespace rsxd
