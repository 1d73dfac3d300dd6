// SPDX-License-Identifier: Apache-2.0

// The commands that move no bodies: ls, rm, mb, rb.
#include "s3_commands.hpp"

#include "terminal.hpp"

#include <rsx/s3/canonical.hpp>
#include <rsx/s3/client_results.hpp>
#include <rsx/s3/xml_writer.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <functional>
#include <optional>

namespace rsx_cli {
namespace {

namespace s3 = rsx::s3;

// One command's conversation: calls in a row, the first failure ends it.
class conversation {
public:
    static outcome<conversation> open(const s3_options& how) {
        conversation made;
        const auto settings = settle_s3(how.settings);
        if (!settings) return std::unexpected(settings.error());
        auto link = s3_link::open(*settings);
        if (!link) return std::unexpected(link.error());
        made.link_ = std::move(*link);
        return made;
    }

    // The answer, if it is a good one.
    outcome<s3_reply> ask(const s3_request& request) {
        rsx::result<s3_reply> reply = rsx::fail(rsx::errc::cancelled, "interrupted");
        (void)link_->run(hear(*link_, request, reply));
        if (!reply) return std::unexpected(explain(link_->settings(), request, reply.error()));
        if (!reply->good()) return std::unexpected(explain(link_->settings(), request, *reply));
        return std::move(*reply);
    }

private:
    conversation() = default;
    static rsx::step hear(s3_link& link, const s3_request& request, rsx::result<s3_reply>& into) {
        auto calling = link.call(request);
        into = co_await calling;
        co_return rsx::status{};
    }
    std::unique_ptr<s3_link> link_;
};

s3_request about(std::string method, std::string bucket, std::string key = {}) {
    s3_request made;
    made.method = std::move(method);
    made.bucket = std::move(bucket);
    made.key = std::move(key);
    return made;
}

std::string time_text(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    return text.data();
}

std::string size_text(std::uint64_t bytes, bool human) {
    return human ? human_size(bytes) : std::to_string(bytes);
}

using page_reader = std::function<outcome<void>(const s3::list_objects_v2_result&)>;

// Page after page of ListObjectsV2.
outcome<void> each_page(conversation& with, const s3_url& from, const std::string& delimiter,
                        unsigned page_keys, const page_reader& read) {
    std::string token;
    for (;;) {
        s3_request list = about("GET", from.bucket);
        list.query.add("list-type", "2");
        list.query.add("encoding-type", "url");
        list.query.add("max-keys", std::to_string(page_keys));
        if (!from.key.empty()) list.query.add("prefix", from.key);
        if (!delimiter.empty()) list.query.add("delimiter", delimiter);
        if (!token.empty()) list.query.add("continuation-token", token);
        const auto reply = with.ask(list);
        if (!reply) return std::unexpected(reply.error());
        const auto page = s3::parse_list_objects_v2(reply->body);
        if (!page) return give_up(exit_code::failed, "the server sent no listing");
        if (auto ok = read(*page); !ok) return ok;
        if (!page->truncated) return {};
        if (page->next_token.empty() || page->next_token == token) {
            return give_up(exit_code::failed, "the server's listing does not go on");
        }
        token = page->next_token;
    }
}

outcome<void> list_buckets(conversation& with) {
    const auto reply = with.ask(about("GET", {}));
    if (!reply) return std::unexpected(reply.error());
    const auto all = s3::parse_list_buckets(reply->body);
    if (!all) return give_up(exit_code::failed, "the server sent no list of buckets");
    for (const s3::bucket_entry& one : all->buckets) {
        std::printf("%s  s3://%s\n", time_text(one.created_ms).c_str(),
                    printable(one.name).c_str());
    }
    return {};
}

// DeleteObjects for up to 1,000 keys.
outcome<void> remove_keys(conversation& with, const std::string& bucket,
                          const std::vector<std::string>& keys) {
    s3_request remove = about("POST", bucket);
    remove.query.add("delete", "");
    s3::xml_writer xml;
    xml.open("Delete", s3::xml_namespace).leaf("Quiet", true);
    for (const std::string& key : keys) xml.open("Object").leaf("Key", key).close();
    xml.close();
    const std::string text = xml.take();
    const auto sum = s3::checksum_of(s3::checksum_kind::crc32, rsx::bytes_of(text));
    remove.headers.add(std::string{sum.header()}, sum.base64());
    remove.headers.add("Content-MD5",
                       rsx::digest::base64_encode(rsx::digest::md5_of(rsx::bytes_of(text))));
    remove.headers.add("Content-Type", "application/xml");
    remove.body = rsx::slice::copy_of(rsx::bytes_of(text));
    const auto reply = with.ask(remove);
    if (!reply) return std::unexpected(reply.error());
    const auto gone = s3::parse_delete_result(reply->body);
    if (!gone) return give_up(exit_code::failed, "the server does not say what it deleted");
    if (!gone->errors.empty()) {
        const s3::undeleted_entry& first = gone->errors.front();
        return give_up(exit_code::failed, std::to_string(gone->errors.size()) +
                                              " keys were not deleted, first s3://" + bucket + "/" +
                                              printable(first.key) + ": " + printable(first.code) +
                                              ": " + printable(first.message));
    }
    return {};
}

// What lies below `from`: the key itself, and every key that goes on with "/"; a/file is not
// a/file2.
outcome<std::uint64_t> remove_below(conversation& with, const s3_url& from, const s3_options& how) {
    std::uint64_t count = 0;
    const bool folder = from.key.empty() || from.key.ends_with('/');
    auto listed = each_page(
        with, from, {}, 1000, [&](const s3::list_objects_v2_result& page) -> outcome<void> {
            std::vector<std::string> keys;
            for (const s3::object_entry& one : page.contents) {
                const bool below =
                    folder || one.key.size() == from.key.size() || one.key[from.key.size()] == '/';
                if (below) keys.push_back(one.key);
            }
            if (keys.empty()) return {};
            if (auto ok = remove_keys(with, from.bucket, keys); !ok) return ok;
            count += keys.size();
            for (const std::string& key : keys) {
                if (!how.quiet)
                    std::printf("s3://%s/%s\n", from.bucket.c_str(), printable(key).c_str());
            }
            return {};
        });
    if (!listed) return std::unexpected(listed.error());
    return count;
}

outcome<s3_url> bucket_of(const s3_options& how) {
    auto url = parse_s3_url(how.url);
    if (!url) return url;
    if (url->bucket.empty() || !url->key.empty()) {
        return give_up(exit_code::usage, printable(how.url) + " is no bucket: s3://bucket");
    }
    return url;
}

}  // namespace

outcome<s3_url> parse_s3_url(std::string_view text) {
    constexpr std::string_view scheme = "s3://";
    if (!text.starts_with(scheme)) {
        return give_up(exit_code::usage,
                       "\"" + printable(text) + "\" is no URL of S3: s3://bucket/key");
    }
    text.remove_prefix(scheme.size());
    const std::size_t slash = text.find('/');
    s3_url made;
    made.bucket = text.substr(0, slash);
    if (slash != text.npos) made.key = text.substr(slash + 1);
    if (made.bucket.empty() && slash != text.npos) {
        return give_up(exit_code::usage, "\"s3://" + printable(text) + "\" names no bucket");
    }
    return made;
}

outcome<void> run_ls(const s3_options& how) {
    const auto from = how.url.empty() ? outcome<s3_url>{s3_url{}} : parse_s3_url(how.url);
    if (!from) return std::unexpected(from.error());
    auto with = conversation::open(how);
    if (!with) return std::unexpected(with.error());
    if (from->bucket.empty()) return list_buckets(*with);
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    const std::string delimiter = how.recursive ? "" : "/";
    auto listed = each_page(
        *with, *from, delimiter, how.page,
        [&](const s3::list_objects_v2_result& page) -> outcome<void> {
            for (const std::string& prefix : page.common_prefixes)
                std::printf("%19s  %12s  %s\n", "", "folder", printable(prefix).c_str());
            for (const s3::object_entry& one : page.contents) {
                std::printf("%s  %12s  %s\n", time_text(one.modified_ms).c_str(),
                            size_text(one.size, how.human).c_str(), printable(one.key).c_str());
                bytes += one.size;
            }
            count += page.contents.size() + page.common_prefixes.size();
            return {};
        });
    if (!listed) return listed;
    if (count == 0 && !from->key.empty()) {
        return give_up(exit_code::not_found, "nothing begins with " + printable(how.url));
    }
    if (how.human) {
        std::printf("%llu entries, %s\n", static_cast<unsigned long long>(count),
                    human_size(bytes).c_str());
    }
    return {};
}

outcome<void> run_rm(const s3_options& how) {
    const auto from = parse_s3_url(how.url);
    if (!from) return std::unexpected(from.error());
    if (from->bucket.empty() || (from->key.empty() && !how.recursive)) {
        return give_up(exit_code::usage,
                       printable(how.url) + " names no object; --recursive removes all below it");
    }
    auto with = conversation::open(how);
    if (!with) return std::unexpected(with.error());
    if (how.recursive) {
        const auto count = remove_below(*with, *from, how);
        if (!count) return std::unexpected(count.error());
        if (*count == 0) {
            return give_up(exit_code::not_found, "nothing lies below " + printable(how.url));
        }
        return {};
    }
    const auto gone = with->ask(about("DELETE", from->bucket, from->key));
    if (!gone) return std::unexpected(gone.error());
    return {};
}

outcome<void> run_mb(const s3_options& how) {
    const auto bucket = bucket_of(how);
    if (!bucket) return std::unexpected(bucket.error());
    auto with = conversation::open(how);
    if (!with) return std::unexpected(with.error());
    const auto made = with->ask(about("PUT", bucket->bucket));
    if (!made) return std::unexpected(made.error());
    return {};
}

outcome<void> run_rb(const s3_options& how) {
    const auto bucket = bucket_of(how);
    if (!bucket) return std::unexpected(bucket.error());
    auto with = conversation::open(how);
    if (!with) return std::unexpected(with.error());
    if (how.force) {
        const auto emptied = remove_below(*with, *bucket, how);
        if (!emptied) return std::unexpected(emptied.error());
    }
    const auto gone = with->ask(about("DELETE", bucket->bucket));
    if (!gone) return std::unexpected(gone.error());
    return {};
}

}  // namespace rsx_cli
