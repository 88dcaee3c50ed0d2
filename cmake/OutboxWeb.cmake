# The dashboard, built by ./dev web or the Dockerfile's stage, becomes part of a program.
set(OUTBOX_WEB_DIR ${CMAKE_SOURCE_DIR}/build/web CACHE PATH "The built dashboard, with its index.html")

find_package(Python3 REQUIRED COMPONENTS Interpreter)

# outbox_web_files(VARIABLE): a source file with the dashboard's files; its path goes to VARIABLE.
function(outbox_web_files variable)
  set(page ${OUTBOX_WEB_DIR}/index.html)
  if(NOT EXISTS ${page})
    message(FATAL_ERROR "The dashboard is not built: there is no ${page}. Run ./dev web, which needs "
      "Node.js 20.19 or newer, or name the folder of a built one with -DOUTBOX_WEB_DIR=FOLDER.")
  endif()
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed_web.py)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/web_files_data.cpp)
  # The page names every other file by its hash, so it changes with each of them.
  add_custom_command(OUTPUT ${source}
    COMMAND ${Python3_EXECUTABLE} ${script} ${OUTBOX_WEB_DIR} ${source}
    DEPENDS ${page} ${script}
    COMMENT "Embedding the dashboard"
    VERBATIM)
  set(${variable} ${source} PARENT_SCOPE)
endfunction()
