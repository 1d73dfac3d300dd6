# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, and twice in one program.
#
# For each module: one translation unit per header that includes nothing else, and one that includes
# them all, the umbrella first, linked into one program. The first kind fails on a missing #include, the
# link on a missing `inline`. No optimiser: nothing here is run.

get_property(names GLOBAL PROPERTY RSX_TARGETS)
foreach(name IN LISTS names)
  get_property(headers GLOBAL PROPERTY RSX_HEADERS_${name})
  if(NOT headers)
    continue()
  endif()
  set(folder ${PROJECT_BINARY_DIR}/headers/${name})
  set(units)
  set(first "")
  set(rest "")
  foreach(header IN LISTS headers)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/include ${header})
    if(path STREQUAL "rsx/${name}.hpp")
      set(first "#include <${path}>\n")
      continue()
    endif()
    string(APPEND rest "#include <${path}>\n")
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" unit ${path})
    file(CONFIGURE OUTPUT ${folder}/${unit}.cpp CONTENT "#include <${path}>\n" @ONLY)
    list(APPEND units ${folder}/${unit}.cpp)
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/everything.cpp @ONLY
    CONTENT "// Generated: every header of ${name}.\n${first}${rest}\nint main() {}\n")
  add_executable(headers_${name} ${units} ${folder}/everything.cpp)
  target_link_libraries(headers_${name} PRIVATE rsx_warnings rsx_${name})
  target_compile_options(headers_${name} PRIVATE -O0 -g0)
  set_target_properties(headers_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${folder})
endforeach()
