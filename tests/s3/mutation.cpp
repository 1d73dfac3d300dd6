// SPDX-License-Identifier: Apache-2.0
#include <rsx/core/clock.hpp>
#include <rsx/s3/route.hpp>

#include <algorithm>

#include "example.hpp"

namespace s3 = rsx::s3;

namespace {

// What a request says, spelt in one way: two requests with one meaning may share a signature.
struct meaning {
    std::string method;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::string> signed_headers;
    std::string claim;
    friend bool operator==(const meaning&, const meaning&) = default;
};

std::optional<meaning> meaning_of(const s3::request_head& head) {
    const auto asked = s3::parse_request(head, example::domains());
    if (!asked) return std::nullopt;
    const auto claim = s3::claim_of(*asked);
    if (!claim || !*claim) return std::nullopt;
    meaning out{asked->method, asked->path, {}, {}, {}};
    for (const auto& p : asked->query) out.query.emplace_back(p.name, p.value);
    std::sort(out.query.begin(), out.query.end());
    for (const auto& field : asked->headers) {
        const auto name = s3::lower(field.name);
        const auto& names = (*claim)->signed_names;
        if (std::find(names.begin(), names.end(), name) == names.end() &&
            !name.starts_with("x-amz-"))
            continue;
        std::string value;
        for (const char c : s3::trimmed(field.value))
            if (!s3::is_blank(c) || (!value.empty() && value.back() != ' '))
                value += s3::is_blank(c) ? ' ' : c;
        out.signed_headers.push_back(name + '=' + value);
    }
    std::sort(out.signed_headers.begin(), out.signed_headers.end());
    const auto& c = **claim;
    out.claim = c.access_key + '|' + c.scope.text() + '|' + s3::joined_names(c.signed_names) + '|' +
                c.signature + '|' + c.amz_date + '|' + c.payload_hash + '|' +
                std::to_string(c.expires_s.value_or(-1));
    return out;
}

std::vector<s3::request_head> signed_requests() {
    auto signer = example::signer();
    const auto host = std::string{example::host};
    std::vector<s3::request_head> out;
    s3::outgoing get{"GET", "/photos/a b/\xc3\xbc+.jpg", {}, {{"Host", host}}};
    get.query.add("versionId", "3/L4k+q");
    get.query.add("response-content-type", "text/plain; charset=utf-8");
    (void)signer.sign(get, example::empty_sha256, example::now_ms);
    out.push_back(example::arrived(get));

    s3::outgoing put{"PUT",
                     "/notes//today/../x",
                     {},
                     {{"Host", host},
                      {"Content-Type", "text/plain"},
                      {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="},
                      {"x-amz-meta-colour", "deep  blue"},
                      {"x-amz-acl", "private"}}};
    (void)signer.sign(put, s3::unsigned_payload, example::now_ms);
    put.headers.add("User-Agent", "test");
    out.push_back(example::arrived(put));

    s3::outgoing stream{"PUT",
                        "/stream",
                        {},
                        {{"Host", host},
                         {"x-amz-decoded-content-length", "11"},
                         {"x-amz-trailer", "x-amz-checksum-crc32"}}};
    (void)signer.sign(stream, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", example::now_ms);
    out.push_back(example::arrived(stream));

    s3::outgoing list{"GET", "/", {}, {{"Host", host}}};
    list.query.add("list-type", "2");
    list.query.add("prefix", "a&b=c");
    list.query.add("delimiter", "/");
    out.push_back({"GET", signer.presign(list, 3'600, example::now_ms), list.headers});
    return out;
}

char another_char(rsx::entropy& random, char old) {
    constexpr std::string_view likely = "aAzZ019/%+=&;,. -_~?:\"\t";
    const char c = random.below(4) == 0 ? static_cast<char>(1 + random.below(254))
                                        : likely[random.below(likely.size())];
    return c == old ? static_cast<char>(old ^ 1) : c;
}

void mutate_text(rsx::entropy& random, std::string& text) {
    if (text.empty()) {
        text = "x";
        return;
    }
    const auto at = random.below(text.size());
    switch (random.below(4)) {
        case 0: text.erase(at, 1); break;
        case 1:
            text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), another_char(random, 0));
            break;
        case 2: text[at] = static_cast<char>(text[at] ^ 0x20); break;
        default: text[at] = another_char(random, text[at]); break;
    }
}

s3::request_head mutated(rsx::entropy& random, const s3::request_head& good) {
    auto head = good;
    std::vector<s3::header> fields{good.headers.begin(), good.headers.end()};
    const auto which = random.below(fields.size());
    switch (random.below(8)) {
        case 0: mutate_text(random, head.method); break;
        case 1:
        case 2: mutate_text(random, head.target); break;
        case 3: mutate_text(random, fields[which].name); break;
        case 4: fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(which)); break;
        case 5: fields.push_back({fields[which].name, "again"}); break;
        case 6: {
            constexpr std::string_view slipped[] = {"x-amz-copy-source", "x-amz-acl",
                                                    "X-Amz-Meta-a", "x-amz-security-token",
                                                    "x-amz-tagging"};
            fields.push_back({std::string{slipped[random.below(std::size(slipped))]}, "/a/b"});
            break;
        }
        default: mutate_text(random, fields[which].value); break;
    }
    head.headers = {};
    for (auto& field : fields) head.headers.add(field.name, field.value);
    return head;
}

}  // namespace

TEST_CASE("no signed request survives a single mutation that changes what it says") {
    const std::uint64_t seed = 17;
    CAPTURE(seed);
    rsx::seeded_entropy random{seed};
    auto verifier = example::verifier();
    const auto requests = signed_requests();
    unsigned refused = 0;
    unsigned same = 0;
    for (const auto& good : requests) {
        REQUIRE(example::verify(good).has_value());
        const auto meant = meaning_of(good);
        for (int i = 0; i < 5'000; ++i) {
            const auto bad = mutated(random, good);
            auto asked = s3::parse_request(bad, example::domains());
            if (!asked) {
                ++refused;
                continue;
            }
            const auto verified = verifier.verify(std::move(*asked), example::now_ms);
            if (!verified) {
                ++refused;
                continue;
            }
            ++same;
            INFO(bad.method << ' ' << bad.target);
            for (const auto& f : bad.headers) UNSCOPED_INFO(f.name << ": " << f.value);
            CHECK(meaning_of(bad) == meant);
        }
    }
    CHECK(refused > 15'000);
    CHECK(same < 2'000);  // only headers nobody signed, spellings of a name, order of parameters
}

TEST_CASE("no operation can be reached without a signature or with a wrong one") {
    auto verifier = example::verifier();
    auto signer = example::signer();
    const std::string_view payloads[] = {
        example::empty_sha256, s3::unsigned_payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};
    const auto verify = [&](const s3::request_head& head) {
        auto asked = s3::parse_request(head);
        REQUIRE(asked.has_value());
        return verifier.verify(std::move(*asked), example::now_ms);
    };
    for (const auto& row : s3::routes) {
        s3::outgoing made{std::string{row.method},
                          row.scope == s3::scope::service  ? "/"
                          : row.scope == s3::scope::bucket ? "/bucket"
                                                           : "/bucket/key",
                          {},
                          {{"Host", "localhost:9000"}}};
        for (const auto need : {row.needs, row.needs_too})
            if (!need.empty()) {
                const auto mark = need.find('=');
                made.query.add(std::string{need.substr(0, mark)},
                               mark == need.npos ? "1" : std::string{need.substr(mark + 1)});
            }
        if (!row.needs_header.empty()) made.headers.add(std::string{row.needs_header}, "/a/b");
        for (const auto payload : payloads) {
            CAPTURE(row.name, payload);
            auto unsigned_one = made;
            unsigned_one.headers.add("x-amz-content-sha256", std::string{payload});
            CHECK_FALSE(verify(example::arrived(unsigned_one)).has_value());

            auto good = made;
            (void)signer.sign(good, payload, example::now_ms);
            const auto verified = verify(example::arrived(good));
            REQUIRE(verified.has_value());
            CHECK((*verified)->op == row.op);

            auto bad = example::arrived(good);
            std::string text{*bad.headers.get("authorization")};
            text.back() = text.back() == '0' ? '1' : '0';
            bad.headers.set("Authorization", text);
            CHECK_FALSE(verify(bad).has_value());

            auto link = example::arrived(made);
            link.target = signer.presign(made, 60, example::now_ms);
            CHECK(verify(link).has_value());
            const auto at = link.target.find("X-Amz-Signature=") + 16;
            link.target[at] = link.target[at] == '0' ? '1' : '0';
            CHECK_FALSE(verify(link).has_value());
        }
    }
}

TEST_CASE("random heads never do more than be refused") {
    rsx::seeded_entropy random{5};
    auto verifier = example::verifier();
    constexpr std::string_view alphabet =
        "AWS4-HMAC-SHA256 Credential=,/;SignedHeaders=hostSignature=20130524x%&?\t";
    const auto text = [&](std::uint64_t max) {
        std::string out;
        for (auto n = random.below(max); n > 0; --n)
            out += random.below(10) == 0 ? static_cast<char>(random.below(256))
                                         : alphabet[random.below(alphabet.size())];
        return out;
    };
    for (int i = 0; i < 20'000; ++i) {
        s3::request_head head{"GET", "/" + text(60), {{"Host", text(20)}}};
        head.headers.add("Authorization", "AWS4-HMAC-SHA256 " + text(120));
        head.headers.add("x-amz-date", random.below(2) == 0 ? "20130524T000000Z" : text(20));
        head.headers.add("x-amz-content-sha256", std::string{example::empty_sha256});
        auto asked = s3::parse_request(std::move(head), example::domains());
        if (asked) CHECK_FALSE(verifier.verify(std::move(*asked), example::now_ms).has_value());
    }
}
