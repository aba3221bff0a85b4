// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/flow.h"

#define MACS   "020000000001 020000000101 "
#define UDP    "45000020 00010000 40110000 c0a80a1e c6336407 "
#define PORTS  "04d20050 000c0000 00000000"
#define TUPLE  "17 192.168.10.30:1234 198.51.100.7:80"
#define NOBODY NULL

static const struct row {
	const char *name, *frame, *flow;
} rows[] = {
	{"udp", MACS "0800" UDP PORTS, TUPLE},
	{"tcp", MACS "0800 45000020 00010000 40060000 c0a80a1e c6336407" PORTS,
		"6 192.168.10.30:1234 198.51.100.7:80"},
	{"icmp: type and code",
		MACS "0800 4500001c 00010000 40010000 c0a80a1e c6336407 0800000012340001",
		"1 192.168.10.30:8 198.51.100.7:0"},
	{"icmp error", MACS "0800 4500001c 00010000 40010000 c0a80a1e c6336407 0301000012340001",
		"1 192.168.10.30:3 198.51.100.7:1"},
	{"esp", MACS "0800 4500001c 00010000 40320000 c0a80a1e c6336407 0102030405060708",
		"50 192.168.10.30:0 198.51.100.7:0"},
	{"options", MACS "0800 46000024 00010000 40110000 c0a80a1e c6336407 01010101" PORTS, TUPLE},
	{"a tag", MACS "8100 0007 0800" UDP PORTS, TUPLE},
	{"two tags", MACS "88a8 0007 8100 0008 0800" UDP PORTS, TUPLE},
	{"three tags", MACS "88a8 0007 8100 0008 8100 0009 0800" UDP PORTS, NOBODY},
	{"the first fragment", MACS "0800 45000020 00012000 40110000 c0a80a1e c6336407" PORTS,
		TUPLE},
	{"a later one", MACS "0800 45000020 00010001 40110000 c0a80a1e c6336407" PORTS,
		"17 192.168.10.30:0 198.51.100.7:0"},
	{"ports cut off", MACS "0800" UDP "04d200", "17 192.168.10.30:0 198.51.100.7:0"},
	{"options cut off", MACS "0800 4f000020 00010000 40110000 c0a80a1e c6336407" PORTS,
		"17 192.168.10.30:0 198.51.100.7:0"},
	{"header cut off", MACS "0800 45000020 00010000 40110000 c0a80a1e c63364", NOBODY},
	{"header too short", MACS "0800 44000020 00010000 40110000 c0a80a1e c6336407" PORTS,
		NOBODY},
	{"version 6", MACS "0800 65000020 00010000 40110000 c0a80a1e c6336407" PORTS, NOBODY},
	{"ARP", MACS "0806 0001080006040001 020000000001c0a80a1e000000000000c0a80a01", NOBODY},
	{"a tag and no more", MACS "8100", NOBODY},
	{"no type", MACS "08", NOBODY},
	{"nothing", "", NOBODY},
};

// The frame ends where its memory ends, for the sanitizers to see.
static void test_row(void **state)
{
	const struct row *row = *state;
	uint8_t buf[256], *frame;
	char text[160], src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX];
	size_t n = unhex(row->frame, buf);
	struct flow f;

	frame = malloc(n + 1);
	assert_non_null(frame);
	memcpy(frame + 1, buf, n);
	if (row->flow == NOBODY) {
		assert_false(flow_read(frame + 1, n, &f));
	} else {
		assert_true(flow_read(frame + 1, n, &f));
		snprintf(text, sizeof(text), "%u %s %s", f.proto, endpoint_format(&f.src, ':', src),
			endpoint_format(&f.dst, ':', dst));
		assert_string_equal(text, row->flow);
	}
	free(frame);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[i] = row_case(rows[i].name, test_row, &rows[i]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
