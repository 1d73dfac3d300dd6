// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "run.hpp"

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every command teaches with examples") {
    const workbench bench;
    for (const words& command :
         {words{"demo"}, words{"encode"}, words{"decode"}, words{"verify"}, words{"repair"},
          words{"put"}, words{"get"}, words{"ls"}, words{"rm"}, words{"mb"}, words{"rb"},
          words{"cluster", "init"}, words{"cluster", "replace"}, words{"cluster", "certs"},
          words{"cluster", "status"}}) {
        words line = command;
        line.push_back("--help");
        const ran help = bench.rsx(line);
        INFO(command.back());
        CHECK(help.code == 0);
        CHECK(has(help.out, "Examples:"));
        CHECK(has(help.out, "rsx " + command.front()));
    }
    const ran all = bench.rsx({"--help"});
    CHECK(all.code == 0);
    CHECK(has(all.out, "Exit codes:"));
    CHECK(has(bench.rsx({"--version"}).out, "rsx "));
}

TEST_CASE("a line that makes no sense ends with 2 and does nothing") {
    const workbench bench;
    bench.write("f", "hello");
    for (const words& line :
         {words{},
          words{"dance"},
          words{"demo", "--loud"},
          words{"encode", bench.file("f")},
          words{"encode", bench.file("f"), "--out", bench.file("s"), "--code", "4"},
          words{"encode", bench.file("f"), "--out", bench.file("s"), "--code", "4+0"},
          words{"encode", bench.file("f"), "--out", bench.file("s"), "--code", "200+56"},
          words{"encode", bench.file("f"), "--out", bench.file("s"), "--generator", "magic"},
          words{"encode", bench.file("f"), "--out", bench.file("s"), "--name", "../f"},
          words{"decode", bench.file("s")},
          words{"put", bench.file("f"), "photos/f"},
          words{"put", bench.file("f"), "s3://"},
          words{"put", "-", "s3://photos/"},
          words{"put", bench.file("f"), "s3://p/f", "--checksum", "md4"},
          words{"put", bench.file("f"), "s3://p/f", "--part-size", "1KiB"},
          words{"get", "s3://photos", bench.file("g")},
          words{"get", "s3://photos/a/", "."},
          words{"rm", "s3://photos"},
          words{"mb", "s3://photos/key"},
          words{"ls", "--endpoint", "ftp://here"},
          words{"ls", "--endpoint", "127.0.0.1:9000"},
          words{"ls", "--page-size", "0"},
          words{"cluster"},
          words{"cluster", "melt"},
          words{"cluster", "init", "--config", bench.file("c"), "--nodes", "3"},
          words{"cluster", "init", "--config", bench.file("c"), "--code", "x"},
          words{"cluster", "replace", "--config", bench.file("c")}}) {
        std::string shown;
        for (const std::string& word : line) shown += word + " ";
        INFO(shown);
        const ran wrong = bench.rsx(line);
        CHECK(wrong.code == 2);
        CHECK_FALSE(wrong.err.empty());
        CHECK(bench.names("") == words{"f"});
    }
}

TEST_CASE("development keys go to loopback endpoints only") {
    workbench bench;
    bench.environment["RSX_ENDPOINT"] = "http://192.0.2.1:9000";
    const ran refused = bench.rsx({"ls"});
    CHECK(refused.code == 5);
    CHECK(has(refused.err, "RSX_ACCESS_KEY"));
}

TEST_CASE("half a pair of keys is an error that names the other half") {
    workbench bench;
    bench.environment["AWS_ACCESS_KEY_ID"] = "someone";
    const ran half = bench.rsx({"ls"});
    CHECK(half.code == 2);
    CHECK(has(half.err, "AWS_SECRET_ACCESS_KEY"));
}
