// SPDX-License-Identifier: Apache-2.0

// Reading XML that strangers send: bounded in size, depth and number of elements, and without the
// parts of XML that bite.
//
//     auto document = s3::xml_document::parse(body);
//     if (!document) return answer(document.error());              // MalformedXML
//     for (const auto& object : document->root().children()) object.child_text("Key");
//
// Before pugixml sees a byte, one pass over the text refuses DOCTYPE, entities other than the five
// of XML, character references to nothing, NUL, text that is no UTF-8, depth above 16 and more
// elements than the largest request of S3 has. What is left costs at most some fifty bytes of
// memory a byte of input. pugixml is included here and nowhere else. A document owns its nodes;
// elements are views into it.
#pragma once

#include <rsx/core/limits.hpp>
#include <rsx/s3/error.hpp>
#include <rsx/s3/text.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

inline constexpr std::size_t xml_elements_max = 120'000;  // CompleteMultipartUpload: 10,000 × ≤ 8

class xml_element {
public:
    explicit xml_element(pugi::xml_node node) : node_{node} {}

    [[nodiscard]] std::string_view name() const { return node_.name(); }

    [[nodiscard]] std::vector<xml_element> children() const {
        std::vector<xml_element> out;
        for (auto child = node_.first_child(); child; child = child.next_sibling())
            if (child.type() == pugi::node_element) out.emplace_back(child);
        return out;
    }

    // All of its text, if it has no element inside.
    [[nodiscard]] std::optional<std::string> text() const {
        std::string out;
        for (auto child = node_.first_child(); child; child = child.next_sibling()) {
            if (child.type() == pugi::node_element) return std::nullopt;
            out += child.value();
        }
        return out;
    }

    [[nodiscard]] std::optional<xml_element> child(std::string_view wanted) const {
        for (auto one = node_.first_child(); one; one = one.next_sibling())
            if (one.type() == pugi::node_element && wanted == one.name()) return xml_element{one};
        return std::nullopt;
    }

    // The text of the first child of that name; empty if there is none.
    [[nodiscard]] std::string child_text(std::string_view wanted) const {
        const auto found = child(wanted);
        return found ? found->text().value_or(std::string{}) : std::string{};
    }

private:
    pugi::xml_node node_;
};

namespace detail {

// A reference starting at text[at] == '&': where it ends, or nothing if XML has no such thing.
inline std::optional<std::size_t> end_of_reference(std::string_view text, std::size_t at) noexcept {
    const auto semicolon = text.substr(at, 12).find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    const auto name = text.substr(at + 1, semicolon - 1);
    for (const std::string_view known : {"amp", "lt", "gt", "quot", "apos"})
        if (name == known) return at + semicolon;
    if (!name.starts_with('#')) return std::nullopt;
    const bool hexadecimal = name.starts_with("#x");
    const auto digits = name.substr(hexadecimal ? 2 : 1);
    std::uint32_t value = 0;
    for (const char c : digits) {
        const int digit = hex_digit(c);
        if (digit < 0 || (!hexadecimal && !is_digit(c))) return std::nullopt;
        value = value * (hexadecimal ? 16 : 10) + static_cast<std::uint32_t>(digit);
        if (value > 0x10ffff) return std::nullopt;
    }
    if (digits.empty() || value == 0 || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
    return at + semicolon;
}

// The last byte of the tag that starts at text[at] == '<'; attributes may hold what text may.
inline std::optional<std::size_t> end_of_tag(std::string_view text, std::size_t at) noexcept {
    char quote = 0;
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (quote != 0) {
            if (text[i] == '<') return std::nullopt;
            if (text[i] == '&' && !end_of_reference(text, i)) return std::nullopt;
            if (text[i] == quote) quote = 0;
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        } else if (text[i] == '>') {
            return i;
        } else if (text[i] == '<' || text[i] == '&') {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

// The one pass before the parser: true if the text is small, shallow and plain enough.
inline bool is_tame_xml(std::string_view text) {
    if (text.size() > limits::xml_bytes_max || !is_utf8(text)) return false;
    if (text.find('\0') != std::string_view::npos) return false;
    std::size_t depth = 0;
    std::size_t elements = 0;
    const auto jump = [&](std::size_t& i, std::string_view closing) {
        const auto found = text.find(closing, i);
        if (found == std::string_view::npos) return false;
        i = found + closing.size() - 1;
        return true;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '&') {
            const auto last = end_of_reference(text, i);
            if (!last) return false;
            i = *last;
        }
        if (text[i] != '<') continue;
        const char next = i + 1 < text.size() ? text[i + 1] : '\0';
        if (next == '/') {
            if (depth-- == 0 || !jump(i, ">")) return false;
        } else if (next == '?') {
            if (!jump(i, "?>")) return false;
        } else if (next == '!') {  // a comment, CDATA inside the root; no DOCTYPE and its kin
            const auto rest = text.substr(i);
            if (rest.starts_with("<!--")) {
                if (!jump(i += 4, "-->")) return false;
            } else if (!rest.starts_with("<![CDATA[") || depth == 0 || !jump(i, "]]>")) {
                return false;
            }
        } else {
            const auto last = end_of_tag(text, i);
            if (!last || ++elements > xml_elements_max) return false;
            if (text[*last - 1] != '/' && ++depth > limits::xml_depth_max) return false;
            i = *last;
        }
    }
    return depth == 0 && elements > 0;
}

}  // namespace detail

class xml_document {
public:
    [[nodiscard]] static result<xml_document> parse(std::string_view text) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
        if (!detail::is_tame_xml(text)) return fail(error_code::malformed_xml);
        constexpr unsigned options = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol |
                                     pugi::parse_wconv_attribute | pugi::parse_ws_pcdata_single;
        xml_document made;
        const auto outcome =
            made.nodes_->load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
        if (!outcome) return fail(error_code::malformed_xml);
        std::size_t roots = 0;
        for (auto child = made.nodes_->first_child(); child; child = child.next_sibling())
            roots += child.type() == pugi::node_element ? 1u : 0u;
        if (roots != 1) return fail(error_code::malformed_xml);
        return made;
    }

    [[nodiscard]] xml_element root() const { return xml_element{nodes_->document_element()}; }

private:
    xml_document() : nodes_{std::make_unique<pugi::xml_document>()} {}
    std::unique_ptr<pugi::xml_document> nodes_;
};

}  // namespace rsx::s3
