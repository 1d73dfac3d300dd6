// SPDX-License-Identifier: Apache-2.0

// Structs to bytes and back: `encode`, and a `decode` that no bytes can harm.
//
//     struct hello {
//         std::uint32_t version{1};
//         std::string name;
//         std::vector<rsx::holder> peers;
//         template <class Archive> void serialize(Archive& a) { a(version, name, peers); }
//     };
//     std::vector<std::byte> bytes = rsx::wire::encode(hello{.name = "node-3"});
//     rsx::result<hello> back = rsx::wire::decode<hello>(bytes);
//
// There is one encoding of a value, so equal values are equal bytes. A message has no tags: both
// ends agree on the type (a row of the metadata, which must outlive versions, has tags:
// wire/fields.hpp). Members may be integers, bool, double, enums, std::string, std::vector,
// std::array, std::optional and structs that serialize. Decoding refuses messages over a size
// limit, bytes that end early, bytes that remain; it allocates in proportion to the bytes that are
// there.
#pragma once

#include <rsx/wire/archive.hpp>

namespace rsx::wire {

template <class T>
concept message = std::default_initializable<T> && std::movable<T> &&
                  cereal::traits::is_output_serializable<T, output>::value &&
                  cereal::traits::is_input_serializable<T, input>::value;

// Appends to `out`, for a message behind a frame's head.
template <message T>
void encode_to(std::vector<std::byte>& out, const T& value) {
    output archive{out};
    archive(value);
}

template <message T>
[[nodiscard]] std::vector<std::byte> encode(const T& value) {
    std::vector<std::byte> out;
    encode_to(out, value);
    return out;
}

template <message T>
[[nodiscard]] result<T> decode(byte_view bytes, std::size_t limit = limits::frame_bytes_max) {
    if (bytes.size() > limit) return fail(errc::limit, "message: too large", bytes.size());
    try {
        input archive{bytes};
        T value{};
        archive(value);
        if (!archive.left().empty())
            return fail(errc::corrupt, "message: bytes behind the end", archive.left().size());
        return value;
    } catch (const malformed& m) {
        return std::unexpected(m.why);
    } catch (const cereal::Exception&) {
        return fail(errc::corrupt, "message: cereal refused it");
    }
}

}  // namespace rsx::wire
