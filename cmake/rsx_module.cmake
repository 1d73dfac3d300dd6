# rsx_module(NAME FLOOR n NEEDS modules... [USES targets...])
#
# Declares a module of the house: the headers of include/rsx/NAME/ and the umbrella include/rsx/NAME.hpp
# become the INTERFACE target rsx::NAME. A module may need only modules of lower floors; configuration
# stops where one reaches up. Headers that belong to an extension are left out of the module.
#
# rsx_extension(NAME OF module HEADERS headers... USES targets...)
#
# Declares an optional target rsx::NAME for headers that include a third party they are named after.
# Skipped aloud when one of its targets is not there.

set(RSX_FLOOR_DIR ${CMAKE_CURRENT_LIST_DIR})

function(rsx_module name)
  cmake_parse_arguments(PARSE_ARGV 1 A "" "FLOOR" "NEEDS;USES;EXTENSION_HEADERS")
  if(A_UNPARSED_ARGUMENTS OR NOT A_FLOOR MATCHES "^[0-9]+$")
    message(FATAL_ERROR "rsx: ${name}: rsx_module(NAME FLOOR n NEEDS ... USES ...), got '${A_UNPARSED_ARGUMENTS}'")
  endif()
  set_property(GLOBAL PROPERTY RSX_FLOOR_${name} ${A_FLOOR})
  set_property(GLOBAL PROPERTY RSX_NEEDS_${name} "${A_NEEDS}")
  set_property(GLOBAL APPEND PROPERTY RSX_MODULES ${name})

  set(root ${PROJECT_SOURCE_DIR}/include)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${root}/rsx/${name}/*.hpp)
  file(GLOB_RECURSE texts CONFIGURE_DEPENDS ${root}/rsx/${name}/*.inc)
  foreach(extension IN LISTS A_EXTENSION_HEADERS)
    list(REMOVE_ITEM headers ${root}/rsx/${extension})
  endforeach()
  if(EXISTS ${root}/rsx/${name}.hpp)
    list(APPEND headers ${root}/rsx/${name}.hpp)
  endif()
  set_property(GLOBAL PROPERTY RSX_HEADERS_${name} "${headers}")

  add_library(rsx_${name} INTERFACE)
  add_library(rsx::${name} ALIAS rsx_${name})
  set_target_properties(rsx_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(rsx_${name} INTERFACE cxx_std_23)
  foreach(need IN LISTS A_NEEDS)
    get_property(floor GLOBAL PROPERTY RSX_FLOOR_${need})
    if("${floor}" STREQUAL "")
      message(FATAL_ERROR "rsx: ${name} needs ${need}, which is not declared (yet)")
    elseif(NOT floor LESS A_FLOOR)
      message(FATAL_ERROR "rsx: ${name} (floor ${A_FLOOR}) may not need ${need} (floor ${floor})")
    endif()
    target_link_libraries(rsx_${name} INTERFACE rsx_${need})
  endforeach()
  target_link_libraries(rsx_${name} INTERFACE ${A_USES})
  target_sources(rsx_${name} INTERFACE
    FILE_SET headers TYPE HEADERS BASE_DIRS ${root} FILES ${headers})
  if(texts)
    target_sources(rsx_${name} INTERFACE
      FILE_SET texts TYPE HEADERS BASE_DIRS ${root} FILES ${texts})
  endif()
endfunction()

function(rsx_extension name)
  cmake_parse_arguments(PARSE_ARGV 1 A "" "OF" "HEADERS;USES")
  foreach(target IN LISTS A_USES)
    if(NOT TARGET ${target})
      message(STATUS "rsx: rsx::${name} is skipped: ${target} is not on this machine")
      return()
    endif()
  endforeach()
  set(root ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM A_HEADERS PREPEND ${root}/rsx/)
  set_property(GLOBAL APPEND PROPERTY RSX_EXTENSIONS ${name})
  set_property(GLOBAL PROPERTY RSX_HEADERS_${name} "${A_HEADERS}")
  add_library(rsx_${name} INTERFACE)
  add_library(rsx::${name} ALIAS rsx_${name})
  set_target_properties(rsx_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(rsx_${name} INTERFACE rsx_${A_OF} ${A_USES})
  target_sources(rsx_${name} INTERFACE
    FILE_SET headers TYPE HEADERS BASE_DIRS ${root} FILES ${A_HEADERS})
endfunction()
