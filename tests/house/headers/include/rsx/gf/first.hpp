// SPDX-License-Identifier: Apache-2.0

// Included before the other, it would hide that one's fault.
#pragma once

#include <vector>
