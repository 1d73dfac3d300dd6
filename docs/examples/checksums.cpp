// SPDX-License-Identifier: Apache-2.0

// The checksum of a whole object from those of its parts, without reading the parts again.
#include <rsx/digest.hpp>

#include <cstdio>

int main() {
    namespace digest = rsx::digest;
    const auto part_1 = rsx::bytes_of("never loses ");
    const auto part_2 = rsx::bytes_of("data!");

    const std::uint64_t first = digest::crc64_nvme_of(part_1);
    const std::uint64_t second = digest::crc64_nvme_of(part_2);
    const std::uint64_t whole =
        digest::crc_combine<digest::crc64_nvme>(first, second, part_2.size());

    std::byte raw[8];
    rsx::store_be(rsx::byte_span{raw}, whole);
    std::printf("x-amz-checksum-crc64nvme: %s\n", digest::base64_encode(raw).c_str());
    std::printf("read in one piece:        %s\n",
                whole == digest::crc64_nvme_of(rsx::bytes_of("never loses data!")) ? "the same"
                                                                                   : "another");
}
