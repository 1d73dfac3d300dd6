// SPDX-License-Identifier: Apache-2.0

// The S3 protocol as pure functions on text and bytes: no socket, no event loop, no clock of its
// own.
//
//     auto request  = rsx::s3::parse_request(std::move(head), domains);   // what is asked
//     auto verified = verifier.verify(std::move(*request), now_ms);       // by whom, proven
//     …do it…
//     response.body = rsx::s3::render(page);                              // or render_error
//
// The gateway is built on it, and so is every client of S3 in rsx. Headers by the order in which a
// request meets them: head, uri, address, route, request · credential, canonical, claim, sigv4,
// sign · payload, chunked, checksum, body · request_bodies, range, condition, list_token, etag,
// date · results, render, client_results, error.
#pragma once

#include <rsx/s3/body.hpp>
#include <rsx/s3/chunked.hpp>
#include <rsx/s3/client_results.hpp>
#include <rsx/s3/condition.hpp>
#include <rsx/s3/copy_source.hpp>
#include <rsx/s3/list_token.hpp>
#include <rsx/s3/range.hpp>
#include <rsx/s3/render.hpp>
#include <rsx/s3/request_bodies.hpp>
#include <rsx/s3/sign.hpp>
#include <rsx/s3/sigv4.hpp>
