// SPDX-License-Identifier: BSD-3-Clause
// What a daemon answers, as a person reads it: the manual's layouts (protocol.md section 10).
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

struct layout {
	const char *command; // "show uc-ime signaling-sessions"; a word in capitals is an argument
	const char *summary; // for --help
	void (*print)(FILE *f, const cJSON *data); // NULL: the daemon's "done" has nothing to print
};

extern const struct layout layouts[];
extern const size_t layouts_n;

// The layout of exactly this command, or NULL.
const struct layout *layout_find(const char *command);

// What this word is behind the command: nothing, a filter with a value (only what that means is asked
// for), or a word of its own.
enum layout_filter { FILTER_NONE, FILTER_VALUE, FILTER_FLAG };
enum layout_filter layout_filter(const char *command, const char *word);

// "N/A" for an empty text.
static inline const char *layout_or_na(const char *s)
{
	return s[0] != '\0' ? s : "N/A";
}

// 2026-01-01T00:00:00Z
#define TIME_TEXT_MAX 40
const char *time_text(double unix_s, char buf[TIME_TEXT_MAX]);

// "2 in use, 6 most used"
void layout_in_use(FILE *f, const cJSON *d);

// h:mm:ss
void layout_hms(double s, char buf[24]);

// layout_acl.c
void layout_access_list(FILE *f, const cJSON *data);

// layout_config.c
void layout_config_check(FILE *f, const cJSON *data);
void layout_config_reload(FILE *f, const cJSON *data);

// layout_conn.c
void layout_conn(FILE *f, const cJSON *data);
void layout_conn_cleared(FILE *f, const cJSON *data);

// layout_drops.c
void layout_drops(FILE *f, const cJSON *data);

// layout_ime.c
void layout_signaling(FILE *f, const cJSON *data);
void layout_statistics(FILE *f, const cJSON *data);
void layout_config_ime(FILE *f, const cJSON *data);
void layout_revoked(FILE *f, const cJSON *data);

// layout_ucm.c
void layout_ucm(FILE *f, const cJSON *data);
void layout_limits(FILE *f, const cJSON *data);

// layout_mapping.c
void layout_mapping_sessions(FILE *f, const cJSON *list);
void layout_mapping_statistics(FILE *f, const cJSON *list);
void layout_mappings(FILE *f, const cJSON *d);
void layout_mapping_closed(FILE *f, const cJSON *d);

// layout_pki.c
void layout_certificates(FILE *f, const cJSON *data);
void layout_certificate(FILE *f, const cJSON *item); // one of them
void layout_pki_reload(FILE *f, const cJSON *data);

// layout_media.c
void layout_media(FILE *f, const cJSON *data);
void layout_media_detail(FILE *f, const cJSON *data);
void layout_media_call(FILE *f, const cJSON *data);

// layout_quality.c
void layout_quality(FILE *f, const cJSON *list);
void layout_fallback(FILE *f, const cJSON *list);
void layout_fallback_reload(FILE *f, const cJSON *d);

// layout_tls.c
void layout_tls_proxy(FILE *f, const cJSON *data);
void layout_tls_sessions(FILE *f, const cJSON *data);
void layout_tls_detail(FILE *f, const cJSON *data);
void layout_tls_statistics(FILE *f, const cJSON *data);
void layout_tls_closed(FILE *f, const cJSON *data);

// layout_xlate.c
void layout_xlate(FILE *f, const cJSON *data);
void layout_nat(FILE *f, const cJSON *list);
void layout_nat_detail(FILE *f, const cJSON *list);

// layout_route.c
void layout_route(FILE *f, const cJSON *list);
void layout_route_to(FILE *f, const cJSON *list); // an address
void layout_arp(FILE *f, const cJSON *list);
void layout_timeout(FILE *f, const cJSON *d);

// layout_trace.c
void layout_trace(FILE *f, const cJSON *data);

// layout_policy.c
void layout_service_policy(FILE *f, const cJSON *data);

// Members of an object; 0, "" and false when they are missing or of another type, so that an
// older daemon never crashes the client.
double json_number(const cJSON *o, const char *name);
const char *json_text(const cJSON *o, const char *name);
bool json_true(const cJSON *o, const char *name);

// "192.0.2.1:5060", "[2001:db8::1]/5060"; "none" while the address is not known. `buf` holds 80.
const char *json_endpoint(const cJSON *o, const char *name, char sep, char *buf);
