// SPDX-License-Identifier: Apache-2.0

// A buffer owns bytes that start on a page boundary, as direct disk I/O and wide SIMD like them.
//
//     rsx::buffer stripe{6 * 64 * rsx::kib};        // zeroed
//     rsx::byte_span cell = stripe.span().subspan(0, 64 * rsx::kib);
//
// Moves, never copies by accident (`clone` says so). One allocation each; one owner; no sharing.
#pragma once

#include <rsx/core/bytes.hpp>

#include <cstdlib>
#include <new>
#include <utility>

namespace rsx {

class buffer {
public:
    static constexpr std::size_t alignment = 4096;

    buffer() noexcept = default;
    explicit buffer(std::size_t size) : buffer{uninitialized(size)} {
        if (size != 0) std::memset(data_, 0, size);
    }
    buffer(buffer&& other) noexcept
        : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
    buffer& operator=(buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~buffer() { std::free(data_); }

    // For bytes that are about to be overwritten wholly.
    [[nodiscard]] static buffer uninitialized(std::size_t size) {
        buffer made;
        if (size == 0) return made;
        const std::size_t whole = (size + alignment - 1) / alignment * alignment;
        made.data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, whole));
        if (made.data_ == nullptr) throw std::bad_alloc{};
        made.size_ = size;
        return made;
    }

    [[nodiscard]] static buffer copy_of(byte_view bytes) {
        buffer made = uninitialized(bytes.size());
        if (!bytes.empty()) std::memcpy(made.data_, bytes.data(), bytes.size());
        return made;
    }

    [[nodiscard]] buffer clone() const { return copy_of(view()); }

    [[nodiscard]] std::byte* data() noexcept { return data_; }
    [[nodiscard]] const std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] byte_span span() noexcept { return {data_, size_}; }
    [[nodiscard]] byte_view view() const noexcept { return {data_, size_}; }

    // Forget the tail; the memory stays.
    void shrink(std::size_t size) noexcept {
        RSX_ASSERT(size <= size_);
        size_ = size;
    }

private:
    std::byte* data_{nullptr};
    std::size_t size_{0};
};

}  // namespace rsx
