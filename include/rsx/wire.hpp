// SPDX-License-Identifier: Apache-2.0

// Bounded records: messages between processes (cereal) and the fields of metadata rows.
#pragma once

#include <rsx/wire/fields.hpp>
#include <rsx/wire/message.hpp>
#include <rsx/wire/varint.hpp>
