// SPDX-License-Identifier: BSD-3-Clause
// The client's text, byte for byte: the samples of the manual's `show uc-ime ...` with their facts,
// and our own layouts. test_show.c makes the same JSON.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/callgate/layout.h"

#define FOLDER "test/vectors/show/"

static char *file_read(const char *name, const char *ext)
{
	char path[128], *text = calloc(1, 65536);
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), FOLDER "%s%s", name, ext);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s", path);
	n = fread(text, 1, 65535, f);
	assert_true(n > 0 && n < 65535);
	fclose(f);
	return text;
}

static void test_layouts(void **state)
{
	static const struct {
		const char *command, *json, *txt;
	} t[] = {
		{"show uc-ime signaling-sessions", "signaling-sessions", "signaling-sessions"},
		{"show uc-ime signaling-sessions", "signaling-sessions-early",
			"signaling-sessions-early"},
		{"show uc-ime signaling-sessions", "signaling-sessions-caller",
			"signaling-sessions-caller"},
		{"show uc-ime signaling-sessions", "signaling-sessions-unsigned",
			"signaling-sessions-unsigned"},
		{"show uc-ime signaling-sessions statistics", "signaling-sessions-statistics",
			"signaling-sessions-statistics"},
		{"show uc-ime media-sessions detail", "media-sessions-monitored",
			"media-sessions-monitored"},
		{"show uc-ime media-sessions detail", "media-sessions-quality",
			"media-sessions-quality"},
		{"show quality CALL-ID", "quality", "quality"},
		{"show uc-ime fallback-notification statistics", "fallback-notification",
			"fallback-notification"},
		{"show uc-ime mapping-service-sessions", "mapping-service-sessions",
			"mapping-service-sessions"},
		{"show uc-ime mapping-service-sessions statistics", "mapping-service-sessions",
			"mapping-service-sessions-statistics"},
		{"show uc-ime mapping-service-mappings", "mapping-service-mappings",
			"mapping-service-mappings"},
		{"show uc-ime media-sessions detail", "media-sessions", "media-sessions-detail"},
		{"show uc-ime media-sessions", "media-sessions", "media-sessions"},
		{"show running-config uc-ime", "running-config", "running-config"},
		{"show running-config uc-ime", "running-config-global", "running-config-global"},
		{"show uc-ime revoked-tickets", "revoked-tickets", "revoked-tickets"},
		{"show media CALL-ID", "media-call", "media-call"},
		{"show media CALL-ID", "media-call-one-way", "media-call-one-way"},
		{"show tls-proxy", "tls-proxy", "tls-proxy"},
		{"show tls-proxy session", "tls-proxy-session", "tls-proxy-session"},
		{"show tls-proxy session detail", "tls-proxy-session", "tls-proxy-session-detail"},
		{"show tls-proxy session statistics", "tls-proxy-session-statistics",
			"tls-proxy-session-statistics"},
		{"clear tls-proxy session", "tls-proxy-closed", "tls-proxy-closed"},
		{"show crypto ca certificates", "certificates", "certificates"},
		{"pki reload", "pki-reload", "pki-reload"},
		{"config check", "config-check", "config-check"},
		{"config check", "config-check-none", "config-check-none"},
		{"config reload", "config-reload", "config-reload"},
		{"show access-list", "access-list", "access-list"},
		{"show access-list NAME", "access-list-empty", "access-list-empty"},
		{"show alarms", "alarms", "alarms"},
		{"show alarms", "alarms-none", "alarms-none"},
		{"show logging", "logging", "logging"},
		{"show uc-ime ucm", "ucm", "ucm"},
		{"show uc-ime limits", "limits", "limits"},
		{"show version", "version", "version"},
		{"show usage", "usage", "usage"},
		{"show interface", "interface", "interface"},
		{"show route", "route", "route"},
		{"show arp", "arp", "arp"},
		{"show timeout", "timeout", "timeout"},
		{"show running-config timeout", "timeout", "timeout"},
		{"show ip verify statistics", "ip-verify", "ip-verify"},
		{"show conn", "conn", "conn"},
		{"show conn", "conn-detail", "conn-detail"},
		{"show conn", "conn-count", "conn-count"},
		{"clear conn", "conn-cleared", "conn-cleared"},
		{"show xlate", "xlate", "xlate"},
		{"show xlate", "xlate-ports", "xlate-ports"},
		{"show nat", "nat", "nat"},
		{"show nat detail", "nat", "nat-detail"},
		{"show nat detail", "nat-groups", "nat-groups"},
		{"show counters", "counters", "counters"},
		{"show drops", "drops", "drops"},
		{"packet-tracer", "packet-tracer", "packet-tracer"},
		{"packet-tracer", "packet-tracer-drop", "packet-tracer-drop"},
		{"packet-tracer", "packet-tracer-own", "packet-tracer-own"},
		{"show drops", "drops-none", "drops-none"},
		{"show service-policy", "service-policy", "service-policy"},
		{"show service-policy inspect sip", "service-policy-inspect",
			"service-policy-inspect"},
		{"show service-policy set connection", "service-policy-set", "service-policy-set"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *json = file_read(t[i].json, ".json"), *want = file_read(t[i].txt, ".txt");
		cJSON *data = cJSON_Parse(json);
		char *got;
		size_t n;
		FILE *f = open_memstream(&got, &n);

		assert_non_null(data);
		layout_find(t[i].command)->print(f, data);
		fclose(f);
		assert_string_equal(got, want);
		free(got);
		free(json);
		free(want);
		cJSON_Delete(data);
	}
}

// An answer of another version, or none at all, must not crash a layout.
static void test_other_shapes(void **state)
{
	static const char *const shapes[] = {
		"{}",
		"[]",
		"{\"xlates\": [{}, 1, {\"flags\": \"ri\", \"real\": 2}], \"cut\": true}",
		"[{\"section\": 1}, {\"section\": 9}, {\"section\": -1}]",
		"{\"changes\": [{}, 1, {\"section\": 2, \"line\": \"x\"}]}",
		"{\"classes\": [{}, 1, {\"set_connection\": [1, \"x\"], \"dropped\": 2}]}",
		"null",
		"[{}]",
		"[1, \"x\"]",
		"{\"sessions\": [{}, 1], \"in_use\": \"x\"}",
		"{\"phases\": [{}, 1, {\"config\": 1}], \"input_interface\": 1}",
		"{\"connections\": [{}], \"failures\": [{}], \"drops\": [{}, 1]}",
		"[{\"used_by\": 1, \"identities\": [2], \"kind\": \"identity\"}]",
		"[{\"used_by\": {}, \"kind\": \"crl\"}]",
		"[{\"streams\": [{}, {\"directions\": [1], \"legs\": [2, {\"rx_lost\": 1}]}]}]",
		"{\"sessions\": [{\"call_id\": 1, \"monitoring\": 2, \"media\": {}}]}",
	};

	for (size_t i = 0; i < layouts_n; i++)
		for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
			cJSON *data = cJSON_Parse(shapes[k]);
			FILE *f = fopen("/dev/null", "w");

			if (layouts[i].print != NULL)
				layouts[i].print(f, data);
			assert_int_equal(ferror(f), 0);
			fclose(f);
			cJSON_Delete(data);
		}
	assert_null(layout_find("show"));
	assert_null(layout_find("show uc-ime"));
}

int main(void)
{
	setenv("LC_ALL", "C.UTF-8", 1);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_other_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
