// SPDX-License-Identifier: Apache-2.0
#include <rsx/codec.hpp>
#include <rsx/codec/wide.hpp>

#include "catch.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <string>

using namespace rsx;
using nlohmann::json;

namespace {

const json& all_vectors() {
    static const json parsed = [] {
        std::ifstream file{RSX_VECTORS_DIR "/codec.json"};
        REQUIRE(file);
        return json::parse(file).at("vectors");
    }();
    return parsed;
}

// The parity our code makes of the vector file's data, in hexadecimal.
template <codec::erasure_code Code>
std::vector<std::string> parity_of(const Code& code, std::size_t bytes) {
    const auto shape = code.shape();
    std::vector<std::vector<std::byte>> shards(shape.shards(), std::vector<std::byte>(bytes));
    std::vector<byte_view> data;
    std::vector<byte_span> parity;
    for (unsigned s = 0; s < shape.shards(); ++s) {
        if (s >= shape.data) {
            parity.emplace_back(shards[s]);
            continue;
        }
        for (std::size_t i = 0; i < bytes; ++i)
            shards[s][i] = static_cast<std::byte>(s * 31 + i * 7 + 13);
        data.emplace_back(shards[s]);
    }
    REQUIRE(code.encode(data, parity));
    std::vector<std::string> made;
    for (const auto& p : parity) made.push_back(hex(p));
    return made;
}

std::vector<gf::gf256> rows_in(const json& vector) {
    std::vector<gf::gf256> rows;
    for (const auto& row : vector.at("parity_rows")) {
        const auto text = row.get<std::string>();
        for (std::size_t i = 0; i < text.size(); i += 2)
            rows.push_back({static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16))});
    }
    return rows;
}

const std::map<std::string, codec::generator> same_as{
    {"jerasure_reed_sol_van_w8", codec::generator::ones_vandermonde},
    {"klauspost_WithJerasureMatrix", codec::generator::ones_vandermonde},
    {"klauspost_default_vandermonde", codec::generator::backblaze},
    {"klauspost_WithCauchyMatrix", codec::generator::cauchy},
    {"isal_gf_gen_cauchy1_matrix", codec::generator::cauchy},
    {"isal_gf_gen_rs_matrix", codec::generator::isal_rs},
    {"jerasure_reed_sol_r6_w8", codec::generator::isal_rs},
    {"klauspost_WithPAR1Matrix", codec::generator::par1},
};

}  // namespace

TEST_CASE("parity is byte for byte that of the other libraries") {
    unsigned matched = 0;
    unsigned refused = 0;
    for (const auto& v : all_vectors()) {
        const auto name = v.at("name").get<std::string>();
        const auto known = same_as.find(name);
        if (known == same_as.end()) continue;
        const codec::geometry shape{v.at("k").get<unsigned>(), v.at("m").get<unsigned>()};
        CAPTURE(name, shape.data, shape.parity);
        const auto code = codec::reed_solomon::make(shape, known->second);
        if (!code) {
            CHECK(code.error().code == errc::unsupported);
            CHECK_FALSE(codec::is_mds(known->second, shape));
            ++refused;
            continue;
        }
        CHECK(parity_of(*code, v.at("shard_len").get<std::size_t>()) ==
              v.at("parity").get<std::vector<std::string>>());
        ++matched;
    }
    CHECK(matched == 58);
    CHECK(refused == 7);  // plain Vandermonde rows that are not MDS
}

TEST_CASE("the rows of any other library can be given as they are") {
    unsigned matched = 0;
    for (const auto& v : all_vectors()) {
        if (!v.contains("parity_rows")) continue;
        CAPTURE(v.at("name").get<std::string>(), v.at("k").get<unsigned>());
        const codec::geometry shape{v.at("k").get<unsigned>(), v.at("m").get<unsigned>()};
        const auto code = codec::reed_solomon::make(shape, rows_in(v));
        REQUIRE(code);
        CHECK(parity_of(*code, v.at("shard_len").get<std::size_t>()) ==
              v.at("parity").get<std::vector<std::string>>());
        ++matched;
    }
    CHECK(matched == 83);
}

TEST_CASE("wide codes make the bytes of leopard, over both fields") {
    const std::map<std::string, codec::wide_field> fields{
        {"leopard_auto_gf8", codec::wide_field::smallest},
        {"leopard_auto_gf16", codec::wide_field::smallest},
        {"klauspost_WithLeopardGF_gf8", codec::wide_field::gf8},
        {"klauspost_WithLeopardGF16", codec::wide_field::gf16},
        {"klauspost_auto_leopard_gf16", codec::wide_field::gf16},
    };
    unsigned matched = 0;
    for (const auto& v : all_vectors()) {
        const auto name = v.at("name").get<std::string>();
        const auto known = fields.find(name);
        if (known == fields.end()) continue;
        const codec::geometry shape{v.at("k").get<unsigned>(), v.at("m").get<unsigned>()};
        CAPTURE(name, shape.data, shape.parity);
        const auto code = codec::wide_code::make(shape, known->second);
        REQUIRE(code);
        CHECK(parity_of(*code, v.at("shard_len").get<std::size_t>()) ==
              v.at("parity").get<std::vector<std::string>>());
        ++matched;
    }
    CHECK(matched == 31);
}
