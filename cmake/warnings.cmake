# SPDX-License-Identifier: Apache-2.0
# rsx_warnings: what our own programs and tests are compiled with. Users of the headers choose theirs.
add_library(rsx_warnings INTERFACE)
target_compile_options(rsx_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wundef
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wuseless-cast>)
