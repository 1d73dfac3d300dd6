// SPDX-License-Identifier: Apache-2.0

// A writer of XML that cannot forget to escape or to close.
//
//     s3::xml_writer xml;
//     xml.open("ListBucketResult", s3::xml_namespace);
//     xml.leaf("Name", bucket).leaf("MaxKeys", 1000);
//     xml.close();
//     std::string body = xml.take();      // with the declaration in front
//
// Text may hold any bytes of valid UTF-8. Control characters become references (&#x1;): XML 1.0 has
// no place for most of them, but S3 writes them so and its clients read them; who asks for
// encoding-type=url never sees one. Names are literals of ours and are not escaped.
#pragma once

#include <rsx/core/assert.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rsx::s3 {

inline constexpr std::string_view xml_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

// Appends `text` as it may stand between tags and in attributes.
inline void append_xml_escaped(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::size_t plain = 0;  // where the run of characters that stand for themselves began
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool special = byte < 0x20 || byte == 0x7f || byte == '&' || byte == '<' ||
                             byte == '>' || byte == '"' || byte == '\'';
        if (!special) continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (byte) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&apos;"; break;
            default:
                out += "&#x";
                if (byte >= 16) out += digits[byte >> 4];
                out += digits[byte & 15];
                out += ';';
        }
    }
    out.append(text, plain);
}

class xml_writer {
public:
    xml_writer() : text_{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"} {}

    xml_writer& open(std::string_view name, std::string_view of_namespace = {}) {
        text_ += '<';
        text_ += name;
        if (!of_namespace.empty()) attribute("xmlns", of_namespace);
        text_ += '>';
        open_.push_back(name);
        return *this;
    }

    // <Grantee xmlns:xsi="…" xsi:type="CanonicalUser">
    xml_writer& open_typed(std::string_view name, std::string_view type) {
        text_.append("<").append(name);
        text_ += " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"";
        text_.append(type).append("\">");
        open_.push_back(name);
        return *this;
    }

    xml_writer& close() {
        RSX_ASSERT(!open_.empty());
        text_ += "</";
        text_ += open_.back();
        text_ += '>';
        open_.pop_back();
        return *this;
    }

    xml_writer& leaf(std::string_view name, std::string_view value) {
        text_ += '<';
        text_ += name;
        if (value.empty()) {
            text_ += "/>";
            return *this;
        }
        text_ += '>';
        append_xml_escaped(text_, value);
        text_ += "</";
        text_ += name;
        text_ += '>';
        return *this;
    }
    xml_writer& leaf(std::string_view name, const char* value) {
        return leaf(name, std::string_view{value});
    }
    template <std::integral Number>
        requires(!std::same_as<Number, bool>)
    xml_writer& leaf(std::string_view name, Number value) {
        return leaf(name, std::string_view{std::to_string(value)});
    }
    xml_writer& leaf(std::string_view name, std::same_as<bool> auto value) {
        return leaf(name, value ? std::string_view{"true"} : std::string_view{"false"});
    }

    // A leaf that is the whole document.
    xml_writer& leaf_in(std::string_view name, std::string_view of_namespace,
                        std::string_view value) {
        open(name, of_namespace);
        append_xml_escaped(text_, value);
        return close();
    }

    // Only if there is something to say.
    xml_writer& leaf_unless_empty(std::string_view name, std::string_view value) {
        return value.empty() ? *this : leaf(name, value);
    }

    [[nodiscard]] std::string take() {
        RSX_ASSERT(open_.empty());
        return std::move(text_);
    }

private:
    void attribute(std::string_view name, std::string_view value) {
        text_ += ' ';
        text_ += name;
        text_ += "=\"";
        append_xml_escaped(text_, value);
        text_ += '"';
    }

    std::string text_;
    std::vector<std::string_view> open_;  // names of elements not yet closed: literals
};

}  // namespace rsx::s3
