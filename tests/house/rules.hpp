// SPDX-License-Identifier: Apache-2.0

// The rules of the house, as a function from a source tree to what breaks them.
//
//     for (const house::finding& f : house::check(root, house_table))
//         std::cout << f.rule << ": " << f.where << ": " << f.what << '\n';
//
// Each rule is one small function below, named as the finding names it. They look at text, not at
// syntax: comments and literals are blanked first where code is meant.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace house {

namespace fs = std::filesystem;

struct module {
    std::string name;
    int floor;
    std::vector<std::string> needs;
};

// What cmake/modules.cmake declares; paths are relative to the root.
struct table {
    std::vector<module> modules;
    std::set<std::string> declared;    // headers of modules and extensions
    std::set<std::string> extensions;  // headers of extensions
};

struct finding {
    std::string rule;
    std::string where;
    std::string what;
};

struct source {
    std::string path;                // relative to the root
    std::vector<std::string> lines;  // as written
    std::vector<std::string> code;   // comments and literals blanked

    [[nodiscard]] bool is_header() const { return path.ends_with(".hpp"); }
    [[nodiscard]] bool is_cpp() const {
        return is_header() || path.ends_with(".cpp") || path.ends_with(".inc");
    }
    [[nodiscard]] bool in_library() const { return path.starts_with("include/rsx/"); }
    // include/rsx/gf/field.hpp and include/rsx/gf.hpp belong to gf.
    [[nodiscard]] std::string module() const {
        if (!in_library()) return "";
        const auto rest = path.substr(std::string_view{"include/rsx/"}.size());
        return rest.substr(0, rest.find_first_of("/."));
    }
    [[nodiscard]] bool is_umbrella() const {
        return in_library() && std::count(path.begin(), path.end(), '/') == 2;
    }
};

namespace detail {

// Blanks comments, strings and characters, keeping every line's length.
inline std::vector<std::string> code_of(const std::vector<std::string>& lines) {
    std::vector<std::string> out;
    bool in_comment = false;
    std::string raw_end;  // not empty: inside a raw string that ends so
    for (std::string line : lines) {
        const bool include = line.starts_with("#include");
        char quote = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string_view rest = std::string_view{line}.substr(i);
            if (!raw_end.empty()) {
                const bool ends = rest.starts_with(raw_end);
                const std::size_t n = ends ? raw_end.size() : 1;
                std::fill_n(line.begin() + static_cast<long>(i), n, ' ');
                i += n - 1;
                if (ends) raw_end.clear();
            } else if (in_comment) {
                in_comment = !rest.starts_with("*/");
                if (!in_comment) line[i + 1] = ' ';
                line[i] = ' ';
            } else if (quote != 0) {
                const bool escape = line[i] == '\\';
                if (line[i] == quote) quote = 0;
                line[i] = ' ';
                if (escape && i + 1 < line.size()) line[++i] = ' ';
            } else if (rest.starts_with("//")) {
                line.resize(i);
            } else if (rest.starts_with("/*")) {
                in_comment = true;
                line[i] = line[i + 1] = ' ';
                ++i;
            } else if (rest.starts_with("R\"")) {
                raw_end = ')' + std::string{rest.substr(2, rest.find('(') - 2)} + '"';
                line[i] = ' ';
            } else if (!include && line[i] == '"') {
                quote = line[i];
                line[i] = ' ';
            } else if (line[i] == '\'' &&
                       (i == 0 || !std::isalnum(static_cast<unsigned char>(line[i - 1])))) {
                quote = line[i];  // not the separator of 1'000
                line[i] = ' ';
            }
        }
        out.push_back(std::move(line));
    }
    return out;
}

inline source read(const fs::path& root, const fs::path& file) {
    source made{fs::relative(file, root).generic_string(), {}, {}};
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) made.lines.push_back(line);
    made.code = code_of(made.lines);
    return made;
}

inline std::size_t columns(std::string_view line) {  // of UTF-8
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

// The text between < > or " " of an include line, or nothing.
inline std::string included(const std::string& line) {
    static const std::regex form{R"rx(^\s*#\s*include\s*[<"]([^>"]+)[>"].*)rx"};
    std::smatch found;
    return std::regex_match(line, found, form) ? found[1].str() : "";
}

inline bool any_of_places(std::string_view path, const std::vector<std::string>& places) {
    return std::any_of(places.begin(), places.end(),
                       [&](const std::string& p) { return path.starts_with("include/rsx/" + p); });
}

}  // namespace detail

class inspection {
public:
    inspection(fs::path root, const table& of) : root_{std::move(root)}, table_{of} {
        for (const auto& one : table_.modules) modules_[one.name] = &one;
        for (const char* folder :
             {"include", "reference", "tests", "benchmarks", "docs", "cmake", ".ci"}) {
            if (!fs::exists(root_ / folder)) continue;
            for (const auto& entry : fs::recursive_directory_iterator{root_ / folder})
                if (entry.is_regular_file() && is_text(entry.path()))
                    sources_.push_back(detail::read(root_, entry.path()));
        }
    }

    std::vector<finding> run() {
        top_level();
        orphans();
        for (const auto& of : sources_) {
            unfinished(of);
            if (!of.is_cpp()) continue;
            licence(of);
            line_length(of);
            if (of.is_header()) {
                header_length(of);
                pragma_once(of);
                using_namespace(of);
            }
            if (!of.in_library()) continue;
            if (of.is_header()) caption(of);
            floors(of);
            umbrella(of);
            third_party(of);
            world(of);
            macros(of);
        }
        return std::move(findings_);
    }

private:
    static bool is_text(const fs::path& file) {
        static const std::set<std::string> endings{".hpp", ".cpp", ".inc", ".cmake", ".txt",
                                                   ".md",  ".py",  ".sh",  ".js",    ".go"};
        const auto path = file.generic_string();
        return path.find("/node_modules/") == path.npos && path.find("/vectors/") == path.npos &&
               endings.contains(file.extension().string());
    }

    void report(std::string rule, const source& of, std::size_t line, std::string what) {
        findings_.push_back(
            {std::move(rule), of.path + ":" + std::to_string(line + 1), std::move(what)});
    }

    // The top of the tree is what was promised, and nothing else.
    void top_level() {
        static const std::set<std::string> allowed{"CMakeLists.txt", "CMakePresets.json",
                                                   "LICENSE",        "README.md",
                                                   "benchmarks",     "build",
                                                   "cmake",          "docs",
                                                   "include",        "reference",
                                                   "tests"};
        for (const auto& entry : fs::directory_iterator{root_}) {
            const auto name = entry.path().filename().string();
            if (!name.starts_with('.') && !allowed.contains(name))
                findings_.push_back({"top level", name, "does not belong there"});
        }
        static const std::set<std::string> programs{"CMakeLists.txt", "server", "cli",
                                                    "quickstart"};
        if (fs::exists(root_ / "reference"))
            for (const auto& entry : fs::directory_iterator{root_ / "reference"})
                if (!programs.contains(entry.path().filename().string()))
                    findings_.push_back({"top level",
                                         "reference/" + entry.path().filename().string(),
                                         "does not belong there"});
    }

    // Every header on disk belongs to a module or an extension.
    void orphans() {
        for (const auto& of : sources_)
            if (of.in_library() && of.is_header() && !table_.declared.contains(of.path))
                report("orphan", of, 0, "belongs to no module and no extension");
    }

    void unfinished(const source& of) {
        static const std::regex word{std::string{R"(\b(TO)"} + "DO|FIX" + R"(ME|X)" + R"(XX)\b)"};
        for (std::size_t i = 0; i < of.lines.size(); ++i)
            if (std::regex_search(of.lines[i], word)) report("unfinished", of, i, of.lines[i]);
    }

    void licence(const source& of) {
        if (of.lines.empty() || of.lines[0] != "// SPDX-License-Identifier: Apache-2.0")
            report("licence", of, 0, "the first line names the licence");
    }

    void line_length(const source& of) {
        for (std::size_t i = 0; i < of.lines.size(); ++i)
            if (const auto n = detail::columns(of.lines[i]); n > 100)
                report("line length", of, i, std::to_string(n) + " columns");
    }

    // One idea a header. Those that outgrew it are named here until they are split, each with a
    // length it may not pass.
    void header_length(const source& of) {
        static const std::map<std::string, std::size_t> outgrown{
            {"include/rsx/codec/wide.hpp", 500},          {"include/rsx/disk/memory.hpp", 450},
            {"include/rsx/meta/rocksdb.hpp", 500},        {"include/rsx/net/http_client.hpp", 450},
            {"include/rsx/net/http_connection.hpp", 500}, {"include/rsx/net/link.hpp", 600},
            {"include/rsx/object/chunk_writer.hpp", 450}, {"include/rsx/shard/file_store.hpp", 500},
        };
        const auto known = outgrown.find(of.path);
        const std::size_t most = known == outgrown.end() ? 400 : known->second;
        if (of.in_library() && of.lines.size() > most)
            report("header length", of, most, std::to_string(of.lines.size()) + " lines");
    }

    void pragma_once(const source& of) {
        if (std::find(of.lines.begin(), of.lines.end(), "#pragma once") == of.lines.end())
            report("pragma once", of, 0, "is missing");
    }

    // Licence, an empty line, then a sentence that says what this is.
    void caption(const source& of) {
        const bool there = of.lines.size() > 2 && of.lines[1].empty() &&
                           of.lines[2].starts_with("// ") && of.lines[2].size() > 20;
        if (!there) report("caption", of, 2, "a header opens with what it is");
    }

    // In a header: literals, or inside a function. Nowhere: rsx.
    void using_namespace(const source& of) {
        static const std::regex form{R"(^(\s*)using namespace ([\w:]+))"};
        for (std::size_t i = 0; i < of.code.size(); ++i) {
            std::smatch found;
            if (!std::regex_search(of.code[i], found, form)) continue;
            const auto name = found[2].str();
            const bool literals = name.starts_with("std::") && name.ends_with("literals");
            const bool inside = found[1].length() > 0 && name != "rsx";
            if (!literals && !inside) report("using namespace", of, i, of.lines[i]);
        }
    }

    // A module includes itself and what it needs, at any depth; all of that lies below it.
    void floors(const source& of) {
        const auto own = of.module();
        if (!modules_.contains(own)) return;  // an orphan
        std::set<std::string> allowed{own};
        collect(own, allowed);
        for (std::size_t i = 0; i < of.lines.size(); ++i) {
            const auto path = detail::included(of.lines[i]);
            if (!path.starts_with("rsx/")) continue;
            const auto rest = path.substr(4);
            const auto other = rest.substr(0, rest.find_first_of("/."));
            if (allowed.contains(other)) continue;
            report("floors", of, i, own + " does not need " + other);
        }
    }

    void collect(const std::string& name, std::set<std::string>& into) const {
        const auto at = modules_.find(name);
        if (at == modules_.end()) return;
        for (const auto& need : at->second->needs)
            if (into.insert(need).second) collect(need, into);
    }

    // The header everyone includes brings no optional library.
    void umbrella(const source& of) {
        if (!of.is_umbrella()) return;
        for (std::size_t i = 0; i < of.lines.size(); ++i)
            if (table_.extensions.contains("include/" + detail::included(of.lines[i])))
                report("umbrella", of, i, of.lines[i]);
    }

    // A third party is included only where its name stands, and the system only where it is met.
    void third_party(const source& of) {
        struct place {
            std::string prefix;
            std::vector<std::string> where;
        };
        static const std::vector<place> places{
            {"xsimd/", {"gf/"}},
            {"cereal/", {"wire/"}},
            {"boost/", {"net/"}},
            {"openssl/", {"net/", "digest/openssl.hpp"}},
            {"pugixml.hpp", {"s3/"}},
            {"rocksdb/", {"meta/rocksdb.hpp"}},
            {"xxhash.h", {"digest/xxhash.hpp"}},
            {"libpq-fe.h", {"meta/postgres.hpp"}},
            {"immintrin.h", {"core/isa.hpp", "gf/", "digest/"}},
            {"arm_neon.h", {"core/isa.hpp", "gf/", "digest/"}},
            {"sys/", {"core/", "disk/", "net/"}},
            {"linux/", {"disk/", "net/"}},
            {"netinet/", {"net/"}},
            {"arpa/", {"net/"}},
            {"fcntl.h", {"disk/", "net/"}},
            {"unistd.h", {"core/", "disk/", "net/"}},
            {"dirent.h", {"disk/"}},
            {"pthread.h", {"core/"}},
        };
        for (std::size_t i = 0; i < of.lines.size(); ++i) {
            const auto path = detail::included(of.lines[i]);
            if (path.empty() || path.starts_with("rsx/")) continue;
            if (path.find_first_of("./") == path.npos) continue;  // the standard library
            if (of.lines[i].find('"') != std::string::npos) {
                report("third party", of, i, "rsx headers are included as <rsx/...>");
                continue;
            }
            const auto known = std::find_if(places.begin(), places.end(), [&](const place& p) {
                return path.starts_with(p.prefix);
            });
            if (known == places.end() || !detail::any_of_places(of.path, known->where))
                report("third party", of, i, "<" + path + "> does not belong here");
        }
    }

    // Time, randomness, threads and disks come in through parameters.
    void world(const source& of) {
        struct act {
            std::string name;
            std::regex form;
            std::vector<std::string> where;
        };
        static const std::vector<act> acts{
            {"clock",
             std::regex{R"(_clock::now\b|\bgettimeofday\b|\bclock_gettime\b|\bstd::time\()"},
             {"core/clock.hpp"}},
            {"randomness",
             std::regex{R"(\brandom_device\b|\bgetrandom\b|\bsrand\(|\brand\(\))"},
             {"core/clock.hpp"}},
            {"thread",
             std::regex{R"(\bstd::j?thread\b(?!::)|\bstd::async\b|\bpthread_create\b)"},
             {"core/pool.hpp", "core/thread_loop.hpp", "net/"}},
            {"sleep",
             std::regex{R"(\bthis_thread::sleep|\bu?sleep\(|\bnanosleep\()"},
             {"core/pool.hpp", "core/thread_loop.hpp", "net/"}},
            {"disk",
             std::regex{R"(\bf(data)?sync\(|fstream\b|\bfopen\b|\bpwrite\(|std::filesystem\b)"},
             {"disk/", "net/", "meta/rocksdb.hpp"}},
        };
        for (const auto& act : acts) {
            if (detail::any_of_places(of.path, act.where)) continue;
            for (std::size_t i = 0; i < of.code.size(); ++i)
                if (std::regex_search(of.code[i], act.form)) report(act.name, of, i, of.lines[i]);
        }
    }

    // Ours begin with our name; a third party may be told how to behave.
    void macros(const source& of) {
        static const std::regex form{R"(^\s*#\s*define\s+(?!RSX_|XXH_|CEREAL_|BOOST_))"};
        for (std::size_t i = 0; i < of.code.size(); ++i)
            if (std::regex_search(of.code[i], form)) report("macro", of, i, of.lines[i]);
    }

    fs::path root_;
    const table& table_;
    std::map<std::string, const module*> modules_;
    std::vector<source> sources_;
    std::vector<finding> findings_;
};

inline std::vector<finding> check(const fs::path& root, const table& of) {
    return inspection{root, of}.run();
}

}  // namespace house
