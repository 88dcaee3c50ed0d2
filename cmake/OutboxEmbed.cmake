# outbox_embed(HEADER NAMESPACE FILE…): the text of files, as constants of a header that this folder's
# sources include by that name. a/0001_orders.sql becomes NAMESPACE::f_0001_orders_sql.
function(outbox_embed header namespace)
  set(constants "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    cmake_path(GET file FILENAME name)
    string(MAKE_C_IDENTIFIER "f ${name}" name)
    string(APPEND constants "inline constexpr std::string_view ${name} = R\"embedded(${text})embedded\";\n")
  endforeach()
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded.hpp.in ${CMAKE_BINARY_DIR}/embedded/${header} @ONLY)
  include_directories(${CMAKE_BINARY_DIR}/embedded)
endfunction()
