# SPDX-License-Identifier: Apache-2.0
# Runs PROGRAM and compares what it prints with the file OUTPUT.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the example ended with ${code}:\n${printed}")
endif()
if(NOT EXISTS ${OUTPUT})
  message(FATAL_ERROR "${OUTPUT} is missing; the example prints:\n${printed}")
endif()
file(READ ${OUTPUT} expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "the example prints:\n${printed}\nbut ${OUTPUT} says:\n${expected}")
endif()
