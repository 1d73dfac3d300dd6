# The libraries rsx builds on, each behind one target. All are Debian packages; none is vendored.
# A module that needs one which is missing is reported where it is declared.

find_package(Threads REQUIRED)

# Boost.Asio and Boost.Beast are headers only.
find_package(Boost 1.81 QUIET)
if(Boost_FOUND)
  add_library(rsx_boost INTERFACE)
  target_include_directories(rsx_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
  target_compile_definitions(rsx_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
  target_link_libraries(rsx_boost INTERFACE Threads::Threads)
  add_library(rsx::boost ALIAS rsx_boost)
endif()

find_package(OpenSSL 3.0 QUIET)

# rsx_header_only(NAME HEADER [LIBRARY lib]): a target for a library known by one header.
function(rsx_known_by name header)
  cmake_parse_arguments(PARSE_ARGV 2 A "" "" "LIBRARIES")
  find_path(RSX_${name}_INCLUDE ${header})
  if(NOT RSX_${name}_INCLUDE)
    return()
  endif()
  set(found)
  foreach(library IN LISTS A_LIBRARIES)
    find_library(RSX_${name}_${library} ${library})
    if(NOT RSX_${name}_${library})
      return()
    endif()
    list(APPEND found ${RSX_${name}_${library}})
  endforeach()
  add_library(rsx_${name} INTERFACE)
  # Never -isystem /usr/include: it breaks include_next of the C++ library.
  if(NOT RSX_${name}_INCLUDE STREQUAL "/usr/include")
    target_include_directories(rsx_${name} SYSTEM INTERFACE ${RSX_${name}_INCLUDE})
  endif()
  target_link_libraries(rsx_${name} INTERFACE ${found})
  add_library(rsx::${name} ALIAS rsx_${name})
endfunction()

rsx_known_by(cereal cereal/cereal.hpp)
rsx_known_by(pugixml pugixml.hpp LIBRARIES pugixml)
rsx_known_by(tomlplusplus toml++/toml.h)
rsx_known_by(cli11 CLI/CLI.hpp)
rsx_known_by(json nlohmann/json.hpp)
rsx_known_by(xxhash xxhash.h)
rsx_known_by(rocks rocksdb/db.h LIBRARIES rocksdb)
