// SPDX-License-Identifier: Apache-2.0

// Copies by data: a reader of one object is the body of another's PUT.
//
//     auto copied = co_await object::copy(s, {"photos", "cat.jpg"}, "archive", "cat.jpg", how,
//     sums);
//
// The source is read through its checksums and written through new ones, so a copy never carries a
// fault along, and code and place are the target's own. Conditions on the source are judged on the
// very version that is read.
#pragma once

#include <rsx/object/get.hpp>
#include <rsx/object/put.hpp>

namespace rsx::object {

// A reader as a body.
class reader_source final : public source {
public:
    explicit reader_source(reader& from) : from_{from} {}

    task<result<std::size_t>> read(byte_span out) override {
        if (left_.empty()) {
            auto next = from_.next();
            auto piece = co_await next;
            if (!piece) co_return std::unexpected(piece.error());
            left_ = std::move(*piece);
        }
        const std::size_t n = std::min(out.size(), left_.size());
        if (n > 0) std::memcpy(out.data(), left_.view().data(), n);
        left_ = left_.part(n, left_.size() - n);
        co_return n;
    }

private:
    reader& from_;
    slice left_{};
};

// Opens the source of a copy and judges its conditions.
[[nodiscard]] inline task<result<std::unique_ptr<reader>>> open_source(state& s, copy_source from) {
    get_options which;
    which.version = std::move(from.version);
    auto getting = get(s, std::move(from.bucket), std::move(from.key), std::move(which));
    auto opened = co_await getting;
    if (!opened) co_return std::unexpected(opened.error());
    const auto& about = (*opened)->info();
    if (!judge_read(from.condition, about.etag, about.last_modified_ms))
        co_return std::unexpected(precondition_failed);
    co_return std::move(*opened);
}

[[nodiscard]] inline task<result<info>> copy(state& s, copy_source from, std::string bucket,
                                             std::string key, copy_options how, digester& sums) {
    auto opening = open_source(s, std::move(from));
    auto opened = co_await opening;
    if (!opened) co_return std::unexpected(opened.error());
    reader& source = **opened;
    if (source.info().size > limits::put_bytes_max) co_return std::unexpected(entity_too_large);
    put_options put_how;
    put_how.headers = how.replace ? std::move(*how.replace) : source.info().headers;
    put_how.owner = std::move(how.owner);
    put_how.storage_class = std::move(how.storage_class);
    put_how.code = how.code;
    put_how.condition = std::move(how.condition);
    put_how.length = source.info().size;
    reader_source body{source};
    auto putting = put(s, std::move(bucket), std::move(key), std::move(put_how), body, sums);
    co_return co_await putting;
}

}  // namespace rsx::object
