// SPDX-License-Identifier: BSD-3-Clause
// What the log writes, for tests: standard error becomes a pipe, and the clocks are the test's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The log's clock; log_capture_open() moves it an hour on, so that each test has budgets of its own.
extern uint64_t log_capture_ns;

// Text with the host name "cg" and the date 2026-01-01, up to a severity.
void log_capture_open(uint8_t severity_max, bool json);

// From now until log_captured(), which returns what was written. At most a pipe's content.
void log_capture(void);
const char *log_captured(void);

// The pipe's reading end, between the two.
int log_capture_fd(void);

// The first line that holds both texts, without its end; fails the test when there is none.
// Good until the next call.
const char *log_line_with(const char *captured, const char *a, const char *b);
