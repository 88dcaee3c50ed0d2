# Installs the library into an empty folder and builds examples/enqueue against what is there, with
# the compiler's own standard; installs the programs and calls each.
file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)
foreach(step
    "--install;${BUILD};--component;liboutbox;--prefix;${prefix}"
    "--install;${BUILD};--component;programs;--prefix;${prefix}"
    "-S;${SOURCE}/examples/enqueue;-B;${WORK}/build;-G;${GENERATOR};-DCMAKE_PREFIX_PATH=${prefix}"
    "--build;${WORK}/build")
  execute_process(COMMAND ${CMAKE_COMMAND} ${step} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
execute_process(COMMAND ${WORK}/build/enqueue_example RESULT_VARIABLE status)
if(NOT status EQUAL 2)  # its usage
  message(FATAL_ERROR "the example ended with ${status}")
endif()
foreach(program outbox-processor outboxctl order-service invoice-service)
  execute_process(COMMAND ${prefix}/bin/${program} --version COMMAND_ERROR_IS_FATAL ANY)
endforeach()
