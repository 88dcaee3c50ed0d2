# find_package(outbox): gives the target outbox::outbox.
include(CMakeFindDependencyMacro)
find_dependency(OpenSSL)
find_dependency(PostgreSQL)
find_dependency(SQLite3)
include(${CMAKE_CURRENT_LIST_DIR}/outbox-targets.cmake)
