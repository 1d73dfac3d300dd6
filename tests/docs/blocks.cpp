// SPDX-License-Identifier: Apache-2.0

// No code in the documents without a compiler having seen it: every ```cpp block stands, line by
// line, in a file of docs/examples/ or in a header. Indentation and empty lines do not count.
#include "catch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using text = std::vector<std::string>;

struct block {
    std::size_t line;  // of its first line in the document
    text code;
};

std::string trimmed(const std::string& line) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) return "";
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

text read(std::istream& in) {
    text lines;
    for (std::string line; std::getline(in, line);) lines.push_back(trimmed(line));
    return lines;
}

text read(const fs::path& file) {
    std::ifstream in{file};
    return read(in);
}

text without_empty(text lines) {
    std::erase(lines, "");
    return lines;
}

std::vector<block> blocks_of(const text& document) {
    std::vector<block> found;
    bool inside = false;
    bool cpp = false;
    for (std::size_t i = 0; i < document.size(); ++i) {
        const auto& line = document[i];
        if (line.starts_with("```")) {
            inside = !inside;
            const auto language = line.substr(3);
            cpp = inside && (language == "cpp" || language == "c++" || language == "C++");
            if (cpp) found.push_back({i + 2, {}});
        } else if (cpp && !line.empty()) {
            found.back().code.push_back(line);
        }
    }
    return found;
}

bool stands_in(const text& code, const text& file) {
    return std::search(file.begin(), file.end(), code.begin(), code.end()) != file.end();
}

std::vector<fs::path> files(const fs::path& folder, const std::string& ending) {
    std::vector<fs::path> found;
    if (!fs::exists(folder)) return found;
    for (const auto& entry : fs::recursive_directory_iterator{folder})
        if (entry.is_regular_file() && entry.path().extension() == ending)
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

TEST_CASE("every code block in the documents is compiled") {
    const fs::path root{RSX_ROOT};
    std::vector<text> compiled;
    for (const auto& file : files(root / "docs/examples", ".cpp"))
        compiled.push_back(without_empty(read(file)));
    for (const auto& file : files(root / "include", ".hpp"))
        compiled.push_back(without_empty(read(file)));

    auto documents = files(root / "docs", ".md");
    if (fs::exists(root / "README.md")) documents.push_back(root / "README.md");
    REQUIRE_FALSE(documents.empty());
    for (const auto& document : documents)
        for (const auto& one : blocks_of(read(document))) {
            INFO(fs::relative(document, root).string() << ":" << one.line);
            INFO("its first line: " << (one.code.empty() ? "(empty)" : one.code.front()));
            const bool stands = std::any_of(compiled.begin(), compiled.end(),
                                            [&](const text& f) { return stands_in(one.code, f); });
            CHECK(stands);
        }
}

TEST_CASE("every link in the documents leads somewhere") {
    const fs::path root{RSX_ROOT};
    auto documents = files(root / "docs", ".md");
    if (fs::exists(root / "README.md")) documents.push_back(root / "README.md");
    const std::regex link{R"(\]\(([^)#\s]+)(#[^)]*)?\))"};
    for (const auto& document : documents) {
        bool code = false;
        for (const auto& line : read(document)) {
            if (line.starts_with("```")) code = !code;
            if (code) continue;
            for (std::sregex_iterator at{line.begin(), line.end(), link}, end; at != end; ++at) {
                const auto to = (*at)[1].str();
                if (to.find("://") != to.npos || to.starts_with("mailto:")) continue;
                INFO(fs::relative(document, root).string() << " links to " << to);
                CHECK(fs::exists(document.parent_path() / to));
            }
        }
    }
}

TEST_CASE("every page that a header names is there") {
    const fs::path root{RSX_ROOT};
    const std::regex page{R"(docs/[A-Za-z0-9_/.-]+\.(md|cpp))"};
    for (const auto& file : files(root / "include", ".hpp"))
        for (const auto& line : read(file))
            for (std::sregex_iterator at{line.begin(), line.end(), page}, end; at != end; ++at) {
                INFO(fs::relative(file, root).string() << " names " << at->str());
                CHECK(fs::exists(root / at->str()));
            }
}

TEST_CASE("every example has its output and every output its example") {
    const fs::path folder = fs::path{RSX_ROOT} / "docs/examples";
    for (auto file : files(folder, ".cpp")) {
        CAPTURE(file.string());
        CHECK(fs::exists(file.replace_extension(".output")));
    }
    for (auto file : files(folder, ".output")) {
        CAPTURE(file.string());
        CHECK(fs::exists(file.replace_extension(".cpp")));
    }
}

TEST_CASE("blocks are found by their language and compared line by line") {
    std::istringstream document{
        "# A title\n```sh\nmake\n```\n```cpp\nint a;\n\n  int b;\n```\n"
        "   ```cpp\n   int c;\n   ```\n```\nint d;\n```\n"};
    const auto found = blocks_of(read(document));
    REQUIRE(found.size() == 2);
    CHECK(found[0].line == 6);
    CHECK(found[0].code == text{"int a;", "int b;"});
    CHECK(found[1].code == text{"int c;"});

    const text file{"int main() {", "int a;", "int b;", "}"};
    CHECK(stands_in(found[0].code, file));
    CHECK_FALSE(stands_in(found[1].code, file));
    CHECK_FALSE(stands_in({"int a;", "}"}, file));
}
