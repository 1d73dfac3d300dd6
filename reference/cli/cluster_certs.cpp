// SPDX-License-Identifier: Apache-2.0

// Certificates for node-to-node TLS: an authority of the cluster's own, and one certificate a node
// and gateway whose name says who it is. Keys are P-256 and stand in files only their owner reads.
#include "atomic_file.hpp"
#include "cluster.hpp"
#include "terminal.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <memory>
#include <set>

namespace rsx_cli {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* what) const {
        Free(what);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

constexpr unsigned authority_days = 3650;

struct pair_of {
    key_ptr key{};
    certificate_ptr certificate{};
};

std::unexpected<failure> openssl_failed(const std::string& doing) {
    std::array<char, 160> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return give_up(exit_code::failed, "cannot " + doing + ": " + text.data());
}

bool add_extension(X509* to, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    const bool added = made != nullptr && X509_add_ext(to, made, -1) == 1;
    X509_EXTENSION_free(made);
    return added;
}

bool add_name(X509_NAME* to, const char* field, const std::string& value) {
    const auto* const text = reinterpret_cast<const unsigned char*>(value.c_str());
    return X509_NAME_add_entry_by_txt(to, field, MBSTRING_UTF8, text, -1, -1, 0) == 1;
}

// A fresh key and a certificate for it; without issuer it is its own.
outcome<pair_of> make_pair_of(const std::string& name, const std::string& alternatives,
                              const pair_of* issuer, unsigned days) {
    pair_of made;
    made.key.reset(EVP_EC_gen("P-256"));
    made.certificate.reset(X509_new());
    if (!made.key || !made.certificate) return openssl_failed("make a key");
    X509* const it = made.certificate.get();
    X509* const by = issuer != nullptr ? issuer->certificate.get() : it;
    std::array<unsigned char, 16> serial{};
    if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) {
        return openssl_failed("draw a serial number");
    }
    serial[0] &= 0x7f;
    BIGNUM* const number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
    bool good =
        number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(it)) != nullptr;
    BN_free(number);
    good =
        good && X509_set_version(it, X509_VERSION_3) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(it), -3600) != nullptr &&
        X509_time_adj_ex(X509_getm_notAfter(it), static_cast<int>(days), 0, nullptr) != nullptr &&
        X509_set_pubkey(it, made.key.get()) == 1 &&
        add_name(X509_get_subject_name(it), "O", "rsx") &&
        add_name(X509_get_subject_name(it), "CN", name) &&
        X509_set_issuer_name(it, X509_get_subject_name(by)) == 1;
    if (issuer == nullptr) {
        good = good && add_extension(it, by, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(it, by, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        good = good && add_extension(it, by, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(it, by, NID_key_usage, "critical,digitalSignature") &&
               add_extension(it, by, NID_ext_key_usage, "serverAuth,clientAuth") &&
               add_extension(it, by, NID_subject_alt_name, alternatives);
    }
    good = good && add_extension(it, by, NID_subject_key_identifier, "hash") &&
           add_extension(it, by, NID_authority_key_identifier, "keyid:always");
    EVP_PKEY* const signs = issuer != nullptr ? issuer->key.get() : made.key.get();
    if (!good || X509_sign(it, signs, EVP_sha256()) == 0) return openssl_failed("make " + name);
    return made;
}

outcome<void> write_pem(const fs::path& file, bool secret, auto write) {
    const bio_ptr memory{BIO_new(BIO_s_mem())};
    if (!memory || !write(memory.get())) return openssl_failed("write " + file.string());
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    auto made = atomic_file::create(file, replace::no);
    if (!made) return std::unexpected(made.error());
    if (secret && ::fchmod(made->file().get(), 0600) != 0) {
        return std::unexpected(system_failure("cannot protect " + file.string(), errno));
    }
    const std::string_view bytes{text, static_cast<std::size_t>(size)};
    if (auto ok = made->write_next(rsx::bytes_of(bytes)); !ok) return ok;
    return made->commit();
}

outcome<void> write_pair(const fs::path& folder, const std::string& name, const pair_of& what) {
    auto key = write_pem(folder / (name + ".key"), true, [&](BIO* to) {
        return PEM_write_bio_PrivateKey(to, what.key.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr) == 1;
    });
    if (!key) return key;
    return write_pem(folder / (name + ".pem"), false,
                     [&](BIO* to) { return PEM_write_bio_X509(to, what.certificate.get()) == 1; });
}

outcome<pair_of> read_pair(const fs::path& folder, const std::string& name) {
    pair_of read;
    const bio_ptr key{BIO_new_file((folder / (name + ".key")).c_str(), "r")};
    const bio_ptr certificate{BIO_new_file((folder / (name + ".pem")).c_str(), "r")};
    if (key) read.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    if (certificate) {
        read.certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    }
    if (!read.key || !read.certificate ||
        X509_check_private_key(read.certificate.get(), read.key.get()) != 1) {
        return openssl_failed("read " + (folder / name).string() + ".pem and its .key");
    }
    return read;
}

bool is_there(const fs::path& folder, const std::string& name) {
    std::error_code ignored;
    return fs::exists(folder / (name + ".pem"), ignored) ||
           fs::exists(folder / (name + ".key"), ignored);
}

outcome<pair_of> authority_in(const fs::path& folder, const std::string& uuid) {
    if (is_there(folder, "ca")) return read_pair(folder, "ca");
    auto made = make_pair_of("rsx cluster " + uuid, {}, nullptr, authority_days);
    if (!made) return made;
    if (auto ok = write_pair(folder, "ca", *made); !ok) return std::unexpected(ok.error());
    return made;
}

}  // namespace

outcome<void> run_cluster_certs(const cluster_options& how) {
    const auto settings = load_cluster(how.config_file);
    if (!settings) return std::unexpected(settings.error());
    const auto uuid = cluster_uuid_here(*settings);
    if (!uuid) return std::unexpected(uuid.error());
    if (uuid->empty()) {
        return give_up(exit_code::not_found,
                       "no node's folder is here: certificates name the "
                       "cluster, so run `rsx cluster init` first");
    }
    std::error_code wrong;
    fs::create_directories(how.folder, wrong);
    if (wrong) {
        return std::unexpected(system_failure("cannot make " + how.folder.string(), wrong.value()));
    }
    const auto authority = authority_in(how.folder, *uuid);
    if (!authority) return std::unexpected(authority.error());

    std::set<std::string> names;
    for (const rsxd::node_entry& node : settings->nodes) {
        names.insert("node-" + std::to_string(node.id));
    }
    for (const rsxd::gateway_entry& gateway : settings->gateways) {
        names.insert("gateway-" + std::to_string(gateway.id));
    }
    if (settings->gateways.empty()) names.insert("gateway-0");
    std::string all = "DNS:localhost,IP:127.0.0.1";
    for (const std::string& name : names) all += ",DNS:" + name + "." + *uuid;

    const auto make_one = [&](const std::string& name, const std::string& alternatives) {
        if (is_there(how.folder, name)) {
            if (!how.quiet) std::printf("kept  %s.pem\n", (how.folder / name).c_str());
            return outcome<void>{};
        }
        const auto made = make_pair_of(name + "." + *uuid, alternatives, &*authority, how.days);
        if (!made) return outcome<void>{std::unexpected(made.error())};
        auto written = write_pair(how.folder, name, *made);
        if (written && !how.quiet) std::printf("made  %s.pem\n", (how.folder / name).c_str());
        return written;
    };
    for (const std::string& name : names) {
        auto made = make_one(name, "DNS:" + name + "." + *uuid + ",DNS:localhost,IP:127.0.0.1");
        if (!made) return made;
    }
    if (auto made = make_one("cluster", all); !made) return made;
    if (!how.quiet) {
        std::printf(
            "\nGive each machine ca.pem and the pairs of its own nodes; keep ca.key away\n"
            "from all of them. In cluster.toml:\n\n[tls]\nca = \"ca.pem\"\n"
            "cert = \"node-0.pem\"     # cluster.pem names all: for one machine\n"
            "key = \"node-0.key\"\n");
    }
    return {};
}

}  // namespace rsx_cli
