// SPDX-License-Identifier: Apache-2.0

// TLS: contexts from PEM files, and the names a peer's certificate proves.
//
//     auto context = rsx::net::server_tls({.ca = "ca.pem", .cert = "node.pem", .key = "node.key"},
//                                         rsx::net::peer_certificate::required);
//     ...
//     auto names = rsx::net::proven_names(stream.native_handle());    // {"node-3.6f1c..."}
//
// TLS 1.2 and 1.3, no renegotiation, no compression. A context is made once and shared; making a
// new one is how certificates are renewed: connections keep the one they began with.
#pragma once

#include <rsx/core/error.hpp>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

namespace rsx::net {

namespace asio = boost::asio;

struct tls_files {
    std::string ca{};    // who may sign peers; empty: the system's roots (clients)
    std::string cert{};  // ours, with its chain; empty: none (clients)
    std::string key{};
};

using tls_context = std::shared_ptr<asio::ssl::context>;

enum class peer_certificate { ignored, required };

namespace detail {

[[nodiscard]] inline result<tls_context> tls_from(asio::ssl::context::method how,
                                                  const tls_files& files, bool verify) {
    boost::system::error_code code;
    auto made = std::make_shared<asio::ssl::context>(how);
    SSL_CTX* const raw = made->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
    if (!files.ca.empty()) {
        made->load_verify_file(files.ca, code);
        if (code) return fail(errc::invalid, "cannot read the TLS authority (ca)");
    } else if (verify) {
        made->set_default_verify_paths(code);
        if (code) return fail(errc::invalid, "the system has no TLS authorities");
    }
    if (!files.cert.empty()) {
        made->use_certificate_chain_file(files.cert, code);
        if (code) return fail(errc::invalid, "cannot read the TLS certificate (cert)");
        made->use_private_key_file(files.key, asio::ssl::context::pem, code);
        if (code)
            return fail(errc::invalid, "cannot read the TLS key (key), or it is not the cert's");
        if (SSL_CTX_check_private_key(raw) != 1) {
            return fail(errc::invalid, "the TLS key is not the certificate's");
        }
    }
    made->set_verify_mode(verify ? asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert
                                 : asio::ssl::verify_none,
                          code);
    return made;
}

}  // namespace detail

[[nodiscard]] inline result<tls_context> server_tls(const tls_files& files, peer_certificate peer) {
    if (files.cert.empty()) return fail(errc::invalid, "a TLS server needs a certificate");
    if (peer == peer_certificate::required && files.ca.empty()) {
        return fail(errc::invalid, "asking for certificates needs an authority (ca)");
    }
    auto made =
        detail::tls_from(asio::ssl::context::tls_server, files, peer == peer_certificate::required);
    // Without an id of ours OpenSSL fails resumptions of clients that showed a certificate.
    if (made) {
        constexpr unsigned char id[] = {'r', 's', 'x'};
        SSL_CTX_set_session_id_context((*made)->native_handle(), id, sizeof id);
    }
    return made;
}

// Verifies the server's chain always; its name is the caller's to check
// (channel::secure_as_client).
[[nodiscard]] inline result<tls_context> client_tls(const tls_files& files) {
    return detail::tls_from(asio::ssl::context::tls_client, files, true);
}

// The DNS names of the certificate the peer showed and the handshake verified; none: it showed
// none.
[[nodiscard]] inline std::vector<std::string> proven_names(SSL* connection) {
    std::vector<std::string> names;
    if (connection == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return names;
    X509* const shown = SSL_get1_peer_certificate(connection);
    if (shown == nullptr) return names;
    auto* const all = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(shown, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* const one = sk_GENERAL_NAME_value(all, i);
        if (one->type != GEN_DNS) continue;
        const auto* const text = ASN1_STRING_get0_data(one->d.dNSName);
        const int size = ASN1_STRING_length(one->d.dNSName);
        names.emplace_back(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    }
    GENERAL_NAMES_free(all);
    X509_free(shown);
    return names;
}

}  // namespace rsx::net
