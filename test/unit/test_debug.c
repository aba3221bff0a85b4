// SPDX-License-Identifier: BSD-3-Clause
// `debug uc-ime`: who is told what, readers that are too slow, and what a call tells.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cp/debug.h"
#include "cp/debug_stream.h"
#include "lib/base64.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/log_capture.h"

#define ALL  ((1u << DEBUG_TOPICS) - 1)
#define HEAD "2026-01-01T00:00:00.000Z cg %UCIME-7-711001: "

// What a reader took, as one text; it takes no more than `room` octets.
struct book {
	char text[1 << 17];
	size_t n, room;
	struct debug_reader *reader;
};

static struct book book, other;

static bool take(void *arg, const char *line, size_t n)
{
	struct book *b = arg;

	if (n > b->room - b->n)
		return false;
	memcpy(b->text + b->n, line, n);
	b->n += n;
	b->text[b->n] = '\0';
	return true;
}

static void listen_to(struct book *b, uint32_t errors, uint32_t events, bool json)
{
	const struct debug_want want = {
		.topics = {errors, events}, .json = json, .take = take, .arg = b};

	*b = (struct book){.room = sizeof(b->text) - 1};
	b->reader = debug_open(&want);
	assert_non_null(b->reader);
}

static int quiet(void **state)
{
	log_capture_open(0, false);
	return 0;
}

static int done(void **state)
{
	debug_close(book.reader);
	debug_close(other.reader);
	book.reader = other.reader = NULL;
	return 0;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		n++;
		text++;
	}
	return n;
}

static int asked;

static uint64_t ask(void)
{
	return (uint64_t)++asked;
}

// ---- Who is told what ---------------------------------------------------------------------------

static void test_off_costs_nothing(void **state)
{
	debug_event(MEDIA, "x", log_u64("n", ask()));
	listen_to(&book, 1u << DEBUG_MEDIA, 1u << DEBUG_TIMERS, false);
	debug_event(MEDIA, "x", log_u64("n", ask()));
	debug_error(TIMERS, "x", log_u64("n", ask()));
	assert_int_equal(asked, 0);
	debug_error(MEDIA, "x", log_u64("n", ask()));
	assert_int_equal(asked, 1);
	done(NULL);
	debug_error(MEDIA, "x", log_u64("n", ask()));
	assert_int_equal(asked, 1);
	assert_string_equal(book.text, HEAD "x; debug=media n=1\n");
}

static void test_topics_and_levels(void **state)
{
	listen_to(&book, 1u << DEBUG_MEDIA, 0, false);
	listen_to(&other, 0, 1u << DEBUG_MEDIA | 1u << DEBUG_RMA, true);
	debug_error(MEDIA, "no port", log_u64("stream", 1));
	debug_event(MEDIA, "set", log_u64("stream", 2));
	debug_event(RMA, "judged", log_u64("stream", 3));
	debug_event(NOTIFY, "sent", log_u64("stream", 4));
	assert_string_equal(book.text, HEAD "no port; debug=media stream=1\n");
	assert_string_equal(other.text,
		"{\"time\":\"2026-01-01T00:00:00.000Z\",\"host\":\"cg\",\"number\":711001,"
		"\"severity\":"
		"7,\"name\":\"DEBUG_TRACE\",\"text\":\"set\",\"debug\":\"media\",\"stream\":2}\n"
		"{\"time\":\"2026-01-01T00:00:00.000Z\",\"host\":\"cg\",\"number\":711001,"
		"\"severity\":"
		"7,\"name\":\"DEBUG_TRACE\",\"text\":\"judged\",\"debug\":\"rma\",\"stream\":3}\n");
}

static void test_hostile_octets(void **state)
{
	listen_to(&book, 0, ALL, false);
	listen_to(&other, 0, ALL, true);
	debug_event(SIGNALING_TRUNK, "x", log_str("call_id", STR_LIT("a\r\n\x1b[2J\"\xff b")));
	assert_string_equal(book.text,
		HEAD "x; debug=signaling-trunk call_id=\"a\\x0d\\x0a\\x1b[2J\\x22\\xff b\"\n");
	assert_non_null(
		strstr(other.text, "\"call_id\":\"a\\u000d\\u000a\\u001b[2J\\u0022\\u00ff b\"}\n"));
}

// Neither the severity nor the limits of the log hold here.
static void test_events_of_the_log(void **state)
{
	const struct ip_addr ip = {0};

	listen_to(&book, 1u << DEBUG_SIGNALING_TRUNK, 0, false);
	listen_to(&other, 1u << DEBUG_NOTIFY, ALL, false);
	for (int i = 0; i < 500; i++)
		log_event_from(TICKET_NONE, &ip, log_u64("i", (uint64_t)i));
	log_event(CALL_ENDED, log_text("reason", "bye"));
	log_event(READY); // of no topic
	assert_int_equal(lines(book.text), 500);
	log_line_with(book.text,
		"%UCIME-3-339001: ticket not found in SIP request, request refused; ",
		"debug=signaling-trunk i=499");
	assert_string_equal(other.text,
		"2026-01-01T00:00:00.000Z cg %UCIME-6-339008: call ended; debug=signaling-trunk "
		"reason=bye\n");
}

// ---- Readers that are too slow ------------------------------------------------------------------

static void test_slow_reader(void **state)
{
	char count[32];
	size_t n;

	listen_to(&book, 0, ALL, false);
	listen_to(&other, 0, ALL, false);
	book.room = 200;
	for (int i = 0; i < 100; i++)
		debug_event(MEDIA, "x", log_u64("i", (uint64_t)i));
	assert_int_equal(lines(other.text), 100); // he pays for nobody
	n = lines(book.text);
	assert_in_range(n, 1, 3);
	book.room = sizeof(book.text) - 1;
	debug_event(MEDIA, "x", log_u64("i", 100)); // there is room, but not yet a word of the loss
	assert_int_equal(lines(book.text), n);
	debug_drained(book.reader);
	debug_drained(book.reader); // told once
	debug_event(MEDIA, "back", log_u64("i", 101));
	assert_int_equal(lines(book.text), n + 2);
	snprintf(count, sizeof(count), "count=%zu", 101 - n);
	log_line_with(book.text, "lines were lost, for their reader was too slow; ", count);
	log_line_with(book.text, "back; ", "i=101");
}

static void test_readers_max(void **state)
{
	const struct debug_want want = {.topics = {ALL, ALL}, .take = take, .arg = &book};
	struct debug_reader *r[DEBUG_READERS_MAX];

	for (int i = 0; i < DEBUG_READERS_MAX; i++)
		assert_non_null(r[i] = debug_open(&want));
	assert_null(debug_open(&want));
	debug_close(r[3]);
	assert_non_null(r[3] = debug_open(&want));
	for (int i = 0; i < DEBUG_READERS_MAX; i++)
		debug_close(r[i]);
	debug_close(NULL);
	assert_int_equal(debug_wanted[DEBUG_ERRORS] | debug_wanted[DEBUG_EVENTS], 0);
}

// ---- Over the management socket -----------------------------------------------------------------

static char folder[] = "/tmp/callgate-debug-XXXXXX";
static char path[64];
static struct event_base *base;
static struct mgmt *mgmt;

static cJSON *no_command(void *arg, const char *command, const cJSON *args, char *err, size_t size)
{
	snprintf(err, size, "no \"%s\"", command);
	return NULL;
}

static int socket_up(void **state)
{
	char err[256];

	quiet(NULL);
	base = event_base_new();
	assert_int_equal(mgmt_open(&mgmt, path, err, sizeof(err)), 0);
	mgmt_add_streams(mgmt, &debug_streams, NULL);
	return mgmt_start(mgmt, base, no_command, NULL);
}

static int socket_down(void **state)
{
	mgmt_close(mgmt);
	event_base_free(base);
	assert_int_equal(debug_wanted[DEBUG_ERRORS] | debug_wanted[DEBUG_EVENTS], 0);
	return 0;
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static int dial(const char *request)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	turn();
	return fd;
}

// All that comes, the loop turning.
static char *hear(int fd)
{
	static char buf[1 << 21];
	size_t n = 0;

	for (int idle = 0; idle < 3;) {
		ssize_t got = recv(fd, buf + n, sizeof(buf) - 1 - n, 0);

		turn();
		idle = got > 0 ? 0 : idle + 1;
		n += got > 0 ? (size_t)got : 0;
	}
	buf[n] = '\0';
	return buf;
}

#define ASK(topics, more)                                                                          \
	"{\"command\": \"debug uc-ime\", \"args\": {\"topics\": [" topics "]" more "}}\n"

static void test_requests(void **state)
{
	static const struct {
		const char *request, *error;
	} rows[] = {
		{ASK("", ""), "debug uc-ime what? (topics)"},
		{"{\"command\": \"debug uc-ime\"}\n", "debug uc-ime what? (topics)"},
		{ASK("\"toast\"", ""), "debug uc-ime has no such topic"},
		{ASK("1", ""), "debug uc-ime has no such topic"},
		{ASK("\"media\"", ", \"level\": \"all\""),
			"level: expected errors or events, or none for both"},
		{ASK("\"media\"", ", \"level\": 1"),
			"level: expected errors or events, or none for both"},
	};
	char want[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = dial(rows[i].request);

		snprintf(want, sizeof(want), "{\"ok\":false,\"error\":\"%s\"}\n", rows[i].error);
		assert_string_equal(hear(fd), want);
		close(fd);
	}
}

static void test_stream(void **state)
{
	int fd = dial(ASK("\"media\", \"rma\"", ", \"level\": \"events\""));
	int second = dial(ASK("\"media\"", ", \"json\": true"));
	char *heard;

	debug_event(MEDIA, "set", log_u64("stream", 1));
	debug_error(MEDIA, "no port", log_u64("stream", 2));
	debug_event(RMA, "judged", log_u64("stream", 3));
	assert_string_equal(hear(fd),
		"{\"ok\":true,\"data\":true}\n" HEAD "set; debug=media stream=1\n" HEAD
		"judged; debug=rma stream=3\n");
	heard = hear(second);
	assert_int_equal(lines(heard), 3);
	assert_non_null(strstr(heard, "\"text\":\"no port\",\"debug\":\"media\",\"stream\":2}\n"));
	assert_int_equal(send(fd, "what a person types\n", 20, 0), 20); // does no harm
	turn();
	close(second);
	turn();
	assert_false(debug_is_wanted(DEBUG_MEDIA, DEBUG_ERRORS)); // only he wanted these
	debug_event(MEDIA, "set", log_u64("stream", 4));
	assert_string_equal(hear(fd), HEAD "set; debug=media stream=4\n");
	shutdown(fd, SHUT_WR);
	turn();
	assert_false(debug_is_wanted(DEBUG_MEDIA, DEBUG_EVENTS));
	close(fd);
}

// He holds up neither the loop nor the others, costs a bounded memory, and is told what he missed.
static void test_slow_client(void **state)
{
	int slow = dial(ASK("\"media\"", "")), fd;
	unsigned long lost = 0;
	char *heard, *told;
	size_t got;

	for (int i = 0; i < 20000; i++) {
		debug_event(MEDIA, "x", log_u64("i", (uint64_t)i));
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	fd = dial("{\"command\": \"toast\"}\n");
	assert_string_equal(hear(fd), "{\"ok\":false,\"error\":\"no \\\"toast\\\"\"}\n");
	close(fd);
	heard = hear(slow);
	told = strstr(heard, "lines were lost, for their reader was too slow; count=");
	assert_non_null(told);
	assert_int_equal(sscanf(strstr(told, "count="), "count=%lu", &lost), 1);
	got = lines(heard) - 2; // the answer and what was lost
	assert_int_equal(got + lost, 20000);
	assert_in_range(lost, 10000, 19999);
	debug_event(MEDIA, "back", log_u64("i", 20000));
	assert_string_equal(hear(slow), HEAD "back; debug=media i=20000\n");
	close(slow);
}

// ---- A call -------------------------------------------------------------------------------------

static int rig_quiet(void **state)
{
	rig_setup(state);
	return quiet(state);
}

static int rig_done(void **state)
{
	done(state);
	return rig_teardown(state);
}

static void has(const char *text, const char *topic)
{
	log_line_with(book.text, text, topic);
}

static void test_call(void **state)
{
	listen_to(&book, ALL, ALL, false);
	call_establish();
	call_hang_up();
	rig_media_gone(RIG_A);
	has("SIP message received; debug=signaling-trunk side=outside ",
		"request=INVITE user=+14085550123 ");
	has("SIP message sent on; ", "side=inside peer=192.168.10.30:5070 ");
	has("SIP message received; ", "side=inside peer=192.168.10.30:5070 trunk=1 response=180 ");
	has("ticket is valid; debug=signaling-trunk ",
		"granted_to=enterprise-b.example did=14085550123");
	has("connection is being opened; ", "peer=192.168.10.30:5070");
	has("TLS connection up; debug=signaling-trunk ", "side=outside");
	has("media ports pre-allocated for a SIP call; debug=media call_id=",
		"inside=192.168.10.3:");
	has("stream set; debug=media ",
		"outside_srtp=AES_CM_128_HMAC_SHA1_80 inside_srtp=none passthrough=false in=true "
		"out=true");
	has("stream ends; debug=media ", "stream=0");
	has("ports rest; debug=media ", "stream=0");
	has("call ended; debug=signaling-trunk ", "reason=bye");
}

static void test_refusal(void **state)
{
	listen_to(&book, 1u << DEBUG_SIGNALING_TRUNK, 0, false);
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE "X-Cisco-UC-IME-Ticket: " TICKET_A1 "\n" SDP_TYPE,
		SDP_SECURE);
	host_wait_up(&rig.remote);
	host_expect_silence(&rig.remote);
	assert_int_equal(lines(book.text), 1);
	has("%UCIME-3-339002: invalid ticket, request refused; debug=signaling-trunk "
	    "reason=integrity ",
		"peer=198.51.100.10:");
}

static void test_time_is_up(void **state)
{
	listen_to(&book, 1u << DEBUG_TIMERS, 0, false);
	rig_caller();
	host_send(&rig.caller, B_INVITE("1", TICKET_HEADER SDP_TYPE), SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	rig_pass_s(61);
	has("time of a call is up; debug=timers ", "state=trying counter=CALLS_HALF_OPEN");
}

static void test_request_unanswered(void **state)
{
	call_establish();
	listen_to(&book, 1u << DEBUG_TIMERS, 0, false);
	call_b_request("INFO", "info", 102, "", "");
	host_expect(&rig.ucm[RIG_A], "INFO ");
	rig_pass_s(33);
	has("request was never answered; debug=timers ", "from=outside cseq=102 call_id=5d2e9a10@");
}

// LOG-1, SRTP-4, CLI-2: media keys, the ticket and its password are in no line of any topic.
static void test_log_1_secrets(void **state)
{
	char key[64];
	size_t keys = 0;

	listen_to(&book, ALL, ALL, false);
	call_establish();
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		const struct dp_msg *m = &fake_dp_sent[i];

		if (m->type != DP_MSG_MEDIA_SET)
			continue;
		// Of a salted key its first 27 octets have an encoding of their own.
		base64_encode(m->media.leg[SIDE_OUTSIDE].rx_key, 27, key);
		assert_null(strstr(book.text, key));
		keys++;
	}
	assert_true(keys >= 2);
	assert_null(strstr(book.text, "inline:"));
	for (size_t i = 0; i + 24 < sizeof(TICKET_2_13) - 1; i += 24) {
		char piece[25] = "";

		memcpy(piece, &TICKET_2_13[i], 24);
		assert_null(strstr(book.text, piece));
	}
	call_hang_up();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_off_costs_nothing, quiet, done),
		cmocka_unit_test_setup_teardown(test_topics_and_levels, quiet, done),
		cmocka_unit_test_setup_teardown(test_hostile_octets, quiet, done),
		cmocka_unit_test_setup_teardown(test_events_of_the_log, quiet, done),
		cmocka_unit_test_setup_teardown(test_slow_reader, quiet, done),
		cmocka_unit_test_setup_teardown(test_readers_max, quiet, done),
		cmocka_unit_test_setup_teardown(test_requests, socket_up, socket_down),
		cmocka_unit_test_setup_teardown(test_stream, socket_up, socket_down),
		cmocka_unit_test_setup_teardown(test_slow_client, socket_up, socket_down),
		cmocka_unit_test_setup_teardown(test_call, rig_quiet, rig_done),
		cmocka_unit_test_setup_teardown(test_refusal, rig_quiet, rig_done),
		cmocka_unit_test_setup_teardown(test_time_is_up, rig_quiet, rig_done),
		cmocka_unit_test_setup_teardown(test_request_unanswered, rig_quiet, rig_done),
		cmocka_unit_test_setup_teardown(test_log_1_secrets, rig_quiet, rig_done),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s.sock", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
