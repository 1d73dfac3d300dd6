// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace rsxd {
namespace {

using problem = std::unexpected<std::string>;

template <class Number>
bool number_from(std::string_view text, Number& out) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    return wrong == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// Walks one table: every key must be asked for, or it is unknown.
class section {
public:
    section(const toml::table& table, std::string name, std::string file)
        : table_{table}, name_{std::move(name)}, file_{std::move(file)} {}

    template <class T>
    void take(const char* key, T& into) {
        const toml::node* node = find(key);
        if (node == nullptr || failed()) return;
        if constexpr (std::is_same_v<T, std::string>) {
            if (const auto* text = node->as_string()) {
                into = text->get();
                return;
            }
            complain(*node, key, "must be a text in quotes");
        } else {
            const auto* number = node->as_integer();
            if (number != nullptr && number->get() >= 0 &&
                static_cast<std::uint64_t>(number->get()) <= std::numeric_limits<T>::max()) {
                into = static_cast<T>(number->get());
                return;
            }
            complain(*node, key, "must be a whole number that fits");
        }
    }

    void take_path(const char* key, std::filesystem::path& into,
                   const std::filesystem::path& base) {
        std::string text = into.string();
        take(key, text);
        if (text.empty() && !failed()) {
            problem_ = where() + key + ": must not be empty";
            return;
        }
        into =
            std::filesystem::path{text}.is_absolute() ? std::filesystem::path{text} : base / text;
    }

    template <class Parse, class T>
    void take_parsed(const char* key, T& into, Parse parse) {
        const toml::node* node = find(key);
        if (node == nullptr || failed()) return;
        std::string text;
        take(key, text);
        if (failed()) return;
        auto parsed = parse(text);
        if (parsed) {
            into = *parsed;
        } else {
            complain(*node, key, parsed.error());
        }
    }

    void need(const char* key) {
        if (!failed() && find(key) == nullptr) problem_ = where() + key + " is missing";
    }
    void not_yet(const char* key) {
        if (const toml::node* node = find(key); node != nullptr && !failed()) {
            complain(*node, key, "is reserved and does nothing yet; take it out");
        }
    }
    [[nodiscard]] const toml::node* find(const char* key) {
        known_.insert(key);
        return table_.get(key);
    }
    void complain(const toml::node& at, const std::string& key, const std::string& what) {
        if (failed()) return;
        problem_ = file_ + ":" + std::to_string(at.source().begin.line) + ": " + name_ +
                   (name_.empty() ? "" : " ") + key + " " + what;
    }
    void refuse_unknown() {
        for (const auto& [key, node] : table_) {
            if (failed() || known_.contains(std::string{key.str()})) continue;
            complain(node, std::string{key.str()}, "is not a key this build knows");
        }
    }
    [[nodiscard]] bool failed() const { return !problem_.empty(); }
    [[nodiscard]] const std::string& what() const { return problem_; }

private:
    [[nodiscard]] std::string where() const {
        return file_ + ": " + name_ + (name_.empty() ? "" : " ");
    }
    const toml::table& table_;
    std::string name_;
    std::string file_;
    std::set<std::string> known_;
    std::string problem_;
};

// Calls `read(section)` for every table of an array of tables; the first problem ends it.
template <class Read>
std::string each_table(section& top, const char* key, const std::string& file, Read read) {
    const toml::node* node = top.find(key);
    if (node == nullptr) return {};
    const toml::array* list = node->as_array();
    if (list == nullptr) return file + ": [[" + key + "]] must be a list of tables";
    for (const toml::node& item : *list) {
        const toml::table* table = item.as_table();
        if (table == nullptr) return file + ": [[" + key + "]] must be a list of tables";
        section part{*table, std::string{"[["} + key + "]]", file};
        read(part);
        part.refuse_unknown();
        if (part.failed()) return part.what();
    }
    return {};
}

template <class Read>
std::string one_table(section& top, const char* key, const std::string& file, Read read) {
    const toml::node* node = top.find(key);
    if (node == nullptr) return {};
    const toml::table* table = node->as_table();
    if (table == nullptr) return file + ": [" + key + "] must be a table";
    section part{*table, std::string{"["} + key + "]", file};
    read(part);
    part.refuse_unknown();
    return part.failed() ? part.what() : std::string{};
}

std::string check_whole(const config& made, const std::string& file) {
    std::set<std::uint32_t> ids;
    for (const node_entry& node : made.nodes) {
        if (!ids.insert(node.id).second) {
            return file + ": [[nodes]] id " + std::to_string(node.id) + " stands there twice";
        }
    }
    std::set<std::string> keys;
    for (const credential& each : made.auth) {
        if (each.access_key.empty() || each.secret_key.empty()) {
            return file + ": [[auth]] access_key and secret_key must not be empty";
        }
        if (!keys.insert(each.access_key).second) {
            return file + ": [[auth]] access_key " + each.access_key + " stands there twice";
        }
    }
    if (made.meta_store != "rocksdb") {
        return file + ": [meta] store \"" + made.meta_store +
               "\" is not here; this build has \"rocksdb\"";
    }
    return {};
}

}  // namespace

std::expected<code_shape, std::string> parse_code(std::string_view text) {
    const std::size_t plus = text.find('+');
    code_shape made;
    if (plus == std::string_view::npos || !number_from(text.substr(0, plus), made.data) ||
        !number_from(text.substr(plus + 1), made.parity)) {
        return problem{"must look like \"4+2\", not \"" + std::string{text} + "\""};
    }
    if (made.data == 0 || made.data + made.parity > 255) {
        return problem{"must have at least one data shard and at most 255 shards"};
    }
    return made;
}

std::expected<endpoint, std::string> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    endpoint made;
    if (colon == std::string_view::npos || colon == 0 ||
        !number_from(text.substr(colon + 1), made.port)) {
        return problem{"must look like \"127.0.0.1:9000\", not \"" + std::string{text} + "\""};
    }
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    made.host = host;
    return made;
}

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::expected<config, std::string> parse_config(std::string_view text,
                                                const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    toml::parse_result parsed = toml::parse(text, name);
    if (!parsed) {
        const toml::parse_error& wrong = parsed.error();
        return problem{name + ":" + std::to_string(wrong.source().begin.line) + ": " +
                       std::string{wrong.description()}};
    }
    const std::filesystem::path base = file.parent_path();
    config made;
    section top{parsed.table(), "", name};

    std::string wrong = one_table(top, "cluster", name, [&](section& s) {
        s.take("name", made.name);
        s.take("region", made.region);
        s.take_parsed("code", made.code, parse_code);
        s.take_parsed("listen", made.listen, parse_endpoint);
        if (const toml::node* node = s.find("domains")) {
            made.domains.clear();
            const toml::array* list = node->as_array();
            for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
                if (const auto* one = list->get(i)->as_string()) made.domains.push_back(one->get());
            }
            if (list == nullptr || made.domains.size() != list->size()) {
                s.complain(*node, "domains", "must be a list of texts");
            }
        }
    });
    if (wrong.empty()) {
        wrong = one_table(top, "meta", name, [&](section& s) {
            s.take("store", made.meta_store);
            s.take_path("path", made.meta_path, base);
            s.not_yet("parts");
        });
    }
    if (wrong.empty()) {
        wrong = each_table(top, "nodes", name, [&](section& s) {
            node_entry node;
            s.need("id");
            s.need("path");
            s.take("id", node.id);
            s.take_parsed("address", node.address, parse_endpoint);
            s.take_path("path", node.path, base);
            s.take("domain", node.domain);
            s.not_yet("weight");
            made.nodes.push_back(std::move(node));
        });
    }
    if (wrong.empty()) {
        wrong = each_table(top, "gateways", name, [&](section& s) {
            gateway_entry gateway;
            s.need("id");
            s.need("listen");
            s.take("id", gateway.id);
            s.take_parsed("listen", gateway.listen, parse_endpoint);
            made.gateways.push_back(std::move(gateway));
        });
    }
    if (wrong.empty()) {
        wrong = one_table(top, "tls", name, [&](section& s) {
            tls_files files;
            for (const char* key : {"ca", "cert", "key"}) s.need(key);
            s.take_path("ca", files.ca, base);
            s.take_path("cert", files.cert, base);
            s.take_path("key", files.key, base);
            made.tls = std::move(files);
        });
    }
    if (wrong.empty()) {
        wrong = each_table(top, "auth", name, [&](section& s) {
            credential one;
            for (const char* key : {"access_key", "secret_key"}) s.need(key);
            s.take("access_key", one.access_key);
            s.take("secret_key", one.secret_key);
            one.user_id = one.access_key;
            s.take("user_id", one.user_id);
            one.display_name = one.user_id;
            s.take("display_name", one.display_name);
            made.auth.push_back(std::move(one));
        });
    }
    for (const char* later : {"placement", "heal", "discovery"}) top.not_yet(later);
    top.refuse_unknown();
    if (wrong.empty()) wrong = top.what();
    if (wrong.empty()) wrong = check_whole(made, name);
    if (!wrong.empty()) return problem{wrong};
    if (!parsed.table().contains("meta")) made.meta_path = base / made.meta_path;
    return made;
}

std::expected<config, std::string> load_config(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    if (!in) return problem{file.string() + ": cannot be read"};
    std::ostringstream text;
    text << in.rdbuf();
    return parse_config(text.str(), std::filesystem::absolute(file));
}

}  // namespace rsxd
