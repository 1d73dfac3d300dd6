// SPDX-License-Identifier: Apache-2.0

// Finite fields and the kernels that multiply matrices over them with long rows of bytes.
#pragma once

#include <rsx/gf/concept.hpp>
#include <rsx/gf/gf256.hpp>
#include <rsx/gf/kernel.hpp>
#include <rsx/gf/kernels.hpp>
#include <rsx/gf/linear_map.hpp>
