// SPDX-License-Identifier: Apache-2.0
#include "rules.hpp"

#include "catch.hpp"
#include "house_table.hpp"

#include <cstdlib>

namespace fs = std::filesystem;

namespace {

// A small house in a directory of its own, in order until a test breaks something.
class small_house {
public:
    small_house() {
        std::string name = (fs::temp_directory_path() / "rsx-house-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        root_ = name;
        write("include/rsx/core/bytes.hpp", header("#include <vector>\n"));
        write("include/rsx/gf/field.hpp", header("#include <rsx/core/bytes.hpp>\n"));
        write("include/rsx/codec/code.hpp", header("#include <rsx/gf/field.hpp>\n"));
        write("include/rsx/codec.hpp", header("#include <rsx/codec/code.hpp>\n"));
        write("README.md", "# rsx\n");
        table_ = {{{"core", 0, {}}, {"gf", 1, {"core"}}, {"codec", 2, {"gf"}}},
                  {"include/rsx/core/bytes.hpp", "include/rsx/gf/field.hpp",
                   "include/rsx/codec/code.hpp", "include/rsx/codec.hpp"},
                  {}};
    }
    ~small_house() {
        std::error_code ignored;
        fs::remove_all(root_, ignored);
    }
    small_house(const small_house&) = delete;
    small_house& operator=(const small_house&) = delete;

    static std::string header(const std::string& rest) {
        return "// SPDX-License-Identifier: Apache-2.0\n\n// A header that keeps the rules.\n"
               "#pragma once\n" +
               rest;
    }
    void write(const std::string& path, const std::string& text) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream{root_ / path} << text;
    }
    void declare_extension(const std::string& path) {
        table_.declared.insert(path);
        table_.extensions.insert(path);
    }
    // "rule where" of every finding.
    [[nodiscard]] std::vector<std::string> broken() const {
        std::vector<std::string> out;
        for (const auto& f : house::check(root_, table_)) out.push_back(f.rule + " " + f.where);
        return out;
    }

private:
    fs::path root_;
    house::table table_;
};

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("this tree keeps the rules of the house") {
    REQUIRE(house_table.modules.size() > 10);
    for (const auto& f : house::check(house_root, house_table)) {
        INFO(f.where << ": " << f.what);
        FAIL_CHECK("rule broken: " << f.rule);
    }
}

TEST_CASE("a house in order has no findings") {
    const small_house house;
    CHECK(house.broken() == names{});
}

TEST_CASE("a header that breaks a rule is reported by its name") {
    struct bad {
        const char* text;
        const char* finding;
    };
    const auto at = GENERATE(
        bad{"#include <rsx/codec/code.hpp>\n", "floors include/rsx/gf/field.hpp:5"},
        bad{"#include <rsx/codec.hpp>\n", "floors include/rsx/gf/field.hpp:5"},
        bad{"#include <boost/asio.hpp>\n", "third party include/rsx/gf/field.hpp:5"},
        bad{"#include <fmt/format.h>\n", "third party include/rsx/gf/field.hpp:5"},
        bad{"#include \"other.hpp\"\n", "third party include/rsx/gf/field.hpp:5"},
        bad{"#include <unistd.h>\n", "third party include/rsx/gf/field.hpp:5"},
        bad{"using namespace std;\n", "using namespace include/rsx/gf/field.hpp:5"},
        bad{"    using namespace rsx;\n", "using namespace include/rsx/gf/field.hpp:5"},
        bad{"// TO"
            "DO: later\n",
            "unfinished include/rsx/gf/field.hpp:5"},
        bad{"auto t = std::chrono::steady_clock::now();\n", "clock include/rsx/gf/field.hpp:5"},
        bad{"auto t = std::time(nullptr);\n", "clock include/rsx/gf/field.hpp:5"},
        bad{"std::random_device seed;\n", "randomness include/rsx/gf/field.hpp:5"},
        bad{"std::jthread worker;\n", "thread include/rsx/gf/field.hpp:5"},
        bad{"std::this_thread::sleep_for(1s);\n", "sleep include/rsx/gf/field.hpp:5"},
        bad{"inline void f() { ::fdatasync(3); }\n", "disk include/rsx/gf/field.hpp:5"},
        bad{"#define MAX 7\n", "macro include/rsx/gf/field.hpp:5"});
    small_house house;
    house.write("include/rsx/gf/field.hpp", small_house::header(at.text));
    CHECK(house.broken() == names{at.finding});
}

TEST_CASE("a header that only speaks of a forbidden thing is in order") {
    small_house house;
    house.write(
        "include/rsx/gf/field.hpp",
        small_house::header("// never calls std::random_device\n"
                            "/* nor sleep_for(1s),\n   nor fsync(3) */\n"
                            "inline const char* s = \"fsync(\\\"x\\\") steady_clock::now\";\n"
                            "inline const char* r = R\"(\nfsync(3)\n)\";\n"
                            "inline constexpr int n = 1'000;  // fsync(\n"
                            "inline int x(int runtime) { return runtime; }\n"
                            "using namespace std::chrono_literals;\n"
                            "#define RSX_HERE 1\n"));
    CHECK(house.broken() == names{});
}

TEST_CASE("a header opens with licence, caption and pragma once") {
    small_house house;
    SECTION("licence") {
        house.write("include/rsx/gf/field.hpp",
                    "// No licence.\n\n// A caption long enough to tell.\n"
                    "#pragma once\n");
        CHECK(house.broken() == names{"licence include/rsx/gf/field.hpp:1"});
    }
    SECTION("caption") {
        house.write("include/rsx/gf/field.hpp",
                    "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n");
        CHECK(house.broken() == names{"caption include/rsx/gf/field.hpp:3"});
    }
    SECTION("pragma once") {
        house.write("include/rsx/gf/field.hpp",
                    "// SPDX-License-Identifier: Apache-2.0\n\n// Says what it is about.\n");
        CHECK(house.broken() == names{"pragma once include/rsx/gf/field.hpp:1"});
    }
}

TEST_CASE("lines and headers have a longest length") {
    small_house house;
    std::string wide(98, 'x');
    std::string umlauts;
    for (int i = 0; i < 97; ++i) umlauts += "ä";
    house.write("include/rsx/gf/field.hpp", small_house::header("// " + umlauts + "\n"));
    CHECK(house.broken() == names{});
    house.write("include/rsx/gf/field.hpp", small_house::header("// " + wide + "\n"));
    CHECK(house.broken() == names{"line length include/rsx/gf/field.hpp:5"});
    house.write("include/rsx/gf/field.hpp", small_house::header(std::string(396, '\n')));
    CHECK(house.broken() == names{});
    house.write("include/rsx/gf/field.hpp", small_house::header(std::string(397, '\n')));
    CHECK(house.broken() == names{"header length include/rsx/gf/field.hpp:401"});
}

TEST_CASE("a header without a module and a stranger at the top are found") {
    small_house house;
    house.write("include/rsx/rsx.hpp", small_house::header(""));
    house.write("src/main.cpp", "int main() {}\n");
    house.write("reference/tool/x.cpp", "// SPDX-License-Identifier: Apache-2.0\n");
    house.write(".editorconfig", "root = true\n");
    auto found = house.broken();
    std::sort(found.begin(), found.end());
    CHECK(found ==
          names{"orphan include/rsx/rsx.hpp:1", "top level reference/tool", "top level src"});
}

TEST_CASE("an umbrella brings no optional library") {
    small_house house;
    house.write("include/rsx/codec/fast.hpp", small_house::header(""));
    house.declare_extension("include/rsx/codec/fast.hpp");
    CHECK(house.broken() == names{});
    house.write("include/rsx/codec.hpp", small_house::header("#include <rsx/codec/fast.hpp>\n"));
    CHECK(house.broken() == names{"umbrella include/rsx/codec.hpp:5"});
}
