// SPDX-License-Identifier: Apache-2.0

// put and get: the two commands that move bytes.
#include "atomic_file.hpp"
#include "s3_commands.hpp"
#include "terminal.hpp"

#include <rsx/core/gather.hpp>
#include <rsx/digest/openssl.hpp>
#include <rsx/s3/client_results.hpp>
#include <rsx/s3/xml_writer.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

namespace rsx_cli {
namespace {

namespace fs = std::filesystem;
namespace s3 = rsx::s3;

constexpr std::uint64_t part_bytes_usual = 16 * rsx::mib;
constexpr std::uint64_t part_bytes_min = rsx::limits::part_bytes_min;
constexpr std::uint64_t part_bytes_max = rsx::gib;
constexpr unsigned parallel_bytes_max = 256 * rsx::mib;
constexpr std::size_t read_bytes = 256 * rsx::kib;

std::optional<s3::checksum_kind> kind_named(const std::string& name) {
    return s3::checksum_kind_named(name);
}

std::string host_of(const std::string& text) { return printable(text); }

// --- put ----------------------------------------------------------------------------------------

struct part {
    unsigned number{0};
    rsx::slice bytes{};
    std::optional<s3::checksum> sum{};
    std::string tag{};
};

// One upload: parts are read in order from one descriptor and sent by several workers.
class upload {
public:
    upload(s3_link& link, const s3_options& how, s3_url to, descriptor from, std::uint64_t size,
           bool sized)
        : link_{link},
          how_{how},
          to_{std::move(to)},
          from_{std::move(from)},
          size_{size},
          sized_{sized},
          kind_{kind_named(how.checksum)},
          bar_{"put " + printable(to_.key), size, !how.quiet} {}

    outcome<void> run() {
        auto first = next_part();
        if (!first) return std::unexpected(first.error());
        // A short first part is the whole object.
        const bool single = !*first || (*first)->bytes.size() < length_of(1) ||
                            (sized_ && size_ == (*first)->bytes.size());
        part head = *first ? std::move(**first) : part{};
        (void)link_.run(single ? put_whole(std::move(head)) : put_parts(std::move(head)));
        if (failed_ && !upload_id_.empty()) (void)link_.clean_up(abort());
        if (failed_) return std::unexpected(*failed_);
        bar_.finish("to " + host_of("s3://" + to_.bucket + "/" + to_.key));
        return {};
    }

private:
    [[nodiscard]] s3_request request(std::string method) const {
        s3_request made;
        made.method = std::move(method);
        made.bucket = to_.bucket;
        made.key = to_.key;
        return made;
    }

    // Parts grow, so that 10,000 of them hold the largest object there is.
    [[nodiscard]] std::uint64_t length_of(unsigned number) const {
        if (how_.part_bytes != 0) return how_.part_bytes;
        if (sized_) {
            const std::uint64_t least =
                (size_ + rsx::limits::parts_max - 1) / rsx::limits::parts_max;
            return std::max(part_bytes_usual, (least + rsx::mib - 1) / rsx::mib * rsx::mib);
        }
        if (number <= 1000) return part_bytes_usual;
        return number <= 4000 ? 4 * part_bytes_usual : 32 * part_bytes_usual;
    }

    // The next part with its checksum; nothing: the end. Reads on this thread: the disk is nearer
    // than the server.
    outcome<std::optional<part>> next_part() {
        part made;
        made.number = ++last_number_;
        std::uint64_t length = length_of(made.number);
        if (sized_ && last_number_ == 1)
            length = std::min(length, std::max<std::uint64_t>(size_, 1));
        rsx::buffer room = rsx::buffer::uninitialized(length);
        const auto n = read_next(from_, room.span());
        if (!n) return std::unexpected(n.error());
        if (*n == 0) return std::optional<part>{};
        if (made.number > rsx::limits::parts_max) {
            return give_up(exit_code::failed,
                           "more than 10,000 parts: choose a larger --part-size");
        }
        made.bytes = rsx::slice{std::move(room)}.part(0, *n);
        if (kind_) made.sum = s3::checksum_of(*kind_, made.bytes.view());
        return std::optional<part>{std::move(made)};
    }

    void add_sum(s3_request& to, const std::optional<s3::checksum>& sum) const {
        if (sum) to.headers.add(std::string{sum->header()}, sum->base64());
    }
    void fail_with(failure why) {
        if (!failed_) failed_ = std::move(why);
    }

    rsx::step put_whole(part all) {
        s3_request put = request("PUT");
        if (!how_.content_type.empty()) put.headers.add("Content-Type", how_.content_type);
        if (kind_ && !all.sum) all.sum = s3::checksum_of(*kind_, {});
        add_sum(put, all.sum);
        put.body = all.bytes;
        auto calling = link_.call(put);
        const auto reply = co_await calling;
        if (!reply) {
            fail_with(explain(link_.settings(), put, reply.error()));
        } else if (!reply->good()) {
            fail_with(explain(link_.settings(), put, *reply));
        }
        bar_.add(all.bytes.size());
        co_return rsx::status{};
    }

    rsx::step put_parts(part first) {
        s3_request begin = request("POST");
        begin.query.add("uploads", "");
        if (!how_.content_type.empty()) begin.headers.add("Content-Type", how_.content_type);
        if (kind_) {
            begin.headers.add("x-amz-checksum-algorithm", std::string{s3::name_of(*kind_)});
            begin.headers.add("x-amz-checksum-type", "FULL_OBJECT");
        }
        auto beginning = link_.call(begin);
        const auto begun = co_await beginning;
        if (!begun || !begun->good()) {
            fail_with(begun ? explain(link_.settings(), begin, *begun)
                            : explain(link_.settings(), begin, begun.error()));
            co_return rsx::status{};
        }
        const auto parsed = s3::parse_initiate_upload(begun->body);
        if (!parsed || parsed->upload_id.empty()) {
            fail_with({exit_code::failed, "the server began no upload: " + printable(begun->body)});
            co_return rsx::status{};
        }
        upload_id_ = parsed->upload_id;

        waiting_.emplace(std::move(first));
        const std::uint64_t together = parallel_bytes_max / length_of(1);
        const std::uint64_t workers =
            std::clamp<std::uint64_t>(together, 1, std::max(1u, how_.parallel));
        std::vector<rsx::step> all;
        for (std::uint64_t i = 0; i < workers; ++i) all.push_back(send_parts());
        auto sending = rsx::gather(std::move(all));
        (void)co_await sending;
        if (failed_) co_return rsx::status{};
        auto completing = complete();
        co_return co_await completing;
    }

    // A worker: part after part until there are none or one has failed.
    rsx::step send_parts() {
        while (!failed_) {
            outcome<std::optional<part>> next = std::optional<part>{};
            if (waiting_) {
                next = std::exchange(waiting_, std::nullopt);
            } else if (!ended_) {
                next = next_part();
            }
            if (!next) {
                fail_with(std::move(next.error()));
                break;
            }
            if (!*next) {
                ended_ = true;
                break;
            }
            auto sending = send_part(std::move(**next));
            (void)co_await sending;
        }
        co_return rsx::status{};
    }

    rsx::step send_part(part one) {
        s3_request put = request("PUT");
        put.query.add("partNumber", std::to_string(one.number));
        put.query.add("uploadId", upload_id_);
        add_sum(put, one.sum);
        put.body = one.bytes;
        auto calling = link_.call(put);
        const auto reply = co_await calling;
        if (!reply || !reply->good()) {
            fail_with(reply ? explain(link_.settings(), put, *reply)
                            : explain(link_.settings(), put, reply.error()));
            co_return rsx::status{};
        }
        one.tag = reply->headers.get_or("etag", "");
        bar_.add(one.bytes.size());
        sizes_[one.number] = one.bytes.size();
        one.bytes = {};
        const unsigned number = one.number;
        sent_.emplace(number, std::move(one));
        co_return rsx::status{};
    }

    rsx::step complete() {
        s3_request end = request("POST");
        end.query.add("uploadId", upload_id_);
        s3::xml_writer xml;
        xml.open("CompleteMultipartUpload", s3::xml_namespace);
        std::optional<s3::checksum> whole;
        std::uint64_t size = 0;
        for (const auto& [number, one] : sent_) {
            xml.open("Part").leaf("PartNumber", number).leaf("ETag", one.tag);
            if (one.sum) {
                xml.leaf(s3::facts_of(one.sum->kind).element, one.sum->base64());
                whole = whole ? s3::combined(*whole, *one.sum, sizes_[number]) : *one.sum;
            }
            xml.close();
            size += sizes_[number];
        }
        xml.close();
        add_sum(end, whole);
        if (whole) end.headers.add("x-amz-checksum-type", "FULL_OBJECT");
        end.headers.add("Content-Type", "application/xml");
        const std::string text = xml.take();
        end.body = rsx::slice::copy_of(rsx::bytes_of(text));
        auto calling = link_.call(end);
        const auto reply = co_await calling;
        if (reply && reply->good() && s3::parse_complete_upload_result(reply->body)) {
            upload_id_.clear();
            co_return rsx::status{};
        }
        failure why = reply ? explain(link_.settings(), end, *reply)
                            : explain(link_.settings(), end, reply.error());
        // An answer that got lost may have been a good one: then the object is there.
        auto looking = is_there(size, whole);
        const bool there = co_await looking;
        if (there) {
            upload_id_.clear();
        } else {
            fail_with(std::move(why));
        }
        co_return rsx::status{};
    }

    rsx::task<bool> is_there(std::uint64_t size, std::optional<s3::checksum> sum) {
        if (!sum) co_return false;
        s3_request head = request("HEAD");
        head.headers.add("x-amz-checksum-mode", "ENABLED");
        auto calling = link_.call(head);
        const auto reply = co_await calling;
        co_return reply && reply->good() &&
            reply->headers.get_or("content-length", "") == std::to_string(size) &&
            reply->headers.get_or(sum->header(), "") == sum->base64();
    }

    rsx::step abort() {
        s3_request end = request("DELETE");
        end.query.add("uploadId", upload_id_);
        auto calling = link_.call(end);
        (void)co_await calling;
        co_return rsx::status{};
    }

    s3_link& link_;
    const s3_options& how_;
    s3_url to_;
    descriptor from_;
    std::uint64_t size_;
    bool sized_;
    std::optional<s3::checksum_kind> kind_;
    progress bar_;
    unsigned last_number_{0};
    bool ended_{false};
    std::string upload_id_;
    std::optional<part> waiting_;
    std::map<unsigned, part> sent_;
    std::map<unsigned, std::uint64_t> sizes_;
    std::optional<failure> failed_;
};

// --- get ----------------------------------------------------------------------------------------

// What the bytes of an object are compared with.
class proof {
public:
    // The best the answer offers: a checksum of the whole object, else an ETag that is an MD5.
    void choose(const s3::header_list& headers) {
        const bool composite = s3::same_ignoring_case(
            headers.get_or("x-amz-checksum-type", "FULL_OBJECT"), "COMPOSITE");
        for (const s3::checksum_facts& facts : s3::checksum_table) {
            const auto text = headers.get(facts.header);
            const auto parsed =
                text && !composite ? s3::parse_checksum(facts.kind, *text) : std::nullopt;
            if (!parsed || parsed->parts != 0) continue;
            wanted_ = *parsed;
            sums_.emplace(facts.kind);
            return;
        }
        const auto tag = s3::parse_etag(headers.get_or("etag", ""));
        const bool other = headers.has("x-amz-server-side-encryption-customer-algorithm") ||
                           headers.get_or("x-amz-server-side-encryption", "AES256") != "AES256";
        if (!tag || tag->parts != 0 || other) return;
        tag_ = *tag;
        md5_.emplace();
    }
    void update(rsx::byte_view bytes) {
        if (sums_) sums_->update(bytes);
        if (md5_) md5_->update(bytes);
    }
    [[nodiscard]] bool good() {
        if (sums_) return sums_->finish() == wanted_;
        return !md5_ || md5_->finish() == tag_.md5;
    }
    [[nodiscard]] std::string name() const {
        if (sums_) return std::string{s3::name_of(wanted_.kind)} + " agrees";
        return md5_ ? "ETag agrees" : "no checksum to compare with";
    }

private:
    s3::checksum wanted_{};
    std::optional<s3::checksummer> sums_;
    s3::etag tag_{};
    std::optional<rsx::digest::md5> md5_;
};

class download {
public:
    download(s3_link& link, const s3_options& how, s3_url from, std::optional<atomic_file> to)
        : link_{link}, how_{how}, from_{std::move(from)}, to_{std::move(to)} {}

    outcome<void> run() {
        (void)link_.run(fetch());
        if (!failed_ && !ended_) failed_ = failure{exit_code::failed, "interrupted"};
        if (failed_) return std::unexpected(*failed_);
        if (!proof_.good()) {
            return give_up(exit_code::lost, printable(request().url()) + " from " +
                                                link_.settings().endpoint +
                                                ": the bytes that came are not those its checksum "
                                                "is of; nothing was kept");
        }
        if (to_) {
            if (auto ok = to_->commit(); !ok) return ok;
        }
        bar_->finish("from " + printable(request().url()) + " (" + proof_.name() + ")");
        return {};
    }

private:
    [[nodiscard]] s3_request request() const {
        s3_request made;
        made.bucket = from_.bucket;
        made.key = from_.key;
        made.headers.add("x-amz-checksum-mode", "ENABLED");
        if (at_ > 0) {
            made.headers.add("Range", "bytes=" + std::to_string(at_) + "-");
            made.headers.add("If-Match", tag_);
        }
        return made;
    }

    // Answers that break are continued where they broke, if the object is still the same.
    rsx::step fetch() {
        for (unsigned attempt = 1;; ++attempt) {
            const std::uint64_t before = at_;
            s3_request get = request();
            auto opening = link_.stream(get);
            auto opened = co_await opening;
            rsx::error broke{rsx::errc::unavailable, "it is busy", 0};
            std::optional<failure> refused;
            if (!opened) {
                broke = opened.error();
                refused = explain(link_.settings(), get, broke);
            } else if (!(*opened)->head().good()) {
                const s3_reply& head = (*opened)->head();
                refused = explain(link_.settings(), get, head);
                if (head.status == 412) refused->what += " (it changed while it was read)";
                if (refused->code != exit_code::unavailable) broke.code = rsx::errc::invalid;
            } else {
                auto copying = copy(**opened);
                const rsx::status copied = co_await copying;
                if (failed_ || copied) {
                    ended_ = true;
                    co_return rsx::status{};
                }
                broke = copied.error();
                refused = explain(link_.settings(), get, broke);
            }
            const bool again =
                broke.code == rsx::errc::unavailable || broke.code == rsx::errc::corrupt ||
                broke.code == rsx::errc::timed_out || broke.code == rsx::errc::unknown_outcome;
            if (at_ > before) attempt = 1;
            bool may = again && (at_ == 0 || !tag_.empty());
            if (may) {
                auto pausing = link_.pause(attempt);
                may = co_await pausing;
            }
            if (may) continue;
            failed_ = std::move(refused);
            co_return rsx::status{};
        }
    }

    rsx::step copy(s3_stream& body) {
        const s3_reply& head = body.head();
        if (at_ == 0) begin(head);
        if (at_ > 0 && head.status != 206) {
            failed_ = failure{exit_code::failed, "the server cannot continue a broken download"};
            co_return rsx::status{};
        }
        if (room_.empty()) room_ = rsx::buffer::uninitialized(read_bytes);
        for (;;) {
            const rsx::byte_span into = room_.span();
            auto reading = body.read(into);
            const auto n = co_await reading;
            if (!n) co_return std::unexpected(n.error());
            if (*n == 0) break;
            const rsx::byte_view bytes = room_.view().first(*n);
            const auto written = to_ ? to_->write_next(bytes) : write_next(STDOUT_FILENO, bytes);
            if (!written) {
                failed_ = written.error();
                co_return rsx::status{};
            }
            proof_.update(bytes);
            bar_->add(*n);
            at_ += *n;
        }
        if (size_ && at_ != *size_) {
            co_return rsx::fail(rsx::errc::corrupt, "the body of an answer ended early", at_);
        }
        co_return rsx::status{};
    }

    void begin(const s3_reply& head) {
        if (bar_) return;
        tag_ = head.headers.get_or("etag", "");
        size_ = s3::number_in(head.headers.get_or("content-length", "-"),
                              std::numeric_limits<std::uint64_t>::max());
        proof_.choose(head.headers);
        bar_.emplace("get " + printable(from_.key), size_.value_or(0), !how_.quiet);
    }

    s3_link& link_;
    const s3_options& how_;
    s3_url from_;
    std::optional<atomic_file> to_;
    std::optional<progress> bar_;
    proof proof_;
    rsx::buffer room_;
    std::uint64_t at_{0};
    std::optional<std::uint64_t> size_;
    std::string tag_;
    bool ended_{false};
    std::optional<failure> failed_;
};

// The last part of a key as a file's name; keys are other people's text.
outcome<fs::path> name_for(const std::string& key) {
    const std::string name = key.substr(key.rfind('/') + 1);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != name.npos) {
        return give_up(exit_code::usage,
                       "\"" + printable(key) + "\" ends in no name for a file: say where to write");
    }
    return fs::path{name};
}

}  // namespace

outcome<void> run_put(const s3_options& how) {
    auto to = parse_s3_url(how.url);
    if (!to) return std::unexpected(to.error());
    const bool standard_input = how.file == "-";
    if (to->bucket.empty()) return give_up(exit_code::usage, how.url + " names no bucket");
    if (to->key.empty() || to->key.ends_with('/')) {
        if (standard_input) {
            return give_up(exit_code::usage, "standard input has no name: end the URL with a key");
        }
        to->key += how.file.filename().string();
    }
    if (how.checksum != "none" && !kind_named(how.checksum)) {
        return give_up(exit_code::usage, "--checksum is crc64nvme, crc32c or none");
    }
    if (how.part_bytes != 0 &&
        (how.part_bytes < part_bytes_min || how.part_bytes > part_bytes_max)) {
        return give_up(exit_code::usage, "--part-size is from 5 MiB to 1 GiB");
    }
    auto from = standard_input ? outcome<descriptor>{descriptor{::dup(STDIN_FILENO)}}
                               : open_to_read(how.file);
    if (!from) return std::unexpected(from.error());
    struct stat facts{};
    const bool sized = ::fstat(from->get(), &facts) == 0 && S_ISREG(facts.st_mode);
    const auto settings = settle_s3(how.settings);
    if (!settings) return std::unexpected(settings.error());
    auto link = s3_link::open(*settings);
    if (!link) return std::unexpected(link.error());
    const auto size = sized ? static_cast<std::uint64_t>(facts.st_size) : 0;
    return upload{**link, how, std::move(*to), std::move(*from), size, sized && !standard_input}
        .run();
}

outcome<void> run_get(const s3_options& how) {
    auto from = parse_s3_url(how.url);
    if (!from) return std::unexpected(from.error());
    if (from->bucket.empty() || from->key.empty()) {
        return give_up(exit_code::usage, how.url + " names no object: s3://bucket/key");
    }
    std::optional<atomic_file> to;
    if (how.file != "-") {
        fs::path target = how.file;
        std::error_code ignored;
        if (target.empty() || fs::is_directory(target, ignored)) {
            const auto name = name_for(from->key);
            if (!name) return std::unexpected(name.error());
            target /= *name;
        }
        auto made = atomic_file::create(target, how.force ? replace::yes : replace::no);
        if (!made) return std::unexpected(made.error());
        to.emplace(std::move(*made));
    }
    const auto settings = settle_s3(how.settings);
    if (!settings) return std::unexpected(settings.error());
    auto link = s3_link::open(*settings);
    if (!link) return std::unexpected(link.error());
    return download{**link, how, std::move(*from), std::move(to)}.run();
}

}  // namespace rsx_cli
