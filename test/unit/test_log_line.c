// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include "cp/log.h"
#include "cp/log_line.h"

#define WALL_NS 1767225599007999999 // 2025-12-31T23:59:59.007Z

static const struct log_style text = {.host = "cg-a"};
static const struct log_style json = {.host = "cg-a", .json = true};
static const struct log_style asa = {.host = "cg-a", .asa = true};
static char line[LOG_LINE_MAX + 1];

static const char *written(const struct log_style *style, enum event_id id,
	const struct log_field *fields, size_t n, size_t size)
{
	size_t len = log_line_write(style, event_info(id), WALL_NS, fields, n, line, size);

	assert_true(len <= size);
	assert_int_equal(line[len - 1], '\n');
	line[len - 1] = '\0';
	assert_int_equal(strlen(line), len - 1);
	return line;
}

static struct endpoint peer(void)
{
	struct endpoint e = {.port = 5061};

	assert_true(ip_parse(STR_LIT("198.51.100.10"), &e.ip));
	return e;
}

// Section 11: the prefixes, and LOG-1's reason word.
static void test_golden(void **state)
{
	struct endpoint e = peer();
	const struct log_field f[] = {
		log_text("reason", "epoch"),
		log_text("nothing", NULL),
		log_endpoint("peer", &e),
		log_ip("ip", &e.ip),
		log_nonzero("answer", 0),
		log_nonzero("answer", 403),
		log_u64("most", UINT64_MAX),
		log_bool("passthrough", true),
		log_str("call_id", STR_LIT("a=b c")),
		log_str("empty", STR_LIT("")),
	};
	const size_t n = sizeof(f) / sizeof(f[0]);

	assert_string_equal(written(&text, EVT_TICKET_INVALID, f, n, LOG_LINE_MAX),
		"2025-12-31T23:59:59.007Z cg-a %UCIME-3-339002: invalid ticket, request refused; "
		"reason=epoch peer=198.51.100.10:5061 ip=198.51.100.10 answer=403 "
		"most=18446744073709551615 passthrough=true call_id=\"a=b c\" empty=\"\"");
	assert_string_equal(written(&asa, EVT_TICKET_INVALID, f, 1, LOG_LINE_MAX),
		"2025-12-31T23:59:59.007Z cg-a %ASA-3-339002: invalid ticket, request refused; "
		"reason=epoch");
	assert_string_equal(written(&json, EVT_TICKET_INVALID, f, n, LOG_LINE_MAX),
		"{\"time\":\"2025-12-31T23:59:59.007Z\",\"host\":\"cg-a\",\"number\":339002,"
		"\"severity\":3,\"name\":\"TICKET_INVALID\","
		"\"text\":\"invalid ticket, request refused\",\"reason\":\"epoch\","
		"\"peer\":\"198.51.100.10:5061\",\"ip\":\"198.51.100.10\",\"answer\":403,"
		"\"most\":18446744073709551615,\"passthrough\":true,\"call_id\":\"a=b c\","
		"\"empty\":\"\"}");
	assert_string_equal(written(&text, EVT_STOPPED, NULL, 0, LOG_LINE_MAX),
		"2025-12-31T23:59:59.007Z cg-a %UCIME-5-339103: stopped");
	assert_string_equal(written(&json, EVT_STOPPED, NULL, 0, LOG_LINE_MAX),
		"{\"time\":\"2025-12-31T23:59:59.007Z\",\"host\":\"cg-a\",\"number\":339103,"
		"\"severity\":5,\"name\":\"STOPPED\",\"text\":\"stopped\"}");
}

// No octet of a peer makes a second line, a second field or a terminal's command.
static void test_escaped(void **state)
{
	static const struct {
		struct str value;
		const char *text, *json;
	} rows[] = {
		{STR_LIT("plain@host;x=1"), "v=\"plain@host;x=1\"", "\"v\":\"plain@host;x=1\""},
		{STR_LIT("<sip:+1@a.b>;tag"), "v=<sip:+1@a.b>;tag", "\"v\":\"<sip:+1@a.b>;tag\""},
		{STR_LIT("a\r\n2026 forged"), "v=\"a\\x0d\\x0a2026 forged\"",
			"\"v\":\"a\\u000d\\u000a2026 forged\""},
		{STR_LIT("\x1b[2J"), "v=\"\\x1b[2J\"", "\"v\":\"\\u001b[2J\""},
		{STR_LIT("\" by=us x=\""), "v=\"\\x22 by=us x=\\x22\"",
			"\"v\":\"\\u0022 by=us x=\\u0022\""},
		{STR_LIT("\\x41"), "v=\"\\x5cx41\"", "\"v\":\"\\u005cx41\""},
		{STR_LIT("\x00\x7f\x80\xff"), "v=\"\\x00\\x7f\\x80\\xff\"",
			"\"v\":\"\\u0000\\u007f\\u0080\\u00ff\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct log_field f = log_str("v", rows[i].value);

		assert_string_equal(
			strchr(written(&text, EVT_STOPPED, &f, 1, LOG_LINE_MAX), ';') + 2,
			rows[i].text);
		assert_non_null(
			strstr(written(&json, EVT_STOPPED, &f, 1, LOG_LINE_MAX), rows[i].json));
	}
}

static void test_long_value(void **state)
{
	char big[LOG_VALUE_MAX + 1], hostile[LOG_VALUE_MAX];
	struct log_field f[2] = {[1] = log_u64("next", 7)};
	const char *value;

	memset(big, 'x', sizeof(big));
	memset(hostile, '\n', sizeof(hostile));
	f[0] = log_str("v", (struct str){big, LOG_VALUE_MAX});
	value = strchr(written(&text, EVT_STOPPED, f, 2, LOG_LINE_MAX), '=') + 1;
	assert_int_equal(strspn(value, "x"), LOG_VALUE_MAX);
	assert_string_equal(value + LOG_VALUE_MAX, " next=7");
	f[0] = log_str("v", (struct str){big, LOG_VALUE_MAX + 1});
	value = strchr(written(&text, EVT_STOPPED, f, 2, LOG_LINE_MAX), '=') + 2;
	assert_int_equal(strspn(value, "x"), LOG_VALUE_MAX);
	assert_string_equal(value + LOG_VALUE_MAX, "...\" next=7");
	f[0] = log_str("v", (struct str){hostile, sizeof(hostile)});
	value = strstr(written(&json, EVT_STOPPED, f, 2, LOG_LINE_MAX), "\"v\":\"") + 5;
	assert_true(strcspn(value, ".") <= LOG_VALUE_MAX); // no escape in two pieces
	assert_int_equal(strcspn(value, ".") % 6, 0);
	assert_non_null(strstr(value, "...\",\"next\":7}"));
}

// A field that does not fit is left out whole; those that do still stand.
static void test_cut(void **state)
{
	const struct log_field f[] = {
		log_text("first", "1"), log_text("long", "0123456789"), log_text("last", "2")};
	const char *const heads[] = {"2025-12-31T23:59:59.007Z cg-a %UCIME-5-339103: stopped",
		"{\"time\":\"2025-12-31T23:59:59.007Z\",\"host\":\"cg-a\",\"number\":339103,"
		"\"severity\":5,\"name\":\"STOPPED\",\"text\":\"stopped\""};

	written(&text, EVT_STOPPED, f, 3, strlen(heads[0]) + 35);
	assert_memory_equal(line, heads[0], strlen(heads[0]));
	assert_string_equal(line + strlen(heads[0]), "; first=1 last=2 cut=true");
	written(&json, EVT_STOPPED, f, 3, strlen(heads[1]) + 45);
	assert_memory_equal(line, heads[1], strlen(heads[1]));
	assert_string_equal(
		line + strlen(heads[1]), ",\"first\":\"1\",\"last\":\"2\",\"cut\":true}");
}

// At every size: no write beyond the buffer, and an end of the line.
static void test_every_size(void **state)
{
	static const struct log_style *const styles[] = {&text, &json, &asa};
	const struct log_field f[] = {log_text("a", "1"), log_str("b", STR_LIT("\x01\x02")),
		log_u64("c", 3), log_text("d", "four")};

	for (size_t s = 0; s < 3; s++) {
		for (size_t size = 160; size < 260; size++) {
			memset(line, 'Z', sizeof(line));
			written(styles[s], EVT_STOPPED, f, 4, size);
			assert_int_equal(line[size], 'Z');
		}
	}
}

static void test_numbers(void **state)
{
	for (int i = 0; i < EVT_MAX; i++) {
		const struct event_info *e = event_info((enum event_id)i);

		assert_true(e->severity <= 7);
		assert_true(strlen(e->meaning) > 0 && strlen(e->remedy) > 0);
		if (i > 0)
			assert_true(e->number > event_info((enum event_id)(i - 1))->number);
	}
	// Section 11.
	assert_int_equal(event_info(EVT_TICKET_NONE)->number, 339001);
	assert_int_equal(event_info(EVT_TICKET_INVALID)->number, 339002);
	assert_int_equal(event_info(EVT_NO_DIALOG)->number, 339003);
	assert_int_equal(event_info(EVT_ROUTE_INVALID)->number, 339004);
	assert_int_equal(event_info(EVT_NO_SRTP)->number, 339005);
	assert_int_equal(event_info(EVT_CALL_ENDED)->number, 339008);
	assert_int_equal(event_info(EVT_TLS_SESSIONS_FULL)->number, 446001);
	assert_int_equal(event_info(EVT_SIP_REFUSED)->number, 607002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_escaped),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
