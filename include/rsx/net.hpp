// SPDX-License-Identifier: Apache-2.0

// net: one node asks another, and clients ask the gateway. The only module that knows sockets.
//
//     #include <rsx/net.hpp>        // brings Asio, Beast and TLS: one .cpp of a program is enough
//
// Contracts that bring nothing: net/transport.hpp (calls and streams), net/http.hpp (a request
// being answered). Models: net/tcp_transport.hpp with net/tcp_server.hpp, net/local_transport.hpp
// without sockets; net/http_server.hpp, net/http_client.hpp. The loop they run on:
// net/asio_loop.hpp. Formats: docs/reference/frames.md and http.md.
#pragma once

#include <rsx/net/breaker.hpp>
#include <rsx/net/capability.hpp>
#include <rsx/net/frame.hpp>
#include <rsx/net/hello.hpp>
#include <rsx/net/http.hpp>
#include <rsx/net/http_client.hpp>
#include <rsx/net/http_server.hpp>
#include <rsx/net/local_transport.hpp>
#include <rsx/net/tcp_server.hpp>
#include <rsx/net/tcp_transport.hpp>
#include <rsx/net/transport.hpp>
