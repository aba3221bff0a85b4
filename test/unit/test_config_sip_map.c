// SPDX-License-Identifier: BSD-3-Clause
// regex, class-maps and policy-maps of type inspect sip (protocol.md section 12): what is read, and
// every fault with its place.
#include "test/unit/config_edit.h"

#include <stdlib.h>

// Lines in front of class-maps (66) and in it, in policy-maps, and the map put to use.
#define REGEX(lines)                                                                               \
	{                                                                                          \
		"class-maps:\n", "regex:\n" lines "class-maps:\n"                                  \
	}
#define CLASS(lines)                                                                               \
	{                                                                                          \
		"class-maps:\n", "class-maps:\n" lines                                             \
	}
#define MAP(lines)                                                                                 \
	{                                                                                          \
		"policy-maps:\n", "policy-maps:\n  sip-map:\n    type: inspect sip\n" lines        \
	}
#define PARAMS(text) MAP("    parameters: {" text "}\n")
#define MATCH(text)  MAP("    match:\n      - {" text "}\n")
#define IN_USE                                                                                     \
	{                                                                                          \
		"{sip: {tls-proxy: remote", "{sip: {policy-map: sip-map, tls-proxy: remote"        \
	}

static const struct edited faults[] = {
	{"regex", {REGEX("  one: abc(\n")},
		"63:8: one: found an expression that does not compile: Missing close parenthesis "
		"for group started at index 3."},
	{"regex", {REGEX("  one: a{9999}\n")},
		"63:8: one: found an expression that does not compile: no match has less than 9999 "
		"octets; at most 4096 may be asked for"},
	{"regex", {REGEX("  one: \"\"\n")},
		"63:8: one: found 0 characters, expected a regular expression of 1 to 255"},
	{"regex", {REGEX("  one: [a-z]\n")},
		"63:8: one: found a list, expected a regular expression"},
	{"class regex", {CLASS("  rx: {type: regex, match-any: [one]}\n")},
		"63:33: match-any: found one, expected the name of a regex"},
	{"class regex", {CLASS("  rx: {type: regex, match-any: []}\n")},
		"63:32: match-any: found 0 names, expected 1 to 2048"},
	{"class regex", {CLASS("  rx: {type: regex, match-all: [one]}\n")},
		"63:7: rx: found no match-any, expected one\n"
		"63:21: found the unknown key match-all, expected a known key; did you mean "
		"match-any?"},
	{"class type", {CLASS("  rx: {type: inspect http, match: {access-list: sip-in}}\n")},
		"63:14: type: found inspect http, expected regex or inspect sip; a class of "
		"traffic "
		"has no type"},
	{"class sip", {CLASS("  c: {type: inspect sip, match-any: [{request-method: inwite}]}\n")},
		"63:55: request-method: found inwite, expected ack, bye, cancel, info, invite, "
		"message, notify, options, prack, publish, refer, register, subscribe, update or "
		"unknown; did you mean invite?"},
	{"class sip",
		{CLASS("  c: {type: inspect sip, match-any: [{not caled-party: regex a}]}\n")},
		"63:39: found the unknown key not caled-party, expected called-party, "
		"calling-party, content, im-subscriber, message-path, request-method, "
		"third-party-registration or uri, or not and one of these; did you mean "
		"called-party?"},
	{"class sip",
		{CLASS("  c: {type: inspect sip, match-all: [{request-method: info, content: type "
		       "sdp}]}\n")},
		"63:38: match-all: found 2 keys, expected one match"},
	{"class of traffic",
		{CLASS("  c: {type: inspect sip, match-any: [{request-method: info}]}\n"),
			{"class: in,", "class: c,"}},
		"69:15: class: found c, expected a class-map that matches an access-list, without "
		"a "
		"type"},
	{"match", {MATCH("calling-party: regex one, action: drop")},
		"69:25: calling-party: found one, expected the name of a regex"},
	{"match", {MATCH("calling-party: regex class one, action: drop")},
		"69:25: calling-party: found one, expected the name of a class-map of type regex"},
	{"match", {MATCH("calling-party: one, action: drop")},
		"69:25: calling-party: found one, expected regex NAME or regex class NAME"},
	{"match", {MATCH("uri: sips length gt 5, action: drop")},
		"69:15: uri: found sips length gt 5, expected sip or tel, and length gt 0..65536"},
	{"match", {MATCH("content: length gt 65537, action: drop")},
		"69:19: content: found length gt 65537, expected length gt 0..65536, type sdp or "
		"type regex ..."},
	{"match", {MATCH("request-method: info")},
		"69:9: match: found 1 keys, expected two: a match or class, and action"},
	{"match", {MATCH("class: one, action: drop")},
		"69:17: class: found one, expected the name of a class-map of type inspect sip"},
	{"action", {MATCH("request-method: info, action: mask")},
		"69:40: action: found mask, expected drop, drop-connection, reset, rate-limit "
		"1..100000, each with or without log, or log alone"},
	{"action", {MATCH("content: type sdp, action: mask")},
		"69:37: action: found mask, expected drop, drop-connection, reset, each with or "
		"without log, or log alone"},
	{"action", {MATCH("uri: tel length gt 5, action: rate-limit 5")},
		"69:40: action: found rate-limit 5, expected drop, drop-connection, reset, each "
		"with or without log, or log alone"},
	{"action", {MATCH("uri: tel length gt 5, action: drop reset")},
		"69:40: action: found drop reset, expected drop, drop-connection, reset, each with "
		"or without log, or log alone"},
	{"action", {MATCH("request-method: info, action: rate-limit 0")},
		"69:40: action: found rate-limit 0, expected drop, drop-connection, reset, "
		"rate-limit 1..100000, each with or without log, or log alone"},
	{"parameter", {PARAMS("rtp-conformance: off")},
		"68:35: rtp-conformance: found off, expected on or enforce-payloadtype: RTP is "
		"checked in any case (RTP-5)"},
	{"parameter", {PARAMS("traffic-non-sip: on")},
		"68:35: traffic-non-sip: found on, expected off: what is no SIP never passes this "
		"proxy"},
	{"parameter", {PARAMS("software-version: {action: drop}")},
		"68:45: action: found drop, expected mask, each with or without log, or log alone"},
	{"parameter", {PARAMS("state-checking: {action: mask}")},
		"68:43: action: found mask, expected drop, drop-connection, reset, each with or "
		"without log, or log alone"},
	{"parameter", {PARAMS("uri-non-sip: {}")},
		"68:31: uri-non-sip: found no action, expected one"},
	{"parameter", {PARAMS("im: maybe")}, "68:22: im: found maybe, expected on or off"},
	{"use", {{"{sip: {tls-proxy: remote", "{sip: {policy-map: nap, tls-proxy: remote"}},
		"68:47: policy-map: found nap, expected the name of a policy-map of type inspect "
		"sip"},
	{"use", {MAP(""), {"policy-map: ime-policy", "policy-map: sip-map"}},
		"71:30: policy-map: found sip-map, expected a policy-map of classes; one of type "
		"inspect sip belongs into inspect: {sip: {policy-map: ...}}"},
	{"use", {{"policy-maps:\n", "policy-maps:\n  other: {parameters: {}}\n"}},
		"66:10: other: found a mapping, expected type: inspect sip in it, or a list of "
		"classes"},
};

static void test_faults(void **state)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		void *row = (void *)&faults[i];

		edited_row(&row);
	}
}

static struct config *load(const char *const (*edits)[2], size_t n)
{
	char text[2 * sizeof(config_right)], faults_found[4096];
	struct config_errors errs;
	struct config *c;

	strcpy(text, config_right);
	for (size_t i = 0; i < n; i++)
		edit(text, sizeof(text), edits[i][0], edits[i][1]);
	if (config_parse(str_from(text), "", false, &c, &errs) != 0) {
		faults_text(&errs, faults_found, sizeof(faults_found));
		fail_msg("%s", faults_found);
	}
	return c;
}

static void test_right(void **state)
{
	static const char *const edits[][2] = {
		REGEX("  one: '^sip:\\+1'\n  two: (?i)friendly\n"),
		CLASS("  rx: {type: regex, match-any: [two, one]}\n"
		      "  c: {type: inspect sip, match-all: [{request-method: MESSAGE}, {not "
		      "called-party: regex two}]}\n"),
		MAP("    description: all of it\n"
		    "    match:\n"
		    "      - {action: rate-limit 7 log, class: c}\n"
		    "      - {not calling-party: regex class rx, action: drop-connection}\n"
		    "      - {uri: tel length gt 30, action: log}\n"
		    "      - {content: type regex one, action: mask log}\n"
		    "    parameters: {im: off, ip-address-privacy: on, rtp-conformance: "
		    "enforce-payloadtype, traffic-non-sip: off, software-version: {action: mask}, "
		    "state-checking: {action: reset log}}\n"),
		IN_USE,
	};
	struct config *c = load(edits, 4);
	const struct config_sip_map *map = &c->sip_maps[0];
	const struct config_sip_entry *e = map->entries;
	char text[CONFIG_SIP_DO_MAX];

	assert_int_equal(c->n_regexes, 2);
	assert_string_equal(c->regexes[0].pattern, "^sip:\\+1");
	assert_int_equal(c->n_regex_classes, 1);
	assert_int_equal(c->regex_classes[0].list[0], 1);
	assert_int_equal(c->n_sip_classes, 1);
	assert_true(c->sip_classes[0].all);
	assert_int_equal(c->sip_classes[0].matches[0].method, SIP_MESSAGE);
	assert_int_equal(c->inspects[0].sip_map, -1);
	assert_int_equal(c->inspects[1].sip_map, 0);
	assert_false(map->im);
	assert_true(map->ip_address_privacy && map->enforce_payloadtype);
	assert_true(map->params[SIP_PARAM_MAX_FORWARDS].on); // the manual's default
	assert_false(map->params[SIP_PARAM_STRICT_HEADER].on);
	assert_int_equal(map->params[SIP_PARAM_SOFTWARE_VERSION].action, SIP_ACT_MASK);
	assert_string_equal(
		config_sip_do_text(&map->params[SIP_PARAM_STATE_CHECKING], text), "reset log");
	assert_int_equal(map->n, 4);
	assert_int_equal(e[0].class, 0);
	assert_string_equal(config_sip_do_text(&e[0].act, text), "rate-limit 7 log");
	assert_true(e[1].match.negate && e[1].match.regex_class == 0 && e[1].match.regex == -1);
	assert_string_equal(e[1].match.text, "match not calling-party regex class rx");
	assert_string_equal(config_sip_do_text(&e[1].act, text), "drop-connection");
	assert_true(e[2].match.tel && e[2].match.length == 30);
	assert_string_equal(config_sip_do_text(&e[2].act, text), "log");
	assert_string_equal(config_sip_do_text(&e[3].act, text), "mask log");
	config_free(c);
}

// What is in force where the service-policy names no map.
static void test_default(void **state)
{
	const struct config_sip_map *map = &config_sip_map_default;
	struct config *c = load(NULL, 0);

	assert_int_equal(c->inspects[0].sip_map, -1);
	assert_true(map->im && !map->ip_address_privacy && map->n == 0);
	assert_true(map->params[SIP_PARAM_MAX_FORWARDS].on);
	assert_int_equal(map->params[SIP_PARAM_MAX_FORWARDS].action, SIP_ACT_DROP);
	config_free(c);
}

#define LINE (sizeof(line) - 1)

// Neither entries nor expressions are without end.
static void test_too_many(void **state)
{
	static const char line[] = "      - {request-method: info, action: log}\n";
	size_t size = sizeof(config_right) + 64 * (CONFIG_REGEXES_MAX + 1);
	char *text = malloc(size), *at;
	struct config_errors errs;
	struct config *c;

	strcpy(text, config_right);
	at = text + strlen(text);
	at += sprintf(at, "regex:\n");
	for (int i = 0; i <= CONFIG_REGEXES_MAX; i++)
		at += sprintf(at, "  r%d: a\n", i);
	assert_int_equal(config_parse(str_from(text), "", false, &c, &errs), -EINVAL);
	assert_string_equal(
		errs.list[0].text, "regex: found 2049 regular expressions, expected at most 2048");
	config_errors_free(&errs);

	strcpy(text, config_right);
	edit(text, size, "policy-maps:\n",
		"policy-maps:\n  sip-map:\n    type: inspect sip\n    match:\n#\n");
	at = strstr(text, "#\n");
	memmove(at + LINE * (CONFIG_SIP_MATCHES_MAX + 1), at + 2, strlen(at + 2) + 1);
	for (int i = 0; i <= CONFIG_SIP_MATCHES_MAX; i++, at += LINE)
		memcpy(at, line, LINE);
	assert_int_equal(config_parse(str_from(text), "", false, &c, &errs), -EINVAL);
	assert_string_equal(errs.list[0].text,
		"match: found 257 matches, those of classes included, expected at most 256");
	config_errors_free(&errs);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
