// SPDX-License-Identifier: Apache-2.0

// An old program rewrites a row that a newer one had added a field to, and loses nothing.
#include <rsx/wire.hpp>

#include <cstdio>

struct photo {
    std::uint64_t size{0};
    std::string type;
    std::vector<std::byte> extras;  // what another version had added

    [[nodiscard]] static rsx::result<photo> from(rsx::byte_view row) {
        photo p;
        auto extras = rsx::wire::read_row(row, [&p](const auto& f) -> rsx::result<bool> {
            switch (f.tag) {
                case 2: return f.read(p.size);
                case 4: return f.read(p.type);
                default: return false;
            }
        });
        if (!extras) return std::unexpected(extras.error());
        p.extras = std::move(*extras);
        return p;
    }

    [[nodiscard]] std::vector<std::byte> row() const {
        rsx::wire::field_writer w;
        w.put(2, size);
        w.put(4, type);
        w.put_extras(extras);
        return w.bytes();
    }
};

int main() {
    rsx::wire::field_writer newer;
    newer.put(2, std::uint64_t{300});
    newer.put(4, "jpeg");
    newer.put(6, "Lisbon");  // even: may be kept unread
    std::printf("newer wrote    %s\n", rsx::hex(newer.view()).c_str());

    auto seen = photo::from(newer.view());
    if (!seen) return 1;
    seen->size = 301;
    std::printf("older rewrote  %s\n", rsx::hex(seen->row()).c_str());

    newer.put(7, "encrypted");  // odd: must be understood
    const auto refused = photo::from(newer.view());
    if (refused) return 1;
    std::printf("older refused  %s\n", rsx::to_string(refused.error()).c_str());
}
