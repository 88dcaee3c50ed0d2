# How every target of the project is built: C++20, warnings as errors, sanitizers by preset.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(OUTBOX_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")

option(OUTBOX_MUTANTS "Build in the planted faults of src/mutants, for ./dev mutants" OFF)

option(OUTBOX_FUZZ "Build the programs of fuzz/, for ./dev fuzz" OFF)

find_program(OUTBOX_CCACHE ccache)
if(OUTBOX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${OUTBOX_CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(GTest REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(CURL REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(MONGOC REQUIRED IMPORTED_TARGET libmongoc-1.0)

include(GoogleTest)

add_library(outbox_flags INTERFACE)
target_compile_options(outbox_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wnull-dereference -Wimplicit-fallthrough -Werror)
# At -O3 GCC 12 sees overlaps and null dereferences in std::string's inlined code that cannot be
# (GCC's bug 105651). The dev preset warns of the real ones.
target_compile_options(outbox_flags INTERFACE
  "$<$<CONFIG:Release>:-Wno-restrict;-Wno-null-dereference>")
if(OUTBOX_MUTANTS)
  target_compile_definitions(outbox_flags INTERFACE OUTBOX_MUTANTS)
endif()
if(OUTBOX_SANITIZE)
  # The optimizer, seeing the sanitizers' checks, warns of null dereferences that cannot happen.
  target_compile_options(outbox_flags INTERFACE
    -fsanitize=${OUTBOX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -Wno-null-dereference -Wno-maybe-uninitialized)
  target_link_options(outbox_flags INTERFACE -fsanitize=${OUTBOX_SANITIZE})
  if(OUTBOX_FUZZ)
    # With it clang 14 cannot compile coroutines (llvm/llvm-project, issue 49689).
    target_compile_options(outbox_flags INTERFACE -fno-sanitize=function)
  endif()
endif()

# outbox_library(NAME SOURCES … LINK …): a static library of one folder.
function(outbox_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                                            $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:outbox_flags>)
endfunction()

# What every executable of the thread sanitizer's build needs: see the file.
set(OUTBOX_RUNTIME_SOURCES "")
if(OUTBOX_SANITIZE STREQUAL "thread")
  set(OUTBOX_RUNTIME_SOURCES ${CMAKE_SOURCE_DIR}/tools/sanitizers/c11_threads.cpp)
endif()

# outbox_program(NAME SOURCES … LINK …): an executable in build/<preset>/bin.
function(outbox_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${OUTBOX_RUNTIME_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} outbox_flags)
endfunction()

# outbox_test(NAME LABEL unit|integration|conformance|e2e|soak|scale|security SOURCES … LINK …
#             [TIMEOUT seconds] [SERIAL] [LOCK resource])
# Each GoogleTest case becomes one ctest test "NAME.Suite.Case". SERIAL: runs alone. LOCK: not beside
# another that names the same resource, its own cases included.
function(outbox_test name)
  cmake_parse_arguments(ARG "SERIAL" "LABEL;TIMEOUT;LOCK" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${OUTBOX_RUNTIME_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                                             ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main outbox_flags)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(OUTBOX_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 4")
  endif()
  set(serial FALSE)
  if(ARG_SERIAL)
    set(serial TRUE)
  endif()
  set(lock)
  if(ARG_LOCK)
    set(lock RESOURCE_LOCK ${ARG_LOCK})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
    PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL ${serial} ${lock})
endfunction()
