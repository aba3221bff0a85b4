// SPDX-License-Identifier: BSD-3-Clause
// The log of the control plane: one line per event on standard error, with a level and what was
// being done. Never a key, a password or a ticket (LOG-1). Control thread only; a worker counts.
#pragma once

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

// "2026-01-01T00:00:00.000Z LEVEL text". A line that would repeat more than 10 times a second from
// one place is held back; the next one says how many were.
#define log_error(...)   log_line(LOG_ERROR, __FILE__, __LINE__, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __FILE__, __LINE__, __VA_ARGS__)
#define log_info(...)    log_line(LOG_INFO, __FILE__, __LINE__, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_DEBUG, __FILE__, __LINE__, __VA_ARGS__)

void log_line(enum log_level level, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
