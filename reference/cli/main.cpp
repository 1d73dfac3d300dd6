// SPDX-License-Identifier: Apache-2.0
#include "cluster.hpp"
#include "demo.hpp"
#include "s3_commands.hpp"
#include "shard_commands.hpp"
#include "terminal.hpp"

#include "config.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>

namespace {

using rsx_cli::exit_code;
using rsx_cli::failure;
using rsx_cli::outcome;

constexpr const char* about =
    "rsx: erasure-coded files, S3 objects, and clusters of rsxd.\n\n"
    "  rsx demo                                      lose two of six shards, and nothing is lost\n"
    "  rsx encode film.mkv --code 10+4 --out shards  any ten of the fourteen files suffice\n"
    "  rsx decode shards film.mkv\n"
    "  rsx mb s3://films && rsx put film.mkv s3://films/\n"
    "  rsx cluster init --config cluster.toml\n\n"
    "`rsx COMMAND --help` explains each with examples.";

constexpr const char* exits =
    "\nExit codes: 0 done · 1 failed · 2 wrong usage · 3 not found · 4 too few shards, or bytes\n"
    "that are not what was written · 5 refused · 6 unavailable, try again later";

constexpr const char* s3_environment =
    "\n\nEnvironment: RSX_ENDPOINT; RSX_ACCESS_KEY and RSX_SECRET_KEY, or AWS_ACCESS_KEY_ID and\n"
    "AWS_SECRET_ACCESS_KEY; AWS_REGION; AWS_CA_BUNDLE. Without keys, loopback endpoints get the\n"
    "development keys.";

// A command is a subcommand of CLI11 and what to run once the line has been understood.
class program {
public:
    program() : app_{about, "rsx"} {
        app_.set_version_flag("--version", "rsx " RSX_VERSION);
        app_.require_subcommand(1);
        app_.footer(exits);
        add_demo();
        add_encode();
        add_shard_command("decode", "Bring a file back from its shard files.",
                          "Examples:\n"
                          "  rsx decode shards film.mkv\n"
                          "  rsx decode shards .            into this folder, under its own name\n"
                          "  rsx decode shards - | mpv -    to standard output\n\n"
                          "Shards are known by what is in them: rename, reorder, lose up to m.\n"
                          "OUT appears when every byte was checked, or not at all.",
                          rsx_cli::run_decode);
        add_shard_command("verify", "Read every shard and say what is whole, damaged, missing.",
                          "Examples:\n"
                          "  rsx verify shards\n"
                          "  rsx verify --quiet shards || rsx repair shards\n\n"
                          "Ends with 0: whole · 1: damaged, `rsx repair` mends it · 4: lost.",
                          rsx_cli::run_verify);
        add_shard_command("repair", "Make missing and damaged shard files anew from the others.",
                          "Examples:\n"
                          "  rsx repair shards\n\n"
                          "Whole shards are not touched. A damaged one is replaced when its\n"
                          "successor is whole and on disk.",
                          rsx_cli::run_repair);
        add_put();
        add_get();
        add_ls();
        add_rm();
        add_buckets();
        add_cluster();
    }

    int run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ParseError& wrong) {
            const int shown = app_.exit(wrong);
            return shown == 0 ? 0 : static_cast<int>(exit_code::usage);
        }
        const outcome<void> ended = chosen_();
        std::fflush(stdout);
        return ended ? 0 : rsx_cli::complain(ended.error());
    }

private:
    using action = std::function<outcome<void>()>;

    CLI::App& command(CLI::App& below, const char* name, const char* what,
                      const std::string& examples, action what_to_do) {
        CLI::App* const made = below.add_subcommand(name, what);
        made->footer("\n" + examples);
        made->callback([this, act = std::move(what_to_do)] { chosen_ = act; });
        return *made;
    }

    void add_demo() {
        command(app_, "demo", "Encode a sentence, delete two shards, bring it back.",
                "Examples:\n  rsx demo", rsx_cli::run_demo);
    }

    void add_encode() {
        CLI::App& made = command(
            app_, "encode", "Cut a file into k data and m parity shard files; any k bring it back.",
            "Examples:\n"
            "  rsx encode film.mkv --code 10+4 --out shards\n"
            "  tar c photos | rsx encode - --name photos.tar --code 4+2 --out shards\n\n"
            "Put the shard files on different disks. Memory stays small whatever the size.",
            [this] { return encode(); });
        made.add_option("FILE", encode_.file, "the file, or - for standard input")->required();
        made.add_option("--code", code_, "data+parity shards")->capture_default_str();
        made.add_option("--out", encode_.folder,
                        "folder for the shard files, made if it is not there")
            ->required();
        made.add_option("--generator", generator_,
                        "rows of the code: ones-vandermonde, backblaze, cauchy, isal-rs, par1, "
                        "ones-cauchy")
            ->capture_default_str();
        made.add_option("--name", encode_.name, "the name to record instead of FILE's");
        made.add_flag("--force", encode_.force, "replace shard files of the same name");
        made.add_flag("--no-sync{false}", encode_.wait_for_disk,
                      "do not wait until the disk has it");
        made.add_flag("-q,--quiet", encode_.quiet, "no progress, no summary");
    }

    outcome<void> encode() {
        const auto code = rsxd::parse_code(code_);
        if (!code) return rsx_cli::give_up(exit_code::usage, "--code " + code.error());
        encode_.data = code->data;
        encode_.parity = code->parity;
        for (unsigned i = 1; i < static_cast<unsigned>(rsx::codec::generator::custom); ++i) {
            const auto rows = static_cast<rsx::codec::generator>(i);
            if (name_of(rows) != generator_) continue;
            encode_.rows = rows;
            return rsx_cli::run_encode(encode_);
        }
        return rsx_cli::give_up(exit_code::usage,
                                "--generator: there is no \"" + generator_ + "\"");
    }

    void add_shard_command(const char* name, const char* what, const char* examples,
                           outcome<void> (*act)(const rsx_cli::shard_options&)) {
        CLI::App& made = command(app_, name, what, examples, [this, act] { return act(shards_); });
        made.add_option("DIR", shards_.folder, "the folder with the shard files")->required();
        const bool decodes = std::string_view{name} == "decode";
        if (decodes) {
            made.add_option("OUT", shards_.out, "the file to write; a folder, or - for stdout")
                ->required();
        }
        made.add_option("--set", shards_.set,
                        "which set, where several lie in DIR: the first digits of its id");
        if (std::string_view{name} != "verify") {
            made.add_flag("--force", shards_.force, "replace what is there");
        }
        made.add_flag("-q,--quiet", shards_.quiet, "no progress, no summary");
    }

    // --- S3
    // ---------------------------------------------------------------------------------------

    CLI::App& s3_command(const char* name, const char* what, const std::string& examples,
                         outcome<void> (*act)(const rsx_cli::s3_options&)) {
        CLI::App& made =
            command(app_, name, what, examples + s3_environment, [this, act] { return act(s3_); });
        made.add_option("--endpoint", s3_.settings.endpoint,
                        "http://HOST:PORT or https://HOST (default: RSX_ENDPOINT, or "
                        "http://127.0.0.1:9000)");
        made.add_option("--region", s3_.settings.region,
                        "the region signatures name (default: AWS_REGION, or us-east-1)");
        made.add_option("--ca-file", s3_.settings.ca_file,
                        "PEM file of authorities for https (default: the system's)");
        made.add_flag("-q,--quiet", s3_.quiet, "no progress, no summary");
        return made;
    }

    void add_put() {
        CLI::App& made =
            s3_command("put", "Store a file as an object.",
                       "Examples:\n"
                       "  rsx put film.mkv s3://films/            under its own name\n"
                       "  rsx put film.mkv s3://films/a/b.mkv\n"
                       "  tar c photos | rsx put - s3://backup/photos.tar\n\n"
                       "Large files go in parts, several at once; each with a checksum\n"
                       "that the server compares.",
                       rsx_cli::run_put);
        made.add_option("FILE", s3_.file, "the file, or - for standard input")->required();
        made.add_option("URL", s3_.url, "s3://bucket/key, or s3://bucket/folder/")->required();
        made.add_option("--content-type", s3_.content_type, "as the object's Content-Type");
        made.add_option("--checksum", s3_.checksum, "crc64nvme, crc32c, or none")
            ->capture_default_str();
        made.add_option("--part-size", s3_.part_bytes,
                        "of large files, such as 64MiB (default 16MiB)")
            ->transform(CLI::AsSizeValue(false));
        made.add_option("--parallel", s3_.parallel, "parts on their way at once")
            ->capture_default_str()
            ->check(CLI::Range(1, 64));
    }

    void add_get() {
        CLI::App& made =
            s3_command("get", "Fetch an object into a file.",
                       "Examples:\n"
                       "  rsx get s3://films/film.mkv             into this folder\n"
                       "  rsx get s3://films/film.mkv here.mkv --force\n"
                       "  rsx get s3://backup/photos.tar - | tar x\n\n"
                       "The file appears when all of it came and its checksum agrees;\n"
                       "a download that breaks is continued where it broke.",
                       rsx_cli::run_get);
        made.add_option("URL", s3_.url, "s3://bucket/key")->required();
        made.add_option("FILE", s3_.file, "the file, a folder, or - for standard output");
        made.add_flag("--force", s3_.force, "replace what is there");
    }

    void add_ls() {
        CLI::App& made = s3_command("ls", "List buckets, or the objects of one.",
                                    "Examples:\n"
                                    "  rsx ls\n"
                                    "  rsx ls s3://films --human\n"
                                    "  rsx ls s3://films/2024/ --recursive\n\n"
                                    "Control characters in keys are shown as \\xNN.",
                                    rsx_cli::run_ls);
        made.add_option("URL", s3_.url, "s3://bucket, s3://bucket/prefix");
        made.add_flag("-r,--recursive", s3_.recursive, "keys, rather than folders");
        made.add_flag("--human", s3_.human, "sizes in KiB, MiB, GiB, and a sum");
        made.add_option("--page-size", s3_.page, "keys to ask for at once")
            ->capture_default_str()
            ->check(CLI::Range(1, 1000));
    }

    void add_rm() {
        CLI::App& made =
            s3_command("rm", "Remove an object, or all below a folder.",
                       "Examples:\n"
                       "  rsx rm s3://films/film.mkv\n"
                       "  rsx rm --recursive s3://films/2024      that key and 2024/...\n\n"
                       "s3://films/2024 never takes s3://films/2024-extra with it.",
                       rsx_cli::run_rm);
        made.add_option("URL", s3_.url, "s3://bucket/key")->required();
        made.add_flag("-r,--recursive", s3_.recursive, "all below it too");
    }

    void add_buckets() {
        s3_command("mb", "Make a bucket.", "Examples:\n  rsx mb s3://films", rsx_cli::run_mb)
            .add_option("URL", s3_.url, "s3://bucket")
            ->required();
        CLI::App& remove = s3_command("rb", "Remove an empty bucket.",
                                      "Examples:\n  rsx rb s3://films\n"
                                      "  rsx rb --force s3://films        with all that is in it",
                                      rsx_cli::run_rb);
        remove.add_option("URL", s3_.url, "s3://bucket")->required();
        remove.add_flag("--force", s3_.force, "remove its objects first");
    }

    // --- cluster
    // ----------------------------------------------------------------------------------

    CLI::App& cluster_command(CLI::App& below, const char* name, const char* what,
                              const std::string& examples,
                              outcome<void> (*act)(const rsx_cli::cluster_options&)) {
        CLI::App& made =
            command(below, name, what, examples, [this, act] { return act(cluster_); });
        made.add_option("--config", cluster_.config_file, "the cluster's cluster.toml")
            ->capture_default_str();
        made.add_flag("-q,--quiet", cluster_.quiet, "say nothing but errors");
        return made;
    }

    void add_cluster() {
        CLI::App& below = *app_.add_subcommand("cluster", "Lay out, mend and look at clusters.");
        below.require_subcommand(1);
        CLI::App& init = cluster_command(
            below, "init", "Write cluster.toml if there is none, and lay the cluster out.",
            "Examples:\n"
            "  rsx cluster init --config cluster.toml\n"
            "  rsx cluster init --config c/cluster.toml --nodes 14 --code 10+4 --port 9000\n\n"
            "Gives every node's folder its identity and writes the first layout into the\n"
            "metadata. A cluster that is there is never touched.",
            rsx_cli::run_cluster_init);
        init.add_option("--nodes", cluster_.nodes, "shard nodes (6)")->check(CLI::Range(1, 255));
        init.add_option("--code", cluster_.code, "data+parity of new objects (4+2)");
        init.add_option("--port", cluster_.port,
                        "the gateway's (9000); node N listens on port + 100 + N");

        CLI::App& replace = cluster_command(
            below, "replace", "Give a node whose disk is lost a fresh folder.",
            "Examples:\n"
            "  rsx cluster replace --config cluster.toml --node 3\n\n"
            "The gateway must be stopped. The node becomes its next incarnation; what the old\n"
            "folder held is owed from then on.",
            rsx_cli::run_cluster_replace);
        replace.add_option("--node", cluster_.node, "which [[nodes]] id")->required();

        CLI::App& certs = cluster_command(
            below, "certs", "Make an authority and certificates for node-to-node TLS.",
            "Examples:\n"
            "  rsx cluster certs --config cluster.toml --out certs\n\n"
            "Files that are there are kept, so that it can be run again when a node is added.",
            rsx_cli::run_cluster_certs);
        certs.add_option("--out", cluster_.folder, "the folder for them")->required();
        certs.add_option("--days", cluster_.days, "how long they are good")
            ->capture_default_str()
            ->check(CLI::Range(1, 36500));

        CLI::App& status = cluster_command(
            below, "status", "Ask the gateway and every shard node how they are.",
            "Examples:\n"
            "  rsx cluster status --config cluster.toml\n"
            "  rsx cluster status --config cluster.toml --node 3 --quiet && echo up\n\n"
            "Ends with 0 only if all that was asked about is up, else with 6.",
            rsx_cli::run_cluster_status);
        status.add_option("--node", cluster_.node, "only this [[nodes]] id");
        status.add_option("--gateway", cluster_.ask, "HOST:PORT, if not where the file says");
        status.add_flag("--json", cluster_.json, "as one line of JSON");
    }

    CLI::App app_;
    action chosen_{};
    rsx_cli::encode_options encode_{};
    std::string code_{"10+4"};
    std::string generator_{"ones-vandermonde"};
    rsx_cli::shard_options shards_{};
    rsx_cli::s3_options s3_{};
    rsx_cli::cluster_options cluster_{};
};

}  // namespace

int main(int argc, char** argv) {
    rsx_cli::watch_for_interrupts();
    return program{}.run(argc, argv);
}
