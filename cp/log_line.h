// SPDX-License-Identifier: BSD-3-Clause
// One line of the log from its event and its fields, as text or as a JSON object. Every octet of a
// value that is no harmless printable ASCII is escaped, so whatever a peer sends forges neither a
// line nor a field. Pure, allocates nothing.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cp/events.h"
#include "lib/addr.h"
#include "lib/str.h"

// A line with its end fits a page: that is what a pipe takes whole.
#define LOG_LINE_MAX  4096
#define LOG_VALUE_MAX 512 // octets of one value as written; the rest becomes "..."

enum log_kind { LOG_SKIP, LOG_STR, LOG_U64, LOG_BOOL, LOG_IP, LOG_ENDPOINT };

// A key and its value. Keys are ours: lower case with underscores, units at their end, and none of
// time, host, number, severity, name, text, cut. What it points at lives as long as the call.
struct log_field {
	const char *key;
	enum log_kind kind;
	union {
		struct str str;
		uint64_t u64;
		bool yes;
		const struct ip_addr *ip;
		const struct endpoint *endpoint;
	};
};

static inline struct log_field log_str(const char *key, struct str s)
{
	return (struct log_field){.key = key, .kind = LOG_STR, .str = s};
}

// NULL: the field is left out.
static inline struct log_field log_text(const char *key, const char *z)
{
	return (struct log_field){
		.key = key, .kind = z != NULL ? LOG_STR : LOG_SKIP, .str = str_from(z)};
}

static inline struct log_field log_u64(const char *key, uint64_t v)
{
	return (struct log_field){.key = key, .kind = LOG_U64, .u64 = v};
}

// The same, left out when it is 0.
static inline struct log_field log_nonzero(const char *key, uint64_t v)
{
	return (struct log_field){.key = key, .kind = v != 0 ? LOG_U64 : LOG_SKIP, .u64 = v};
}

static inline struct log_field log_bool(const char *key, bool yes)
{
	return (struct log_field){.key = key, .kind = LOG_BOOL, .yes = yes};
}

static inline struct log_field log_ip(const char *key, const struct ip_addr *ip)
{
	return (struct log_field){.key = key, .kind = LOG_IP, .ip = ip};
}

static inline struct log_field log_endpoint(const char *key, const struct endpoint *e)
{
	return (struct log_field){.key = key, .kind = LOG_ENDPOINT, .endpoint = e};
}

struct log_style {
	const char *host;
	bool json;
	bool asa; // text: "%ASA-" instead of "%UCIME-", for who reads an ASA's log already
};

// Text: `2026-01-01T00:00:00.000Z cg-a %UCIME-3-339002: invalid ticket, request refused;
// reason=epoch peer=198.51.100.10:4711 call_id="a b"`. A value that holds a blank, '=', '"', '\' or
// anything not printable stands in quotes, with \xHH for what is not harmless. JSON: an object with
// time, host, number, severity, name, text, and the fields; \u00HH for what is not harmless. A
// field that does not fit is left out whole, and "cut=true" follows. Returns the length with its
// line end, at most `size` (LOG_LINE_MAX is enough for any fields that are used).
size_t log_line_write(const struct log_style *style, const struct event_info *event,
	int64_t wall_ns, const struct log_field *fields, size_t n, char *buf, size_t size);
