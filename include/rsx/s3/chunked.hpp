// SPDX-License-Identifier: Apache-2.0

// aws-chunked: a body in chunks that may each be signed, with trailers behind them. Taken apart as
// bytes arrive, and put together for sending.
//
//     s3::chunk_decoder body{verified.payload(), decoded_length, verified.chunks()};
//     while (!in.empty()) {
//         auto step = body.push(in);                     // data is a view into `in`
//         if (!step) return refuse(step.error());
//         store(step->data);
//         in = in.subspan(step->consumed);
//     }
//     …at the end of the body: auto whole = body.finish();
//
//     10000;chunk-signature=ad80…\r\n <65536 bytes> \r\n
//     0;chunk-signature=b6c6…\r\n
//     x-amz-checksum-crc32c:sOO8/Q==\r\n
//     x-amz-trailer-signature:d81f…\r\n
//     \r\n
//
// A chunk's data is handed out before its signature has been seen to be right, so nothing of the
// body may be believed before `finish` has said so. Memory: one chunk header (≤ 256 bytes) and the
// trailers (≤ 4 KiB). Lines of trailers may end in a bare newline, and blank lines may stand
// between them and behind the end: widely used clients write them so. Not to be pushed to after an
// error.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/digest/compare.hpp>
#include <rsx/digest/openssl.hpp>
#include <rsx/s3/chunk_signer.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/head.hpp>
#include <rsx/s3/payload.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rsx::s3 {

inline constexpr std::size_t chunk_head_bytes_max = 256;
inline constexpr std::size_t trailer_bytes_max = 4 * kib;
inline constexpr std::string_view trailer_signature = "x-amz-trailer-signature";

class chunk_decoder {
public:
    struct step {
        std::size_t consumed;  // of what was pushed; at least one byte
        byte_view data;        // decoded, a view into what was pushed; may be empty
    };

    // `decoded_length` is x-amz-decoded-content-length. `chain` matters for signed chunks only.
    chunk_decoder(payload_mode mode, std::uint64_t decoded_length, chunk_signer chain = {})
        : signed_{has_signed_chunks(mode)},
          trailed_{has_trailers(mode)},
          left_in_body_{decoded_length},
          chain_{std::move(chain)} {
        RSX_ASSERT(is_chunked(mode));
    }

    // Takes some bytes from the front of `in`, which must not be empty.
    [[nodiscard]] result<step> push(byte_view in) {
        RSX_ASSERT(!in.empty());
        switch (state_) {
            case state::head: return push_line(in, chunk_head_bytes_max);
            case state::data: return push_data(in);
            case state::data_end: return push_data_end(in);
            case state::trailers: return push_line(in, trailer_bytes_max);
            case state::after: break;
        }
        const auto text = text_of(in);
        blank_ += in.size();
        if (blank_ > blank_bytes_max || text.find_first_not_of("\r\n") != std::string_view::npos)
            return fail(error_code::malformed_trailer);
        return step{in.size(), {}};
    }

    // The body has ended: was it whole, and was all of it signed?
    [[nodiscard]] result<void> finish() const {
        const bool whole = state_ == state::after ||
                           (state_ == state::trailers && trailers_signed_ && line_.empty());
        if (!whole) return fail(error_code::incomplete_body);
        return {};
    }

    [[nodiscard]] const header_list& trailers() const noexcept { return trailers_; }

private:
    enum class state : std::uint8_t { head, data, data_end, trailers, after };
    static constexpr std::size_t blank_bytes_max = 8;  // behind the end

    [[nodiscard]] result<step> push_line(byte_view in, std::size_t max) {
        const auto text = text_of(in);
        const auto newline = text.find('\n');
        const auto taken = newline == std::string_view::npos ? text.size() : newline + 1;
        const auto limit_broken =
            state_ == state::head ? error_code::invalid_chunk_size : error_code::malformed_trailer;
        if (line_.size() + trailer_bytes_ + taken > max) return fail(limit_broken);
        line_ += text.substr(0, taken);
        if (newline == std::string_view::npos) return step{taken, {}};
        const auto line = std::exchange(line_, {});
        auto ok = state_ == state::head ? take_head(line) : take_trailer(line);
        if (!ok) return std::unexpected(std::move(ok.error()));
        return step{taken, {}};
    }

    // "10000;chunk-signature=ad80…\r\n"
    [[nodiscard]] result<void> take_head(std::string_view line) {
        if (!line.ends_with("\r\n")) return fail(error_code::invalid_chunk_size);
        line.remove_suffix(2);
        const auto mark = line.find(';');
        const auto digits = line.substr(0, mark);
        if (digits.empty() || digits.size() > 15) return fail(error_code::invalid_chunk_size);
        left_in_chunk_ = 0;
        for (const char c : digits) {
            const int digit = hex_digit(c);
            if (digit < 0) return fail(error_code::invalid_chunk_size);
            left_in_chunk_ = left_in_chunk_ * 16 + static_cast<std::uint64_t>(digit);
        }
        if (left_in_chunk_ > left_in_body_)
            return fail(error_code::incomplete_body,
                        "The body is longer than x-amz-decoded-content-length says.");
        if (signed_) {
            constexpr std::string_view field = ";chunk-signature=";
            const auto rest =
                mark == std::string_view::npos ? std::string_view{} : line.substr(mark);
            if (!rest.starts_with(field)) return fail(error_code::signature_does_not_match);
            chunk_signature_ = rest.substr(field.size());
        }
        if (left_in_chunk_ > 0) {
            state_ = state::data;
            return {};
        }
        if (left_in_body_ > 0) return fail(error_code::incomplete_body);
        state_ = trailed_ ? state::trailers : state::after;
        return check_chunk();
    }

    [[nodiscard]] result<step> push_data(byte_view in) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left_in_chunk_));
        const auto data = in.first(n);
        if (signed_) sha256_.update(data);
        left_in_chunk_ -= n;
        left_in_body_ -= n;
        if (left_in_chunk_ == 0) {
            if (auto ok = check_chunk(); !ok) return std::unexpected(std::move(ok.error()));
            state_ = state::data_end;
        }
        return step{n, data};
    }

    [[nodiscard]] result<void> check_chunk() {
        if (!signed_) return {};
        const auto& expected = chain_.sign_chunk(hex(sha256_.finish()));
        if (digest::equal_in_constant_time(bytes_of(expected), bytes_of(chunk_signature_)))
            return {};
        return fail(error_code::signature_does_not_match);
    }

    [[nodiscard]] result<step> push_data_end(byte_view in) {
        constexpr std::string_view expected = "\r\n";
        if (text_of(in).front() != expected[line_.size()])
            return fail(error_code::invalid_chunk_size);
        line_ += text_of(in).front();
        if (line_ == expected) {
            line_.clear();
            state_ = state::head;
        }
        return step{1, {}};
    }

    [[nodiscard]] result<void> take_trailer(std::string_view line) {
        trailer_bytes_ += line.size();
        line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
        if (line.empty()) {
            if (!signed_ || trailers_signed_) state_ = state::after;
            return {};
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0 || trailers_signed_)
            return fail(error_code::malformed_trailer);
        auto name = lower(line.substr(0, colon));
        std::string value{trimmed(line.substr(colon + 1))};
        const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
        });
        if (!plain || value.find('\r') != std::string::npos)
            return fail(error_code::malformed_trailer);
        if (name == trailer_signature) return check_trailers(value);
        canonical_trailers_ += name + ':' + value + '\n';
        trailers_.add(std::move(name), std::move(value));
        return {};
    }

    [[nodiscard]] result<void> check_trailers(std::string_view given) {
        if (!signed_) return fail(error_code::malformed_trailer);
        const auto& expected = chain_.sign_trailers(canonical_trailers_);
        if (!digest::equal_in_constant_time(bytes_of(expected), bytes_of(given)))
            return fail(error_code::signature_does_not_match);
        trailers_signed_ = true;
        return {};
    }

    bool signed_;
    bool trailed_;
    bool trailers_signed_{false};
    state state_{state::head};
    std::uint64_t left_in_body_;
    std::uint64_t left_in_chunk_{0};
    std::size_t trailer_bytes_{0};
    std::size_t blank_{0};
    std::string line_{};  // the part of a line seen so far
    std::string chunk_signature_{};
    std::string canonical_trailers_{};
    header_list trailers_{};
    chunk_signer chain_;
    digest::sha256 sha256_{};
};

// Makes what stands between the pieces of data: head(a) a "\r\n" head(b) b "\r\n" … end().
class chunk_encoder {
public:
    static constexpr std::string_view data_end = "\r\n";

    explicit chunk_encoder(payload_mode mode, chunk_signer chain = {})
        : mode_{mode}, chain_{std::move(chain)} {
        RSX_ASSERT(is_chunked(mode));
    }

    // What goes before this data, which must not be empty; `data_end` goes behind it.
    [[nodiscard]] std::string head(byte_view data) {
        RSX_ASSERT(!data.empty());
        return line_for(data);
    }

    [[nodiscard]] std::string end(const header_list& trailers = {}) {
        std::string out = line_for({});
        std::string canonical;
        for (const auto& field : trailers)
            canonical += lower(field.name) + ':' + std::string{trimmed(field.value)} + '\n';
        for (const auto& field : trailers)
            out += lower(field.name) + ':' + std::string{trimmed(field.value)} + "\r\n";
        if (mode_ == payload_mode::streaming_signed_trailer) {
            out += trailer_signature;
            out += ':' + chain_.sign_trailers(canonical) + "\r\n";
        }
        return out + "\r\n";
    }

    // Content-Length of a body of `bytes` in chunks of `chunk_bytes` (the last one shorter), whose
    // trailers take `trailer_bytes`: name, colon, value and "\r\n" of each.
    [[nodiscard]] static std::uint64_t encoded_bytes(payload_mode mode, std::uint64_t bytes,
                                                     std::uint64_t chunk_bytes,
                                                     std::uint64_t trailer_bytes = 0) {
        RSX_ASSERT(chunk_bytes > 0);
        const auto around = [&](std::uint64_t n) {
            std::uint64_t digits = 1;
            for (auto rest = n >> 4; rest > 0; rest >>= 4) ++digits;
            return digits + (has_signed_chunks(mode) ? 17 + 64 : 0) + 2;
        };
        std::uint64_t total = bytes / chunk_bytes * (around(chunk_bytes) + chunk_bytes + 2);
        if (const auto last = bytes % chunk_bytes; last > 0) total += around(last) + last + 2;
        total += around(0) + trailer_bytes + 2;
        if (mode == payload_mode::streaming_signed_trailer)
            total += trailer_signature.size() + 1 + 64 + 2;
        return total;
    }

private:
    [[nodiscard]] std::string line_for(byte_view data) {
        std::string digits;
        auto n = data.size();
        do {
            digits.insert(digits.begin(), "0123456789abcdef"[n & 15]);
            n >>= 4;
        } while (n > 0);
        if (has_signed_chunks(mode_))
            digits += ";chunk-signature=" + chain_.sign_chunk(sha256_hex(data));
        return digits + "\r\n";
    }

    payload_mode mode_;
    chunk_signer chain_;
};

// Content-Encoding as it is kept: aws-chunked is of the transfer, not of the object.
[[nodiscard]] inline std::string without_aws_chunked(std::string_view content_encoding) {
    std::string kept;
    for (const auto part : split(content_encoding, ',')) {
        const auto name = trimmed(part);
        if (name.empty() || same_ignoring_case(name, "aws-chunked")) continue;
        if (!kept.empty()) kept += ", ";
        kept += name;
    }
    return kept;
}

}  // namespace rsx::s3
