// SPDX-License-Identifier: Apache-2.0

// The head of an HTTP request or response as a plain value: what the server fills and signs over.
//
//     s3::request_head head{"GET", "/photos/cat.jpg?versionId=7", {}};
//     head.headers.add("Host", "s3.example.com");
//     if (auto range = head.headers.get("range")) …
//
// Names keep their spelling and order, since proxies and signatures see them; look-ups ignore ASCII
// case. Values come without leading and trailing blanks. No socket and no library shows through.
#pragma once

#include <rsx/s3/text.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

struct header {
    std::string name;
    std::string value;
    friend bool operator==(const header&, const header&) = default;
};

class header_list {
public:
    header_list() = default;
    header_list(std::initializer_list<header> fields) : fields_{fields} {}

    void add(std::string name, std::string value) {
        fields_.push_back({std::move(name), std::move(value)});
    }

    // Exactly one field of that name remains.
    void set(std::string name, std::string value) {
        remove(name);
        add(std::move(name), std::move(value));
    }

    void remove(std::string_view name) {
        std::erase_if(fields_, [&](const header& f) { return same_ignoring_case(f.name, name); });
    }

    // The first of that name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
        for (const auto& field : fields_)
            if (same_ignoring_case(field.name, name)) return field.value;
        return std::nullopt;
    }

    [[nodiscard]] std::string_view get_or(std::string_view name,
                                          std::string_view otherwise) const noexcept {
        return get(name).value_or(otherwise);
    }

    [[nodiscard]] bool has(std::string_view name) const noexcept { return get(name).has_value(); }

    [[nodiscard]] std::size_t count(std::string_view name) const noexcept {
        std::size_t n = 0;
        for (const auto& field : fields_) n += same_ignoring_case(field.name, name) ? 1u : 0u;
        return n;
    }

    [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
    [[nodiscard]] auto end() const noexcept { return fields_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
    [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }

private:
    std::vector<header> fields_;
};

struct request_head {
    std::string method;
    std::string target;  // as it stood on the request line: nothing decoded, nothing normalised
    header_list headers;
};

struct response_head {
    unsigned status{200};
    header_list headers;
};

}  // namespace rsx::s3
