// SPDX-License-Identifier: BSD-3-Clause
// Faulty configurations, each a small edit of one that is right, with every fault that must be
// told. For the tests of config/; no file that the text names is read.
#pragma once

#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>

#include "config/schema.h"

// clang-format off: one line of YAML per line
static const char config_right[] =
	"hostname: cg\n"
	"control: {core: 0}\n"
	"workers: {cores: [1]}\n"
	"management: {socket: /run/cg.sock}\n"
	"interfaces:\n"
	"  outside: {device: \"net_af_packet0,iface=o\", address: 203.0.113.1/24, security-level: "
	"0}\n"
	"  inside: {device: \"net_af_packet1,iface=i\", address: 192.168.20.1/24, security-level: "
	"100}\n"
	"  dmz: {device: 0000:01:00.0, address: 10.0.0.1/8, security-level: 50, mtu: 9000}\n"
	"routes:\n"
	"  - {interface: outside, destination: 0.0.0.0/0, gateway: 203.0.113.254}\n"
	"  - {interface: inside, destination: 192.168.30.0/24, gateway: 192.168.20.2}\n"
	"objects:\n"
	"  network:\n"
	"    real: {host: 192.168.20.30}\n"
	"    mapped: {host: 203.0.113.10, description: \"the call manager\"}\n"
	"    real-net: {subnet: 10.1.0.0/24}\n"
	"    mapped-net: {subnet: 203.0.113.64/26}\n"
	"    pat-real: {host: 192.168.20.31}\n"
	"    pat-mapped: {host: 203.0.113.12}\n"
	"  service:\n"
	"    tcp_5070: {service: tcp source eq 5070}\n"
	"    tcp_5570: {service: tcp source eq 5570}\n"
	"    udp_53: {service: udp source eq 53}\n"
	"nat:\n"
	"  - {from: inside, to: outside, source: {static: {real: real, mapped: mapped}}}\n"
	"  - {from: inside, to: outside, source: {static: {real: pat-real, mapped: pat-mapped}}, "
	"service: {real: tcp_5070, mapped: tcp_5570}}\n"
	"access-lists:\n"
	"  incoming:\n"
	"    - permit tcp any host 192.168.20.30 eq 5070\n"
	"  sip-in:\n"
	"    - permit tcp any host 192.168.20.30 eq 5070\n"
	"  sip-out:\n"
	"    - permit tcp host 192.168.20.30 any range 5000 6000\n"
	"access-groups:\n"
	"  - {access-list: incoming, direction: in, interface: outside}\n"
	"media-termination:\n"
	"  mta:\n"
	"    addresses:\n"
	"      - {address: 203.0.113.11, interface: outside}\n"
	"      - {address: 192.168.20.3, interface: inside}\n"
	"    rtp-min-port: 16384\n"
	"    rtp-max-port: 32767\n"
	"trustpoints:\n"
	"  local-ent: {certificate: b.crt, key: b.key, ca: ca.pem}\n"
	"  anchor: {ca: ca.pem}\n"
	"tls-proxies:\n"
	"  local_to_remote-ent: {client: {trust-point: local-ent}}\n"
	"  remote_to_local-ent: {server: {trust-point: local-ent}}\n"
	"tls-proxy: {maximum-sessions: 1000}\n"
	"uc-ime:\n"
	"  ime:\n"
	"    media-termination: mta\n"
	"    ucm-addresses:\n"
	"      - {address: 192.168.20.30, trunk-security-mode: nonsecure}\n"
	"      - {address: 192.168.30.7, trunk-security-mode: non-secure}\n"
	"    ticket: {epoch: 1, password-file: ticket.password, profile: t1, skew: 0}\n"
	"    ticket-failure-action: drop\n"
	"    did-source: request-uri\n"
	"    route-check: if-present\n"
	"    domain: enterprise-b.example\n"
	"    fallback: {monitoring-timer: 100, hold-down-timer: 20}\n"
	"class-maps:\n"
	"  in: {match: {access-list: sip-in}}\n"
	"  out: {match: {access-list: sip-out}}\n"
	"policy-maps:\n"
	"  ime-policy:\n"
	"    - {class: out, inspect: {sip: {tls-proxy: local_to_remote-ent, uc-ime: ime}}}\n"
	"    - {class: in, inspect: {sip: {tls-proxy: remote_to_local-ent, uc-ime: ime}}}\n"
	"service-policy: {policy-map: ime-policy, scope: global}\n"
	"sip: {header-max: 65536, body-max: 262144}\n"
	"timeouts: {conn: 1:00:00, sip: 0:30:00}\n"
	"logging: {level: info}\n";
// clang-format on

// The faults are "LINE:COLUMN: text" lines, in the order of the file.
struct edited {
	const char *rule; // of protocol.md, or what it is about
	struct {
		const char *find, *put;
	} edits[4];
	const char *faults;
};

static inline void edit(char *text, size_t size, const char *find, const char *put)
{
	char *at = strstr(text, find);
	size_t tail;

	assert_non_null(at);
	tail = strlen(at + strlen(find)) + 1;
	assert_true((size_t)(at - text) + strlen(put) + tail <= size);
	memmove(at + strlen(put), at + strlen(find), tail);
	memcpy(at, put, strlen(put));
}

static inline void faults_text(const struct config_errors *e, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < e->n && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%u:%u: %s", i > 0 ? "\n" : "",
			e->list[i].line, e->list[i].column, e->list[i].text);
}

static inline void edited_row(void **state)
{
	const struct edited *row = *state;
	char text[2 * sizeof(config_right)], faults[4096];
	struct config_errors errs;
	struct config *c;

	strcpy(text, config_right);
	for (size_t k = 0;
		k < sizeof(row->edits) / sizeof(row->edits[0]) && row->edits[k].find != NULL; k++)
		edit(text, sizeof(text), row->edits[k].find, row->edits[k].put);
	assert_int_equal(config_parse(str_from(text), "", false, &c, &errs), -EINVAL);
	assert_null(c);
	faults_text(&errs, faults, sizeof(faults));
	assert_string_equal(faults, row->faults);
	config_errors_free(&errs);
}

static inline void edited_nothing(void **state)
{
	struct config_errors errs;
	struct config *c;

	assert_int_equal(config_parse(STR_LIT(config_right), "", false, &c, &errs), 0);
	config_free(c);
}

// A main() of such rows; each is a case that bears the name of its rule.
#define EDITED_MAIN(table)                                                                         \
	int main(void)                                                                             \
	{                                                                                          \
		struct CMUnitTest tests[sizeof(table) / sizeof(table[0]) + 1] = {                  \
			cmocka_unit_test(edited_nothing)};                                         \
                                                                                                   \
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)                      \
			tests[i + 1] = row_case(table[i].rule, edited_row, &table[i]);             \
		return cmocka_run_group_tests(tests, NULL, NULL);                                  \
	}

// The right configuration, with one text in place of another; it must load, and the caller frees it.
static inline struct config *config_with(const char *find, const char *put)
{
	char text[2 * sizeof(config_right)], faults[4096];
	struct config_errors errs = {0};
	struct config *c;

	strcpy(text, config_right);
	if (find != NULL)
		edit(text, sizeof(text), find, put);
	if (config_parse(str_from(text), "", false, &c, &errs) == 0)
		return c;
	faults_text(&errs, faults, sizeof(faults));
	fail_msg("%s", faults);
	return NULL;
}
