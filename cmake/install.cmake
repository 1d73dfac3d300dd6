# SPDX-License-Identifier: Apache-2.0
# Installs the headers, so that find_package(rsx COMPONENTS codec) works. Every module and extension is
# a component with an export file of its own; a component brings what it needs and nothing else.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(place ${CMAKE_INSTALL_LIBDIR}/cmake/rsx)
set(RSX_COMPONENTS "")
set(RSX_COMPONENT_TABLE "")
get_property(targets GLOBAL PROPERTY RSX_TARGETS)
foreach(name IN LISTS targets)
  set(sets FILE_SET headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT rsx-headers)
  get_target_property(all_sets rsx_${name} INTERFACE_HEADER_SETS)
  if("texts" IN_LIST all_sets)
    list(APPEND sets FILE_SET texts DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT rsx-headers)
  endif()
  install(TARGETS rsx_${name} EXPORT rsx-${name} ${sets})
  install(EXPORT rsx-${name} NAMESPACE rsx:: DESTINATION ${place} COMPONENT rsx-headers)

  get_property(needs GLOBAL PROPERTY RSX_NEEDS_${name})
  get_property(uses GLOBAL PROPERTY RSX_USES_${name})
  # An extension among the used targets is a component like any other.
  foreach(use IN LISTS uses)
    string(REGEX REPLACE "^rsx::" "" component ${use})
    if(component IN_LIST targets)
      list(APPEND needs ${component})
      list(REMOVE_ITEM uses ${use})
    endif()
  endforeach()
  string(APPEND RSX_COMPONENTS " ${name}")
  string(APPEND RSX_COMPONENT_TABLE "set(rsx_needs_${name} \"${needs}\")\nset(rsx_uses_${name} \"${uses}\")\n")
endforeach()

configure_package_config_file(cmake/rsxConfig.cmake.in ${PROJECT_BINARY_DIR}/rsxConfig.cmake
  INSTALL_DESTINATION ${place} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rsxConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/rsxConfig.cmake ${PROJECT_BINARY_DIR}/rsxConfigVersion.cmake
  cmake/third_party.cmake DESTINATION ${place} COMPONENT rsx-headers)
