// SPDX-License-Identifier: Apache-2.0

// The framing of chunked bodies (RFC 9112 §7.1), apart from their data.
//
//     auto used = chunks.advance(received);       // framing only: size lines, CRLFs, trailers
//     received.remove_prefix(*used);
//     chunks.data_left();                         // so many data bytes follow: read them yourself
//     chunks.took(n);
//     chunks.ended();
//
// Data never passes through here, so it can go from the socket straight to where it belongs. As
// strict as the heads: CRLF only, sizes of at most 15 digits, size lines and trailers bounded.
// Trailers are read and dropped.
#pragma once

#include <rsx/core/bytes.hpp>
#include <rsx/core/error.hpp>

namespace rsx::net::http {

class chunk_reader {
public:
    static constexpr std::size_t line_bytes_max = 256;
    static constexpr std::size_t trailer_bytes_max = 4096;

    [[nodiscard]] std::uint64_t data_left() const noexcept { return at_ == at::data ? left_ : 0; }
    [[nodiscard]] bool ended() const noexcept { return at_ == at::end; }

    // Consumes framing from the front of `in`, up to data, the end, or the end of `in`.
    [[nodiscard]] result<std::size_t> advance(std::string_view in) {
        std::size_t used = 0;
        while (used < in.size() && at_ != at::data && at_ != at::end) {
            if (!step(in[used++])) return fail(errc::corrupt, "bad framing of a chunked body");
        }
        return used;
    }

    void took(std::uint64_t data) noexcept {
        RSX_ASSERT(data <= left_);
        left_ -= data;
        if (left_ == 0) at_ = at::data_cr;
    }

private:
    enum class at { size, extension, size_lf, data, data_cr, data_lf, trailer, trailer_lf, end };

    static int digit_of(char c) noexcept {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    }
    static bool is_text(char c) noexcept {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= ' ' || c == '\t') && byte != 0x7f;
    }

    bool step(char c) noexcept {
        switch (at_) {
            case at::size: return size_byte(c);
            case at::extension:
                if (c == '\r') at_ = at::size_lf;
                return (c == '\r' || is_text(c)) && ++line_ <= line_bytes_max;
            case at::size_lf:
                at_ = left_ != 0 ? at::data : at::trailer;
                line_ = 0;
                return c == '\n';
            case at::data_cr: at_ = at::data_lf; return c == '\r';
            case at::data_lf:
                at_ = at::size;
                digits_ = 0;
                line_ = 0;
                return c == '\n';
            case at::trailer: return trailer_byte(c);
            case at::trailer_lf:
                at_ = line_ == 0 ? at::end : at::trailer;
                line_ = 0;
                return c == '\n';
            case at::data:
            case at::end: break;
        }
        return false;
    }

    bool size_byte(char c) noexcept {
        const int digit = digit_of(c);
        if (digit >= 0) {
            left_ = left_ << 4 | static_cast<unsigned>(digit);
            return ++digits_ <= 15;
        }
        if (digits_ == 0) return false;
        if (c == '\r') at_ = at::size_lf;
        if (c == ';') at_ = at::extension;
        return c == '\r' || c == ';';
    }

    bool trailer_byte(char c) noexcept {
        if (c == '\r') {
            at_ = at::trailer_lf;
            return true;
        }
        ++line_;
        return is_text(c) && ++trailers_ <= trailer_bytes_max;
    }

    at at_{at::size};
    std::uint64_t left_{0};
    std::size_t digits_{0};
    std::size_t line_{0};
    std::size_t trailers_{0};
};

}  // namespace rsx::net::http
