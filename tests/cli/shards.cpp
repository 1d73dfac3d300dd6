// SPDX-License-Identifier: Apache-2.0

// rsx encode, decode, verify, repair on real files.
#include "catch.hpp"
#include "run.hpp"

#include <algorithm>

namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A file "f" encoded 4+2 into "s".
struct encoded_file {
    workbench bench{};
    std::string bytes;
    static constexpr unsigned shards = 6;

    explicit encoded_file(std::size_t size, const words& more = {})
        : bytes{some_bytes(size, size + 1)} {
        bench.write("f", bytes);
        words line{"encode", bench.file("f"), "--code", "4+2", "--out", bench.file("s"), "--quiet"};
        line.insert(line.end(), more.begin(), more.end());
        const ran made = bench.rsx(line);
        INFO(made.err);
        REQUIRE(made.code == 0);
        REQUIRE(made.err.empty());
        REQUIRE(bench.names("s").size() == shards);
    }
    [[nodiscard]] static std::string name(unsigned i) {
        return "s/f.0" + std::to_string(i) + ".rsx";
    }
    [[nodiscard]] ran decode() const {
        return bench.rsx({"decode", bench.file("s"), bench.file("g"), "--quiet", "--force"});
    }
    [[nodiscard]] ran verify() const { return bench.rsx({"verify", bench.file("s")}); }
    [[nodiscard]] ran repair() const { return bench.rsx({"repair", bench.file("s")}); }
    void lose(unsigned i) const { fs::remove(bench.file(name(i))); }
    void check_comes_back() const {
        const ran back = decode();
        INFO(back.err);
        CHECK(back.code == 0);
        CHECK(bench.read("g") == bytes);
    }
};

// Moves the shards of `pattern` out of the folder for as long as it lives.
class away {
public:
    away(const encoded_file& of, unsigned pattern) : of_{of}, pattern_{pattern} {
        fs::create_directories(of.bench.file("away"));
        move("s", "away");
    }
    away(const away&) = delete;
    away& operator=(const away&) = delete;
    ~away() { move("away", "s"); }

private:
    void move(const std::string& from, const std::string& to) const {
        for (unsigned i = 0; i < encoded_file::shards; ++i) {
            const std::string name = encoded_file::name(i).substr(1);
            if ((pattern_ >> i & 1) != 0)
                fs::rename(of_.bench.file(from + name), of_.bench.file(to + name));
        }
    }
    const encoded_file& of_;
    unsigned pattern_;
};

}  // namespace

TEST_CASE("any four of six shard files bring a file of any size back, three do not") {
    const std::size_t size =
        GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{4}, std::size_t{5},
                 std::size_t{65535}, std::size_t{65537}, std::size_t{262144}, std::size_t{1048583});
    CAPTURE(size);
    const encoded_file set{size};
    for (unsigned pattern = 0; pattern < 64; ++pattern) {
        const int lost = __builtin_popcount(pattern);
        if (lost > 3) continue;
        CAPTURE(pattern);
        const away gone{set, pattern};
        fs::remove(set.bench.file("g"));
        if (lost <= 2) {
            set.check_comes_back();
            continue;
        }
        const ran refused = set.decode();
        CHECK(refused.code == 4);
        CHECK(has(refused.err, "3 are here and 4 are needed"));
        CHECK(set.bench.names("") == words{"away", "f", "s"});
    }
    CHECK(set.verify().code == 0);
}

TEST_CASE("a damaged shard is named, read around, and repaired to what it was") {
    const encoded_file set{600'000};
    const std::uint64_t size = fs::file_size(set.bench.file(set.name(1)));
    struct damage {
        std::uint64_t at;
        const char* said;
    };
    const damage hit =
        GENERATE_COPY(damage{0, "page"}, damage{40, "page"}, damage{4095, "page"},
                      damage{4096, "cells bad"}, damage{70'000, "cells bad"},
                      damage{4096 + 65536, "cells bad"}, damage{size - 4096 - 1, "cells bad"},
                      damage{size - 4096, "page"}, damage{size - 1, "page"});
    CAPTURE(hit.at);
    const unsigned i = GENERATE(1u, 4u);
    const std::string before = set.bench.read(set.name(i));
    set.bench.flip(set.name(i), hit.at);
    set.check_comes_back();
    const ran seen = set.verify();
    CHECK(seen.code == 1);
    CHECK(has(seen.out, hit.said));
    CHECK(has(seen.err, "nothing is lost"));
    CHECK(set.repair().code == 0);
    CHECK(set.bench.read(set.name(i)) == before);
    CHECK(set.verify().code == 0);
    CHECK(set.bench.names("s").size() == 6);
}

TEST_CASE("more than two shards may be damaged, as long as each stripe has four good cells") {
    const encoded_file set{1'500'000};
    for (unsigned i = 0; i < 6; ++i) set.bench.flip(set.name(i), 4096 + i * 65540 + 17);
    set.check_comes_back();
    CHECK(set.verify().code == 1);
    CHECK(set.repair().code == 0);
    CHECK(set.verify().code == 0);
    for (unsigned i = 0; i < 3; ++i) set.bench.flip(set.name(i), 4096 + 17);
    const ran lost = set.verify();
    CHECK(lost.code == 4);
    CHECK(has(lost.err, "1 of 6 stripes"));
    fs::remove(set.bench.file("g"));
    CHECK(set.decode().code == 4);
    CHECK_FALSE(set.bench.exists("g"));
    const auto before = set.bench.read(set.name(0));
    CHECK(set.repair().code == 4);
    CHECK(set.bench.read(set.name(0)) == before);
    CHECK(set.bench.names("").size() == 2);
}

TEST_CASE("missing and truncated shards are made anew") {
    const encoded_file set{900'001};
    std::vector<std::string> before;
    for (unsigned i = 0; i < 6; ++i) before.push_back(set.bench.read(set.name(i)));
    set.lose(0);
    fs::resize_file(set.bench.file(set.name(5)), 100'000);
    set.check_comes_back();
    const ran seen = set.verify();
    CHECK(seen.code == 1);
    CHECK(has(seen.out, "missing"));
    CHECK(has(seen.out, "truncated by"));
    const ran mended = set.repair();
    CHECK(mended.code == 0);
    CHECK(has(mended.out, "shard 0 is whole again"));
    for (unsigned i = 0; i < 6; ++i) CHECK(set.bench.read(set.name(i)) == before[i]);
    CHECK(has(set.repair().out, "nothing to repair"));
}

TEST_CASE("shards are known by what is in them, not by name or order") {
    const encoded_file set{300'000};
    const std::map<unsigned, std::string> names{{0, "z"},        {1, "f.05.rsx.old"}, {2, "0"},
                                                {3, "f.99.rsx"}, {4, "a b"},          {5, "-"}};
    for (const auto& [i, name] : names)
        fs::rename(set.bench.file(set.name(i)), set.bench.file("s/" + name));
    set.check_comes_back();
    CHECK(set.verify().code == 0);
    fs::remove(set.bench.file("s/z"));
    set.check_comes_back();
    CHECK(set.repair().code == 0);
    CHECK(set.bench.exists("s/f.00.rsx"));
}

TEST_CASE("strangers, duplicates and other sets in the folder are named and do no harm") {
    const encoded_file set{200'000};
    set.bench.write("s/readme.txt", "not a shard");
    set.bench.write("s/empty", "");
    set.bench.write("s/zeros", std::string(20'000, '\0'));
    fs::create_directories(set.bench.file("s/folder"));
    fs::copy_file(set.bench.file(set.name(2)), set.bench.file("s/again"));
    set.bench.write("other", some_bytes(200'000, 9));
    REQUIRE(set.bench
                .rsx({"encode", set.bench.file("other"), "--code", "4+2", "--out",
                      set.bench.file("t"), "--quiet"})
                .code == 0);
    for (const unsigned i : {1u, 3u})
        fs::copy_file(set.bench.file("t/other.0" + std::to_string(i) + ".rsx"),
                      set.bench.file("s/foreign" + std::to_string(i)));
    set.check_comes_back();
    const ran seen = set.verify();
    CHECK(seen.code == 0);
    CHECK(has(seen.out, "readme.txt: not a shard file"));
    CHECK(has(seen.out, "a duplicate, shard 2"));
    CHECK(has(seen.out, "foreign1: foreign"));

    // The duplicate stands in, cell by cell.
    const away gone{set, 0b110000};
    set.bench.flip(set.name(2), 5000);
    set.check_comes_back();
}

TEST_CASE("where two sets can be decoded the user says which") {
    const encoded_file set{200'000};
    set.bench.write("other", some_bytes(200'000, 9));
    REQUIRE(set.bench
                .rsx({"encode", set.bench.file("other"), "--code", "4+2", "--out",
                      set.bench.file("t"), "--quiet"})
                .code == 0);
    fs::copy(set.bench.file("t"), set.bench.file("s"), fs::copy_options::recursive);
    const ran both = set.decode();
    CHECK(both.code == 2);
    CHECK(has(both.err, "--set"));
    const std::string mark = "set ";
    const std::string mine = both.err.substr(both.err.find(mark) + mark.size(), 8);
    const ran chosen = set.bench.rsx(
        {"decode", set.bench.file("s"), set.bench.file("h"), "--set", mine, "--quiet"});
    CHECK(chosen.code == 0);
    const std::string got = set.bench.read("h");
    CHECK((got == set.bytes || got == set.bench.read("other")));
    CHECK(
        set.bench.rsx({"decode", set.bench.file("s"), set.bench.file("h"), "--set", "zzz"}).code ==
        3);
}

TEST_CASE("nothing is overwritten without --force, and a failure leaves nothing behind") {
    const encoded_file set{10'000};
    set.bench.write("g", "precious");
    const ran refused = set.bench.rsx({"decode", set.bench.file("s"), set.bench.file("g")});
    CHECK(refused.code == 1);
    CHECK(has(refused.err, "--force"));
    CHECK(set.bench.read("g") == "precious");
    const words line{"encode", set.bench.file("f"), "--code", "4+2", "--out", set.bench.file("s")};
    CHECK(set.bench.rsx(line).code == 1);
    CHECK(set.bench.names("s").size() == 6);
    CHECK(set.verify().code == 0);
    words force = line;
    force.push_back("--force");
    CHECK(set.bench.rsx(force).code == 0);
    CHECK(set.verify().code == 0);
    CHECK(set.bench.rsx({"encode", set.bench.file("none"), "--out", set.bench.file("n")}).code ==
          3);
    CHECK(set.bench.rsx({"decode", set.bench.file("none"), set.bench.file("n")}).code == 3);
    CHECK(set.bench.rsx({"verify", set.bench.file("")}).code == 3);
    CHECK_FALSE(set.bench.exists("n"));
    CHECK(set.bench.names("s").size() == 6);
    // Into a folder: under the recorded name.
    fs::create_directories(set.bench.file("into"));
    CHECK(set.bench.rsx({"decode", set.bench.file("s"), set.bench.file("into"), "-q"}).code == 0);
    CHECK(set.bench.read("into/f") == set.bytes);
}

TEST_CASE("standard input and output stream, with every generator") {
    const workbench bench;
    const std::string bytes = some_bytes(700'003, 5);
    for (const char* rows : {"ones-vandermonde", "backblaze", "cauchy", "isal-rs", "ones-cauchy"}) {
        INFO(rows);
        const std::string folder = bench.file(rows);
        REQUIRE(bench
                    .rsx({"encode", "-", "--name", "from pipe", "--code", "5+3", "--generator",
                          rows, "--out", folder, "-q"},
                         bytes)
                    .code == 0);
        for (const char* gone : {"01", "04", "06"})
            fs::remove(folder + "/from pipe." + gone + ".rsx");
        const ran back = bench.rsx({"decode", folder, "-", "-q"});
        CHECK(back.code == 0);
        CHECK(back.out == bytes);
    }
}

TEST_CASE("a summary with a rate goes to standard error, unless asked to be quiet") {
    const encoded_file set{50'000};
    const ran loud = set.bench.rsx({"decode", set.bench.file("s"), set.bench.file("g")});
    CHECK(has(loud.err, "MB/s"));
    CHECK_FALSE(has(loud.err, "\r"));  // no bar: this is no terminal
    CHECK(loud.out.empty());
}

TEST_CASE("a file of one GiB needs less than 256 MB of memory") {
    workbench bench;
    bench.write("f", "x");
    fs::resize_file(bench.file("f"), std::uint64_t{1} << 30);
    const ran there = bench.rsx(
        {"encode", bench.file("f"), "--code", "10+1", "--out", bench.file("s"), "--no-sync", "-q"});
    CHECK(there.code == 0);
    CHECK(there.peak_kib < 256'000);
    fs::remove(bench.file("s/f.03.rsx"));
    bench.keep_output = false;
    const ran back = bench.rsx({"decode", bench.file("s"), "-", "-q"});
    CHECK(back.code == 0);
    CHECK(back.peak_kib < 256'000);
    WARN("peak KiB: encode " << there.peak_kib << ", decode " << back.peak_kib);
}
