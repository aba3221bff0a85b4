// SPDX-License-Identifier: BSD-3-Clause
// What the daemon answers, against the JSON that test_layout.c prints.
#include "test/unit/test.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/alarm.h"
#include "cp/log.h"
#include "test/unit/pki.h"
#include "test/unit/show_facts.h"

static void expect(const char *command, const char *args, const char *file)
{
	char err[256];
	cJSON *a = cJSON_Parse(args), *want = show_file(file);
	cJSON *got = show_command(&show, command, a, err, sizeof(err));

	if (!cJSON_Compare(got, want, true))
		fail_msg("%s: %s", command, cJSON_Print(got));
	cJSON_Delete(a);
	cJSON_Delete(want);
	cJSON_Delete(got);
}

static uint64_t moment_s(void)
{
	return 1795808885 + 60;
}

static void test_access_list(void **state)
{
	uint64_t (*clock_s)(void) = show.wall_s;

	show.wall_s = moment_s;
	expect("show access-list", "{}", "access-list");
	expect("show access-list", "{\"name\": \"empty\"}", "access-list-empty");
	show.wall_s = clock_s;
}

static void test_no_access_list(void **state)
{
	cJSON *args = cJSON_Parse("{\"name\": \"none\"}");
	char err[256];

	assert_null(show_command(&show, "show access-list", args, err, sizeof(err)));
	assert_string_equal(err, "there is no access-list none; callgate show access-list has all");
	cJSON_Delete(args);
}

static void test_answers(void **state)
{
	struct config_domain denied = {".spam.example"};

	expect("show uc-ime signaling-sessions", "{}", "signaling-sessions");
	call.caller =
		(struct call_caller){.checked = true, .number = {"12125550199", 11}, .attest = 'A'};
	expect("show uc-ime signaling-sessions", "{}", "signaling-sessions-caller");
	call.caller = (struct call_caller){.checked = true, .fault = PASSPORT_ABSENT};
	expect("show uc-ime signaling-sessions", "{}", "signaling-sessions-unsigned");
	call.caller = (struct call_caller){.checked = false};
	expect("show uc-ime media-sessions", "{}", "media-sessions");
	expect("show uc-ime media-sessions detail", "{}", "media-sessions");
	media_monitored = true;
	call.fallback_state = 0;
	call.delay_ms = 120;
	call.streams[0].clock_hz = 8000;
	media_stats.leg[SIDE_OUTSIDE].report_ns = show.mono_ns() - 3 * S_NS;
	media_stats.leg[SIDE_OUTSIDE].round_trip_us = 120400;
	media_stats.leg[SIDE_OUTSIDE].report = (struct rtcp_report){.heard = true,
		.fraction_lost = 64,
		.lost = 100,
		.jitter = 80,
		.metrics = true,
		.loss_rate = 51,
		.mos_cq_x10 = 39,
		.mos_lq_x10 = RTCP_XR_UNKNOWN,
		.r_factor = RTCP_XR_UNKNOWN};
	expect("show uc-ime media-sessions detail", "{}", "media-sessions-quality");
	media_monitored = false;
	media_stats.leg[SIDE_OUTSIDE].report_ns = 0;
	call.fallback_state = 1;
	expect("show quality", "{\"call_id\": \"ab6d7980\"}", "quality");
	expect("show uc-ime fallback-notification statistics", "{}", "fallback-notification");
	expect("show uc-ime mapping-service-sessions", "{}", "mapping-service-sessions");
	expect("show uc-ime mapping-service-sessions statistics", "{}", "mapping-service-sessions");
	expect("show uc-ime mapping-service-mappings", "{}", "mapping-service-mappings");
	expect("show running-config uc-ime", "{}", "running-config");
	mta_addrs[0].global = mta_addrs[1].global = true;
	mta_addrs[1].ip = mta_addrs[0].ip;
	ticket_epoch = (struct epochs_info){2, 1, 1796083200};
	ime_config.callers[CALLERS_DENY] = (struct config_domains){&denied, 1};
	ime_config.mapping = (struct config_mapping){.on = true,
		.listening_iface = 1,
		.listening_port = 8060,
		.first_port = 40000,
		.last_port = 49999,
		.quota = 10000,
		.lifetime_s = 600,
		.idle_s = 1800,
		.key_file = "mapping.key",
		.key = "never to be seen"};
	expect("show running-config uc-ime", "{}", "running-config-global");
	ime_config.mapping.on = false;
	ticket_epoch = (struct epochs_info){.epoch = 1};
	ime_config.callers[CALLERS_DENY] = (struct config_domains){0};
	mta_addrs[0].global = mta_addrs[1].global = false;
	mta_addrs[1].ip = ip("192.168.10.3");
	expect("show media", "{\"call_id\": \"ab6d7980\"}", "media-call");
	expect("show uc-ime ucm", "{}", "ucm");
	expect("show uc-ime limits", "{}", "limits");
	expect("show usage", "{}", "usage");
	expect("show interface", "{}", "interface");
	expect("show ip verify statistics", "{}", "ip-verify");
	expect("show conn", "{}", "conn");
	expect("show conn", "{\"detail\": true}", "conn-detail");
	expect("show conn", "{\"count\": true}", "conn-count");
	expect("clear conn", "{}", "conn-cleared");
	expect("show xlate", "{}", "xlate");
	expect("show nat", "{}", "nat");
	expect("show tls-proxy", "{}", "tls-proxy");
	expect("show tls-proxy session", "{}", "tls-proxy-session");
	expect("show tls-proxy session detail", "{}", "tls-proxy-session");
	expect("show tls-proxy session statistics", "{}", "tls-proxy-session-statistics");
	expect("clear tls-proxy session", "{}", "tls-proxy-closed");
	proxy_usage.signaling_in_use = 10;
	proxy_usage.signaling_most_used = 20;
	proxy_usage.signaling_terminated = 15;
	expect("show uc-ime signaling-sessions statistics", "{}", "signaling-sessions-statistics");
}

static void test_version(void **state)
{
	char err[256];
	cJSON *want = show_file("version"), *got;

	got = show_command(&show, "show version", NULL, err, sizeof(err));
	// The library of this machine.
	assert_true(cJSON_ReplaceItemInObject(
		want, "openssl", cJSON_CreateString(OpenSSL_version(OPENSSL_VERSION_STRING))));
	if (!cJSON_Compare(got, want, true))
		fail_msg("%s", cJSON_Print(got));
	cJSON_Delete(want);
	cJSON_Delete(got);
}

static void test_counters(void **state)
{
	char err[256];
	cJSON *all = show_command(&show, "show counters", NULL, err, sizeof(err));

	assert_int_equal(cJSON_GetArraySize(all), 3 + 13);
	cJSON_Delete(all);
}

// `show drops`, and what its first one says; NULL: there is none.
static const cJSON *drops_first(const char *args, int want, cJSON **answer)
{
	char err[256];
	cJSON *a = cJSON_Parse(args);
	const cJSON *list;

	*answer = show_command(&show, "show drops", a, err, sizeof(err));
	cJSON_Delete(a);
	list = cJSON_GetObjectItem(*answer, "drops");
	assert_int_equal(cJSON_GetArraySize(list), want);
	return cJSON_GetArrayItem(list, 0);
}

static const char *text_of(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItem(o, name)->valuestring;
}

static uint64_t number_of(const cJSON *o, const char *name)
{
	return (uint64_t)cJSON_GetObjectItem(o, name)->valuedouble;
}

static void test_drops(void **state)
{
	char err[256];
	const cJSON *first;
	cJSON *answer;

	drops_first("{}", 0, &answer); // none since it began to count
	cJSON_Delete(answer);
	acl_denied += 20;
	drops_tick(show.drops, show.mono_ns() - 3 * S_NS);
	first = drops_first("{}", 1, &answer);
	assert_string_equal(text_of(first, "name"), "ACL_DENY");
	assert_string_equal(text_of(first, "help"), "denied");
	assert_string_equal(text_of(first, "group"), "data plane");
	assert_int_equal(number_of(first, "count"), 20);
	assert_int_equal(number_of(first, "rate_minute"), 2);
	assert_int_equal(number_of(first, "age_s"), 3);
	assert_in_range(number_of(first, "last"), show.wall_s() - 5, show.wall_s() - 3);
	cJSON_Delete(answer);
	drops_first("{\"all\": true}", 2 + 11, &answer); // no mere count
	cJSON_Delete(answer);
	cJSON_Delete(show_command(&show, "clear drops", NULL, err, sizeof(err)));
	drops_first("{}", 0, &answer);
	cJSON_Delete(answer);
	assert_int_equal(dp_cleared, 0);
}

static void clear_list(const char *name, bool there)
{
	cJSON *args = cJSON_CreateObject(), *got;
	char err[256];

	cJSON_AddStringToObject(args, "name", name);
	got = show_command(&show, "clear access-list counters", args, err, sizeof(err));
	assert_int_equal(got != NULL, there);
	if (!there)
		assert_string_equal(
			err, "there is no access-list none; callgate show access-list has all");
	cJSON_Delete(got);
	cJSON_Delete(args);
}

static void test_clear(void **state)
{
	char err[256];

	dp_cleared = ime_cleared = 0;
	cJSON_Delete(show_command(
		&show, "clear uc-ime signaling-sessions statistics", NULL, err, sizeof(err)));
	assert_int_equal(dp_cleared, 0);
	assert_int_equal(ime_cleared, 1);
	assert_int_equal(media_cleared, 0);
	cJSON_Delete(show_command(
		&show, "clear uc-ime media-sessions statistics", NULL, err, sizeof(err)));
	assert_int_equal(media_cleared, 1);
	assert_int_equal(ime_cleared, 1);
	cJSON_Delete(show_command(&show, "clear access-list counters", NULL, err, sizeof(err)));
	assert_int_equal(hits_cleared, 5);
	clear_list("incoming", true);
	assert_int_equal(hits_cleared, 10);
	clear_list("empty", true);
	clear_list("none", false);
	assert_int_equal(hits_cleared, 10);
	assert_int_equal(nat_hits_cleared, 0);
	cJSON_Delete(show_command(&show, "clear nat counters", NULL, err, sizeof(err)));
	assert_int_equal(nat_hits_cleared, config.n_nat);
	assert_int_equal(dp_cleared, 0);
	cJSON_Delete(show_command(&show, "clear counters", NULL, err, sizeof(err)));
	assert_int_equal(dp_cleared, 1);
	assert_int_equal(ime_cleared, 2);
	cJSON_Delete(
		show_command(&show, "clear tls-proxy session statistics", NULL, err, sizeof(err)));
	assert_int_equal(tls_cleared, 1);
	assert_int_equal(ime_cleared, 2);
}

static void judge(struct policymap *map, const char *text)
{
	static struct sip_msg m;
	struct policy_verdict v;

	assert_int_equal(sip_parse(&m, str_from(text)), SIP_OK);
	assert_int_equal(sip_check(&m), SIP_OK);
	policymap_judge(map, &m, S_NS, &v);
}

// Clears, and the limits of these classes (a bit for each id) with it.
static void clear_policy(const char *command, unsigned int limits)
{
	char err[256];

	limits_cleared = 0;
	cJSON_Delete(show_command(&show, command, NULL, err, sizeof(err)));
	assert_int_equal(limits_cleared, limits);
}

// A firewall without UC-IME has limits all the same.
static void test_limits_alone(void **state)
{
	char err[256];
	struct ime *ime = show.ime;

	show.ime = NULL;
	expect("show service-policy", "{}", "service-policy-set");
	assert_null(show_command(&show, "show service-policy inspect sip", NULL, err, sizeof(err)));
	clear_policy("clear service-policy", 0xe);
	show.ime = ime;
}

static void test_service_policy(void **state)
{
	static const char options[] =
		"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: "
		"<sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 "
		"OPTIONS\r\nMax-Forwards: 7\r\nUser-Agent: x\r\nContent-Length: 0\r\n\r\n";
	struct policymap *map;
	char err[256];

	assert_int_equal(policymaps_new(&policymaps, &config, err, sizeof(err)), 0);
	map = policymap_of(policymaps, &inspects[1]);
	for (int i = 0; i < 5; i++)
		judge(map, options);
	judge(policymap_of(policymaps, &inspects[0]), options);
	policymap_violated(map, SIP_PARAM_STATE_CHECKING);
	expect("show service-policy", "{}", "service-policy");
	expect("show service-policy inspect sip", "{}", "service-policy-inspect");
	expect("show service-policy set connection", "{}", "service-policy-set");
	clear_policy("clear service-policy set connection", 0xe);
	assert_int_equal(policymap_messages(map), 5);
	clear_policy("clear service-policy inspect sip", 0);
	assert_int_equal(policymap_messages(map), 0);
	judge(map, options);
	clear_policy("clear service-policy", 0xe);
	assert_int_equal(policymap_messages(map), 0);
	policymaps_free(policymaps);
}

// Only those that ever were, with their ages.
static void test_alarms(void **state)
{
	char err[256];

	log_set_severity(0);
	alarms_reset();
	cJSON_Delete(show_command(&show, "show alarms", NULL, err, sizeof(err)));
	alarm_raise(ALARM_MEDIA_PORTS, (4000 - 312) * S_NS, "%s", "no media port is free");
	alarm_raise(ALARM_MEDIA_PORTS, (4000 - 311) * S_NS, "not shown");
	alarm_raise(ALARM_MEDIA_STREAMS, (4000 - 100) * S_NS, "as many streams as there can be");
	alarm_clear(ALARM_MEDIA_STREAMS, (4000 - 60) * S_NS);
	alarm_clear(ALARM_MEMORY_UNLOCKED, (4000 - 60) * S_NS);
	expect("show alarms", "{}", "alarms");
	alarms_reset();
	expect("show alarms", "{}", "alarms-none");
}

// The list of cp/events.def, and how often each event was told.
static void test_logging(void **state)
{
	const cJSON *events, *e;
	char err[256];
	cJSON *j;

	log_set_severity(1);
	log_event(READY); // not told
	alarms_reset();
	alarm_raise(ALARM_MEDIA_PORTS, 1, "%s", "told");
	log_set_severity(0);
	alarms_reset();
	j = show_command(&show, "show logging", NULL, err, sizeof(err));
	assert_int_equal(cJSON_GetObjectItem(j, "severity_max")->valueint, 0);
	assert_string_equal(cJSON_GetObjectItem(j, "format")->valuestring, "text");
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(j, "asa_compat")));
	events = cJSON_GetObjectItem(j, "events");
	assert_int_equal(cJSON_GetArraySize(events), EVT_MAX);
	e = cJSON_GetArrayItem(events, EVT_ALARM);
	assert_int_equal(cJSON_GetObjectItem(e, "number")->valueint, 339501);
	assert_int_equal(cJSON_GetObjectItem(e, "severity")->valueint, 1);
	assert_string_equal(cJSON_GetObjectItem(e, "name")->valuestring, "ALARM");
	assert_int_equal(cJSON_GetObjectItem(e, "written")->valueint, 1);
	e = cJSON_GetArrayItem(events, EVT_READY);
	assert_int_equal(cJSON_GetObjectItem(e, "written")->valueint, 0);
	assert_true(strlen(cJSON_GetObjectItem(e, "remedy")->valuestring) > 0);
	cJSON_Delete(j);
}

static void media_refused(const char *args, const char *reason)
{
	cJSON *a = cJSON_Parse(args);
	char err[256] = "";

	assert_null(show_command(&show, "show media", a, err, sizeof(err)));
	if (strstr(err, reason) == NULL)
		fail_msg("%s", err);
	cJSON_Delete(a);
}

static const char *media_call_id(const char *args)
{
	static cJSON *j;
	cJSON *a = cJSON_Parse(args);
	char err[256] = "";

	cJSON_Delete(j);
	j = show_command(&show, "show media", a, err, sizeof(err));
	cJSON_Delete(a);
	assert_int_equal(cJSON_GetArraySize(j), 1);
	return cJSON_GetObjectItem(cJSON_GetArrayItem(j, 0), "call_id")->valuestring;
}

// By the whole Call-ID, or a beginning that is one call's alone.
static void test_media_of_call(void **state)
{
	media_refused("{}", "a Call-ID is needed");
	media_refused("{\"call_id\": 5}", "a Call-ID is needed");
	media_refused("{\"call_id\": \"x\"}", "no call has a Call-ID that begins with x");
	other.call_id = STR_LIT("ab6d");
	media_refused("{\"call_id\": \"ab6\"}", "2 calls have a Call-ID that begins with ab6;");
	assert_string_equal(media_call_id("{\"call_id\": \"ab6d\"}"), "ab6d");
	assert_non_null(strstr(media_call_id("{\"call_id\": \"ab6d7\"}"), "ab6d7980-a7d1"));
}

static void test_next_hop(void **state)
{
	cJSON *a = cJSON_Parse("{\"call_id\": \"ab\"}"), *j;
	const cJSON *stream, *d;
	char err[256];

	unresolved = ip("10.194.108.119");
	j = show_command(&show, "show media", a, err, sizeof(err));
	stream = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetArrayItem(j, 0), "streams"), 0);
	d = cJSON_GetArrayItem(cJSON_GetObjectItem(stream, "directions"), 1);
	assert_string_equal(cJSON_GetObjectItem(d, "why")->valuestring, "neighbour");
	assert_string_equal(cJSON_GetObjectItem(stream, "verdict")->valuestring,
		"One-way: the outside does not hear the inside.");
	cJSON_Delete(a);
	cJSON_Delete(j);
}

static void not_expected(void *arg, enum trustpoint_file file, const char *why)
{
	fail_msg("%s", why);
}

static void test_certificates(void **state)
{
	struct config_trustpoint files = {.name = "local-ent"};
	struct config_tls_proxy proxy = {.name = "remote_to_local-ent",
		.side = {{.trustpoint = 0, .identity = 0}, {.trustpoint = -1, .identity = -1}}};
	char dir[] = "/tmp/callgate-show-XXXXXX", err[256], command[64];
	const cJSON *i;
	cJSON *j;

	assert_non_null(mkdtemp(dir));
	pki_make(dir);
	snprintf(files.certificate, sizeof(files.certificate), "%s/a.crt", dir);
	snprintf(files.key, sizeof(files.key), "%s/a.key", dir);
	snprintf(files.ca, sizeof(files.ca), "%s/ca.pem", dir);
	snprintf(files.crl, sizeof(files.crl), "%s/crl.pem", dir);
	assert_int_equal(trustpoint_load(&trustpoint, &files, not_expected, NULL), 0);
	config.trustpoints = &files;
	config.tls_proxies = &proxy;
	config.n_trustpoints = config.n_tls_proxies = 1;
	j = show_command(&show, "show crypto ca certificates", NULL, err, sizeof(err));
	assert_int_equal(cJSON_GetArraySize(j), 3);
	i = cJSON_GetArrayItem(j, 0);
	assert_string_equal(text_of(i, "kind"), "identity");
	assert_string_equal(text_of(i, "subject"), "CN=enterprise-a.example");
	assert_string_equal(text_of(i, "status"), "valid"); // of 32 days: no warning at 30
	assert_in_range(cJSON_GetObjectItem(i, "days_left")->valueint, 29, 30);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(i, "used_by"), 0)->valuestring,
		"remote_to_local-ent (server, outside)");
	i = cJSON_GetArrayItem(j, 1);
	assert_string_equal(text_of(i, "kind"), "ca");
	assert_string_equal(text_of(i, "subject"), "CN=Test CA");
	i = cJSON_GetArrayItem(j, 2);
	assert_string_equal(text_of(i, "kind"), "crl");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(i, "has_issuer")));
	cJSON_Delete(j);
	trustpoint_free(&trustpoint);
	config.n_trustpoints = config.n_tls_proxies = 0;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

static void test_pki_reload(void **state)
{
	char err[256];
	cJSON *j = show_command(&show, "pki reload", NULL, err, sizeof(err));

	assert_int_equal(cJSON_GetObjectItem(j, "certificates")->valueint, 2);
	assert_int_equal(cJSON_GetObjectItem(j, "judged")->valueint, 3);
	cJSON_Delete(j);
	change.trustpoints = 0;
	assert_null(show_command(&show, "pki reload", NULL, err, sizeof(err)));
	assert_string_equal(err, "trust-point local-ent: ca: found none");
}

static void test_refused(void **state)
{
	struct show without = show;
	char err[256];

	without.ime = NULL;
	assert_null(show_command(&show, "show", NULL, err, sizeof(err)));
	assert_non_null(strstr(err, "show version"));
	assert_null(
		show_command(&without, "show uc-ime signaling-sessions", NULL, err, sizeof(err)));
	assert_string_equal(err, "no uc-ime is configured");
	cJSON_Delete(show_command(&without, "show usage", NULL, err, sizeof(err)));
	cJSON_Delete(show_command(&without, "show counters", NULL, err, sizeof(err)));
}

// What a peer wrote ends on a terminal: no control octet gets through.
static void test_hostile_text(void **state)
{
	char err[256];
	cJSON *j;
	cJSON *args = cJSON_Parse("{\"call_id\": \"a\"}");
	char *text;
	const cJSON *s;

	call.call_id = STR_LIT("a\x1b[2J\xff\0b");
	call.streams[0].codec = "G\x1b[2J\xff\x07";
	j = show_command(&show, "show uc-ime signaling-sessions", NULL, err, sizeof(err));
	s = cJSON_GetArrayItem(cJSON_GetObjectItem(j, "sessions"), 0);
	assert_string_equal(cJSON_GetObjectItem(s, "call_id")->valuestring, "a?[2J??b");
	s = cJSON_GetArrayItem(cJSON_GetObjectItem(s, "media"), 0);
	assert_string_equal(cJSON_GetObjectItem(s, "codec")->valuestring, "G?[2J??");
	cJSON_Delete(j);
	// Also where the codec stands in a sentence.
	call.streams[0].rate[0][MEDIA_BAD_PT] = 1;
	media_stats.leg[0].last_rx_ns = 0;
	j = show_command(&show, "show media", args, err, sizeof(err));
	text = cJSON_Print(j);
	assert_non_null(strstr(text, "another codec than G?[2J??"));
	assert_null(strstr(text, "\\u00"));
	assert_null(strchr(text, '\xff'));
	free(text);
	cJSON_Delete(j);
	cJSON_Delete(args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answers, facts),
		cmocka_unit_test_setup(test_access_list, facts),
		cmocka_unit_test_setup(test_no_access_list, facts),
		cmocka_unit_test_setup(test_version, facts),
		cmocka_unit_test_setup(test_counters, facts),
		cmocka_unit_test_setup(test_drops, facts),
		cmocka_unit_test_setup(test_clear, facts),
		cmocka_unit_test_setup(test_service_policy, facts),
		cmocka_unit_test_setup(test_limits_alone, facts),
		cmocka_unit_test_setup(test_alarms, facts),
		cmocka_unit_test_setup(test_logging, facts),
		cmocka_unit_test_setup(test_media_of_call, facts),
		cmocka_unit_test_setup(test_next_hop, facts),
		cmocka_unit_test_setup(test_certificates, facts),
		cmocka_unit_test_setup(test_pki_reload, facts),
		cmocka_unit_test_setup(test_refused, facts),
		cmocka_unit_test_setup(test_hostile_text, facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
