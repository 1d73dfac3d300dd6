// SPDX-License-Identifier: Apache-2.0

// A small certificate authority for tests: keys and certificates made on the spot, as PEM files.
#pragma once

#include <rsx/core/assert.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <string>

namespace rsx_test {

class authority {
public:
    explicit authority(const std::string& name)
        : folder_{std::filesystem::temp_directory_path() /
                  ("rsx-test-" + std::to_string(::getpid()) + "-" + name)} {
        std::filesystem::create_directories(folder_);
        key_ = EVP_EC_gen("P-256");
        self_ = make(key_, nullptr, name, "", 0, 3600);
        write_cert(ca(), self_);
    }
    authority(const authority&) = delete;
    authority& operator=(const authority&) = delete;
    ~authority() {
        X509_free(self_);
        EVP_PKEY_free(key_);
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::string ca() const { return folder_ / "ca.pem"; }
    [[nodiscard]] std::string cert(const std::string& name) const {
        return folder_ / (name + ".pem");
    }
    [[nodiscard]] std::string key(const std::string& name) const {
        return folder_ / (name + ".key");
    }

    // A certificate for subjectAltName `alt` ("DNS:localhost,IP:127.0.0.1"), valid from now+from
    // to now+until seconds, in the files cert(name) and key(name).
    void issue(const std::string& name, const std::string& alt, long from = -60,
               long until = 3600) {
        EVP_PKEY* const key = EVP_EC_gen("P-256");
        X509* const made = make(key, self_, name, alt, from, until);
        write_cert(cert(name), made);
        std::FILE* const out = std::fopen(this->key(name).c_str(), "w");
        RSX_ASSERT(out != nullptr);
        PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(out);
        X509_free(made);
        EVP_PKEY_free(key);
    }

private:
    X509* make(EVP_PKEY* key, X509* issuer, const std::string& name, const std::string& alt,
               long from, long until) {
        X509* const made = X509_new();
        X509_set_version(made, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made), from);
        X509_gmtime_adj(X509_getm_notAfter(made), until);
        X509_set_pubkey(made, key);
        X509_NAME* const subject = X509_get_subject_name(made);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made, X509_get_subject_name(issuer != nullptr ? issuer : made));
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer != nullptr ? issuer : made, made, nullptr, nullptr, 0);
        if (issuer == nullptr) extend(made, context, NID_basic_constraints, "critical,CA:TRUE");
        if (!alt.empty()) extend(made, context, NID_subject_alt_name, alt);
        X509_sign(made, key_, EVP_sha256());
        return made;
    }
    static void extend(X509* made, X509V3_CTX& context, int what, const std::string& value) {
        X509_EXTENSION* const one = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
        RSX_ASSERT(one != nullptr);
        X509_add_ext(made, one, -1);
        X509_EXTENSION_free(one);
    }
    static void write_cert(const std::string& path, X509* what) {
        std::FILE* const out = std::fopen(path.c_str(), "w");
        RSX_ASSERT(out != nullptr);
        PEM_write_X509(out, what);
        std::fclose(out);
    }

    std::filesystem::path folder_;
    EVP_PKEY* key_{nullptr};
    X509* self_{nullptr};
    long serial_{0};
};

}  // namespace rsx_test
