// SPDX-License-Identifier: Apache-2.0

// The body of an upload: from the socket through aws-chunked into the engine, judged as it passes.
//
//     gateway::upload_body body{call.with(), call.verified(), *promised};
//     gateway::upload_judge judge{*promised, body};
//     auto stored = co_await engine.put(bucket, key, how, body, judge);
//     if (!stored) co_return std::unexpected(gateway::upload_refusal(stored.error(), body, judge));
//
// The engine sees rsx errors; what S3 calls them, with all its particulars, is kept here in
// `refused`. The judge runs where the engine runs it, perhaps on a thread of the pool; the trailers
// it needs at its end were read before it is asked.
#pragma once

#include <rsx/core/buffer.hpp>
#include <rsx/gateway/errors.hpp>
#include <rsx/net/http.hpp>
#include <rsx/object/types.hpp>
#include <rsx/s3/body.hpp>
#include <rsx/s3/chunked.hpp>

#include <optional>
#include <utility>

namespace rsx::gateway {

// --- checksums, between the two vocabularies ---------------------------------------------------

[[nodiscard]] constexpr object::checksum_kind engine_kind(s3::checksum_kind kind) noexcept {
    switch (kind) {
        case s3::checksum_kind::crc32: return object::checksum_kind::crc32;
        case s3::checksum_kind::crc32c: return object::checksum_kind::crc32c;
        case s3::checksum_kind::crc64nvme: return object::checksum_kind::crc64nvme;
        case s3::checksum_kind::sha1: return object::checksum_kind::sha1;
        case s3::checksum_kind::sha256: return object::checksum_kind::sha256;
    }
    return object::checksum_kind::crc32;
}

[[nodiscard]] constexpr s3::checksum_kind s3_kind(object::checksum_kind kind) noexcept {
    for (const auto& facts : s3::checksum_table)
        if (engine_kind(facts.kind) == kind) return facts.kind;
    return s3::checksum_kind::crc32;
}

[[nodiscard]] constexpr object::checksum_type engine_type(s3::checksum_type type) noexcept {
    return type == s3::checksum_type::composite ? object::checksum_type::composite
                                                : object::checksum_type::full_object;
}

[[nodiscard]] constexpr s3::checksum_type s3_type(object::checksum_type type) noexcept {
    return type == object::checksum_type::composite ? s3::checksum_type::composite
                                                    : s3::checksum_type::full_object;
}

[[nodiscard]] inline object::checksum engine_checksum(const s3::checksum& sum) {
    return {engine_kind(sum.kind), engine_type(sum.type()), std::string{text_of(sum.bytes())}};
}

// `parts` stand behind a composite checksum.
[[nodiscard]] inline s3::checksum s3_checksum(const object::checksum& sum, unsigned parts) {
    s3::checksum out{s3_kind(sum.kind), {}, 0};
    const auto raw = bytes_of(sum.value);
    std::ranges::copy(raw.first(std::min(raw.size(), out.raw.size())), out.raw.begin());
    if (sum.type == object::checksum_type::composite) out.parts = parts;
    return out;
}

// --- bodies ------------------------------------------------------------------------------------

class upload_body final : public object::source {
public:
    upload_body(net::http::exchange& with, const s3::verified_request& verified,
                const s3::body_promise& promise)
        : with_{with} {
        if (s3::is_chunked(verified.payload()))
            chunks_.emplace(verified.payload(), promise.size.value_or(0), verified.chunks());
        left_ = promise.size.value_or(0);
    }

    task<result<std::size_t>> read(byte_span out) override {
        if (!chunks_) {
            auto got = co_await with_.read(out);
            if (!got) co_return std::unexpected(broken_body(got.error()));
            co_return *got;
        }
        std::size_t filled = 0;
        // With the last byte of data the trailers are read too: the judge needs them.
        while ((filled < out.size() || left_ == 0) && !ended_) {
            if (raw_.empty()) {
                auto more = co_await fetch();
                if (!more) co_return std::unexpected(more.error());
                continue;
            }
            const std::size_t room = left_ == 0 ? raw_.size() : out.size() - filled;
            auto step = chunks_->push(raw_.first(std::min(raw_.size(), room)));
            if (!step) co_return std::unexpected(refuse(std::move(step.error())));
            if (!step->data.empty()) {
                std::memcpy(out.data() + filled, step->data.data(), step->data.size());
                filled += step->data.size();
                left_ -= step->data.size();
            }
            raw_ = raw_.subspan(step->consumed);
        }
        co_return filled;
    }

    [[nodiscard]] const s3::header_list& trailers() const noexcept {
        static const s3::header_list none;
        return chunks_ ? chunks_->trailers() : none;
    }
    [[nodiscard]] const std::optional<s3::error>& refused() const noexcept { return refused_; }

private:
    static constexpr std::size_t raw_bytes = 128 * kib;

    step fetch() {
        if (room_.empty()) room_ = buffer::uninitialized(raw_bytes);
        auto got = co_await with_.read(room_.span());
        if (!got) co_return std::unexpected(broken_body(got.error()));
        raw_ = room_.view().first(*got);
        if (*got > 0) co_return status{};
        ended_ = true;
        auto whole = chunks_->finish();
        if (!whole) co_return std::unexpected(refuse(std::move(whole.error())));
        co_return status{};
    }

    rsx::error refuse(s3::error why) {
        refused_ = std::move(why);
        return object::incomplete_body;
    }
    rsx::error broken_body(const rsx::error& e) {
        if (e.code == errc::timed_out) return refuse({s3::error_code::request_timeout});
        if (e.code == errc::corrupt || e.code == errc::io)
            return refuse({s3::error_code::incomplete_body});
        return e;
    }

    net::http::exchange& with_;
    std::optional<s3::chunk_decoder> chunks_{};
    buffer room_{};
    byte_view raw_{};
    std::uint64_t left_{0};  // of the decoded body
    bool ended_{false};
    std::optional<s3::error> refused_{};
};

class upload_judge final : public object::digester {
public:
    // `otherwise`: the checksum to make if the client sends none.
    upload_judge(s3::body_promise promise, const upload_body& body,
                 std::optional<s3::checksum_kind> otherwise = s3::checksum_kind::crc64nvme)
        : check_{std::move(promise), s3::md5_wanted::yes, otherwise}, body_{body} {}

    void update(byte_view bytes) override { check_.update(bytes); }

    result<object::digests> finish() override {
        auto facts = check_.finish(body_.trailers());
        if (!facts) {
            refused_ = std::move(facts.error());
            return std::unexpected(object::bad_digest);
        }
        object::digests out{facts->tag.md5, {}};
        if (facts->sum) out.checksums.push_back(engine_checksum(*facts->sum));
        return out;
    }
    [[nodiscard]] const std::optional<s3::error>& refused() const noexcept { return refused_; }

private:
    s3::body_check check_;
    const upload_body& body_;
    std::optional<s3::error> refused_{};
};

// The closest reading of why an upload failed.
[[nodiscard]] inline s3::error upload_refusal(const rsx::error& e, const upload_body& body,
                                              const upload_judge& judge) {
    if (body.refused()) return *body.refused();
    if (judge.refused()) return *judge.refused();
    return refusal_of(e);
}

// Computes what a copy's new object needs: MD5 and one checksum.
class copy_judge final : public object::digester {
public:
    explicit copy_judge(std::optional<s3::checksum_kind> kind)
        : check_{s3::body_promise{}, s3::md5_wanted::yes,
                 kind.value_or(s3::checksum_kind::crc64nvme)} {}
    void update(byte_view bytes) override { check_.update(bytes); }
    result<object::digests> finish() override {
        auto facts = check_.finish();
        if (!facts) return std::unexpected(object::bad_digest);
        object::digests out{facts->tag.md5, {}};
        if (facts->sum) out.checksums.push_back(engine_checksum(*facts->sum));
        return out;
    }

private:
    s3::body_check check_;
};

// Of what a checksum in the head is: of this body, or (CompleteMultipartUpload) of the object.
enum class head_checksum : bool { of_body, of_object };

// A small body, whole: XML. MalformedXML beyond `bytes_max`.
[[nodiscard]] inline task<s3::result<std::string>> read_whole(
    net::http::exchange& with, const s3::verified_request& verified, std::size_t bytes_max,
    head_checksum stated = head_checksum::of_body) {
    auto promise = s3::body_promise_of(verified);
    if (!promise) co_return std::unexpected(std::move(promise.error()));
    if (stated == head_checksum::of_object && !promise->in_trailer) {
        promise->kind.reset();
        promise->sum.reset();
    }
    if (promise->size && *promise->size > bytes_max)
        co_return s3::fail(s3::error_code::max_message_length_exceeded);
    upload_body body{with, verified, *promise};
    s3::body_check check{*promise, s3::md5_wanted::no, std::nullopt};
    std::string text;
    buffer room = buffer::uninitialized(16 * kib);
    for (;;) {
        auto got = co_await body.read(room.span());
        if (!got) {
            if (body.refused()) co_return std::unexpected(*body.refused());
            co_return std::unexpected(refusal_of(got.error()));
        }
        if (*got == 0) break;
        const auto bytes = room.view().first(*got);
        check.update(bytes);
        text += text_of(bytes);
        if (text.size() > bytes_max)
            co_return s3::fail(s3::error_code::max_message_length_exceeded);
    }
    auto whole = check.finish(body.trailers());
    if (!whole) co_return std::unexpected(std::move(whole.error()));
    co_return text;
}

}  // namespace rsx::gateway
