# Installs the headers, so that find_package(rsx COMPONENTS codec) works.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
