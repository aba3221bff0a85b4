// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cp/log.h"
#include "test/unit/log_capture.h"

#define S_NS 1000000000ull
#define HEAD "2026-01-01T00:00:00.000Z cg "

static int fresh(void **state)
{
	log_capture_open(6, false);
	return 0;
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void test_line(void **state)
{
	log_capture();
	log_event(TAP_READ, log_text("device", "sent\r\n2026 forged"));
	assert_string_equal(log_captured(),
		HEAD "%UCIME-3-339403: cannot read from the kernel; "
		     "device=\"sent\\x0d\\x0a2026 forged\"\n");
}

static void test_severity(void **state)
{
	log_set_severity(3);
	log_capture();
	log_event(READY);
	log_event(TAP_READ);
	log_set_severity(5);
	log_event(READY);
	log_set_severity(0);
	log_event(ALARM);
	assert_string_equal(log_captured(),
		HEAD "%UCIME-3-339403: cannot read from the kernel\n" HEAD
		     "%UCIME-5-339101: ready\n");
}

// The next line says how many were held back; so does the clock when none comes.
static void test_suppressed(void **state)
{
	struct ip_addr ip = ip_from_v4_be(htonl(0xc633640a));
	const char *out;

	log_capture();
	for (int i = 0; i < 25; i++)
		log_event_from(TICKET_NONE, &ip, log_u64("i", (uint64_t)i));
	log_capture_ns += S_NS;
	log_tick();
	log_event_from(TICKET_NONE, &ip, log_u64("i", 25));
	log_event_from(TICKET_NONE, &ip, log_u64("i", 26));
	log_capture_ns += 10 * S_NS;
	log_tick();
	log_tick();
	out = log_captured();
	assert_int_equal(lines(out), 12);
	assert_non_null(strstr(out, "i=9\n"));
	assert_non_null(strstr(out, "i=25 suppressed=15\n"));
	assert_non_null(strstr(out,
		HEAD "%UCIME-3-339106: lines of an event were suppressed; count=1 event=339001 "
		     "event_name=TICKET_NONE source=198.51.100.10\n"));
}

// Who does not read costs lines, never time; the first line that he takes again says how many.
static void test_reader_too_slow(void **state)
{
	unsigned int kept = 0, count = 0;
	char drain[65536];
	const char *out;
	ssize_t n;

	log_capture();
	assert_int_equal(fcntl(log_capture_fd(), F_SETPIPE_SZ, 8192), 8192);
	for (int i = 0; i < 200; i++) {
		log_capture_ns += S_NS;
		log_event(TAP_READ, log_u64("i", (uint64_t)i));
	}
	n = read(log_capture_fd(), drain, sizeof(drain) - 1);
	drain[n > 0 ? n : 0] = '\0';
	kept = lines(drain);
	log_capture_ns += S_NS;
	log_event(TAP_READ, log_u64("i", 200));
	out = log_captured();
	assert_true(kept > 10 && kept < 190);
	assert_int_equal(sscanf(strstr(out, "count="), "count=%u", &count), 1);
	assert_int_equal(count + kept, 200);
	assert_non_null(strstr(out, "%UCIME-3-339107: "));
	assert_non_null(strstr(out, "i=200\n"));
}

static void test_json(void **state)
{
	log_capture_open(6, true);
	log_capture();
	log_event(READY, log_u64("workers", 2));
	assert_string_equal(log_captured(),
		"{\"time\":\"2026-01-01T00:00:00.000Z\",\"host\":\"cg\",\"number\":339101,"
		"\"severity\":5,\"name\":\"READY\",\"text\":\"ready\",\"workers\":2}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_line, fresh),
		cmocka_unit_test_setup(test_severity, fresh),
		cmocka_unit_test_setup(test_suppressed, fresh),
		cmocka_unit_test_setup(test_reader_too_slow, fresh),
		cmocka_unit_test_setup(test_json, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
