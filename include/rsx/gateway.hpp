// SPDX-License-Identifier: Apache-2.0

// The gateway module: S3 verbs onto objects.
//
//     #include <rsx/gateway.hpp>
//
// One header for a server to include; it brings the object engine's and s3's with it.
#pragma once

#include <rsx/gateway/gateway.hpp>
