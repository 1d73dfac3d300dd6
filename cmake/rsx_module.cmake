# SPDX-License-Identifier: Apache-2.0
# rsx_module(NAME FLOOR n NEEDS modules... [USES targets...] [EXTENSION_HEADERS headers...])
#
# Declares a module of the house: the headers of include/rsx/NAME/ and the umbrella include/rsx/NAME.hpp
# become the INTERFACE target rsx::NAME. A module may need only modules of lower floors; configuration
# stops where one reaches up. USES names targets of third parties and extensions. Headers that belong
# to an extension are left out of the module.
#
# rsx_extension(NAME OF module HEADERS headers... USES targets...)
#
# Declares an optional target rsx::NAME for headers that include a third party they are named after.
#
# Where a library is not on this machine, the target is left out, and whatever stands on it: aloud, and
# without harm to the rest. rsx_modules_done() says so, once all are declared.

function(rsx_module name)
  cmake_parse_arguments(PARSE_ARGV 1 A "" "FLOOR" "NEEDS;USES;EXTENSION_HEADERS")
  if(A_UNPARSED_ARGUMENTS OR NOT A_FLOOR MATCHES "^[0-9]+$")
    message(FATAL_ERROR "rsx: ${name}: rsx_module(NAME FLOOR n NEEDS ... USES ...), got '${A_UNPARSED_ARGUMENTS}'")
  endif()
  foreach(need IN LISTS A_NEEDS)
    get_property(floor GLOBAL PROPERTY RSX_FLOOR_${need})
    if("${floor}" STREQUAL "")
      message(FATAL_ERROR "rsx: ${name} needs ${need}, which is not declared (yet)")
    elseif(NOT floor LESS A_FLOOR)
      message(FATAL_ERROR "rsx: ${name} (floor ${A_FLOOR}) may not need ${need} (floor ${floor})")
    endif()
  endforeach()

  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/rsx/${name}/*.hpp)
  foreach(extension IN LISTS A_EXTENSION_HEADERS)
    list(REMOVE_ITEM headers ${PROJECT_SOURCE_DIR}/include/rsx/${extension})
  endforeach()
  file(GLOB umbrella CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/rsx/${name}.hpp)
  file(GLOB_RECURSE texts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/rsx/${name}/*.inc)

  set_property(GLOBAL APPEND PROPERTY RSX_MODULES ${name})
  set_property(GLOBAL PROPERTY RSX_FLOOR_${name} ${A_FLOOR})
  rsx_interface(${name} NEEDS ${A_NEEDS} USES ${A_USES} HEADERS ${headers} ${umbrella} TEXTS ${texts})
endfunction()

function(rsx_extension name)
  cmake_parse_arguments(PARSE_ARGV 1 A "" "OF" "HEADERS;USES")
  set(headers)
  foreach(header IN LISTS A_HEADERS)
    file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/rsx/${header})
    list(APPEND headers ${found})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY RSX_EXTENSIONS ${name})
  rsx_interface(${name} NEEDS ${A_OF} USES ${A_USES} HEADERS ${headers})
endfunction()

# What both have in common: remember the declaration, and make the target if all below it is there.
function(rsx_interface name)
  cmake_parse_arguments(PARSE_ARGV 1 A "" "" "NEEDS;USES;HEADERS;TEXTS")
  set_property(GLOBAL PROPERTY RSX_NEEDS_${name} "${A_NEEDS}")
  set_property(GLOBAL PROPERTY RSX_USES_${name} "${A_USES}")
  set_property(GLOBAL PROPERTY RSX_HEADERS_${name} "${A_HEADERS}")

  list(TRANSFORM A_NEEDS PREPEND rsx:: OUTPUT_VARIABLE below)
  foreach(target IN LISTS below A_USES)
    rsx_find(${target})
    if(NOT TARGET ${target})
      set_property(GLOBAL APPEND PROPERTY RSX_LEFT_OUT "rsx::${name} (no ${target})")
      return()
    endif()
  endforeach()

  add_library(rsx_${name} INTERFACE)
  add_library(rsx::${name} ALIAS rsx_${name})
  set_target_properties(rsx_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(rsx_${name} INTERFACE cxx_std_23)
  target_link_libraries(rsx_${name} INTERFACE ${below} ${A_USES})
  target_sources(rsx_${name} INTERFACE
    FILE_SET headers TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${A_HEADERS})
  if(A_TEXTS)  # bodies that headers include several times
    target_sources(rsx_${name} INTERFACE
      FILE_SET texts TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${A_TEXTS})
  endif()
  set_property(GLOBAL APPEND PROPERTY RSX_TARGETS ${name})
endfunction()

function(rsx_modules_done)
  get_property(left_out GLOBAL PROPERTY RSX_LEFT_OUT)
  foreach(one IN LISTS left_out)
    message(STATUS "rsx: left out: ${one}")
  endforeach()
endfunction()
