// SPDX-License-Identifier: BSD-3-Clause
// Hostile handshakes: clients that connect and say nothing, half of something or one octet at a time,
// from many sources or one; what each phase may take, who makes room for whom, and what a client
// costs that never proves who it is.
#include "test/unit/test.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cp/conn.h"
#include "cp/embryonic.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_net.h"

#define LIMITS(text) "maximum-sessions: 1000", "maximum-sessions: 1000, " text

static struct embryonic_usage usage(void)
{
	return embryonic_usage(rig.ime[RIG_A]->embryonic);
}

// One more client, each from a source of its own.
static int stranger(void)
{
	static unsigned int n;
	char ip[16];

	n++;
	snprintf(ip, sizeof(ip), "100.64.%u.%u", n / 250 % 250, n % 250 + 1);
	return fake_net_connect(RIG_A, RIG_OUTSIDE, ip, 40000, RIG_UCM_A_MAPPED, 5070);
}

static bool is_open(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

static void expect_closed(int fd)
{
	bool closed = false;

	for (int i = 0; i < 50 && !closed; i++) {
		host_idle(rig.base);
		closed = !is_open(fd);
	}
	assert_true(closed);
	close(fd);
}

// A client's first flight, whole, in `buf`; its length.
static size_t client_hello(char *buf, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int n;

	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	assert_int_equal(SSL_connect(ssl), -1);
	n = BIO_read(SSL_get_wbio(ssl), buf, (int)size);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	assert_true(n > 100 && (size_t)n < size);
	return (size_t)n;
}

static void say(int fd, const void *p, size_t n)
{
	assert_int_equal(send(fd, p, n, MSG_NOSIGNAL), n);
}

// ---- Phases ------------------------------------------------------------------------------------

// A deadline each, on the true clock: all at once.
static void test_deadlines(void **state)
{
	static const char *const edit[] = {LIMITS("handshake-rate: 1"), NULL};
	char hello[2048];
	size_t n = client_hello(hello, sizeof(hello));
	int fds[5];

	rig_up(edit);
	for (int i = 0; i < 5; i++)
		fds[i] = stranger();
	say(fds[1], hello, 1);
	say(fds[2], hello, n / 2);
	say(fds[3], hello, n);
	say(fds[4], hello, n);
	host_idle(rig.base);
	assert_int_equal(usage().hello, 3);
	assert_int_equal(usage().handshake, 1);
	assert_int_equal(usage().waiting, 1);
	sleep(CONN_HELLO_S);
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HELLO_TIMEOUT), 3);
	sleep(CONN_SETUP_S - CONN_HELLO_S);
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_TIMEOUT), 1);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_BUSY), 1);
	assert_int_equal(usage().hello + usage().waiting + usage().handshake, 0);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
	for (int i = 0; i < 5; i++)
		expect_closed(fds[i]);
	rig_down();
}

// A slow line: a whole ClientHello in single octets is as good as any, and costs no TLS until then.
static void test_octet_by_octet(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	char path[128], hello[2048];
	int fd = stranger(), n;

	snprintf(path, sizeof(path), "%s/b.crt", rig.dir);
	assert_int_equal(SSL_use_certificate_file(ssl, path, SSL_FILETYPE_PEM), 1);
	snprintf(path, sizeof(path), "%s/b.key", rig.dir);
	assert_int_equal(SSL_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM), 1);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	assert_int_equal(SSL_connect(ssl), -1);
	n = BIO_read(SSL_get_wbio(ssl), hello, sizeof(hello));
	for (int i = 0; i < n; i++) {
		assert_int_equal(usage().handshake, 0);
		say(fd, hello + i, 1);
		event_base_loop(rig.base, EVLOOP_NONBLOCK);
	}
	SSL_set_fd(ssl, fd);
	for (int i = 0; i < 50 && trunks_usage(rig.ime[RIG_A]->trunks).trunks == 0; i++) {
		SSL_connect(ssl);
		host_idle(rig.base);
	}
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 1);
	rig_only(RIG_A, CNT_NONE, 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

static const struct {
	const char *octets;
	size_t n;
	enum counter_id counter;
} firsts[] = {
	{"GET / HTTP/1.1\r\n\r\n", 18, CNT_TCP_ON_TLS}, {"O", 1, CNT_TCP_ON_TLS},
	{"\x15\x03\x01\0\x02\x02\x46", 7, CNT_TCP_ON_TLS},                  // an alert
	{"\x16\x02\x01\0\x40\x01\0\0\x3c", 9, CNT_TLS_HELLO},               // no such version
	{"\x16\x03\x01\0\x40\x02\0\0\x3c", 9, CNT_TLS_HELLO},               // a ServerHello
	{"\x16\x03\x01\x40\x01\x01\0\x3f\xfd", 9, CNT_TLS_HELLO},           // a record too long
	{"\x16\x03\x01\0\x04\x01\0\x01\0", 9, CNT_TLS_HELLO},               // goes on in others
	{"\x16\x03\x01\0\0\x16\x03\x01\0", 9, CNT_TLS_HELLO},               // an empty one
	{"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10", 11, CNT_TCP_ON_TLS},         // SSL 2
	{"\x16\x03\x01\0\x08\x01\0\0\x04\x03\x03\0\0", 13, CNT_TLS_FAILED}, // whole, and nonsense
};

static void test_first_record(void **state)
{
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		int fd;

		rig_setup(NULL);
		fd = stranger();
		say(fd, firsts[i].octets, firsts[i].n);
		for (int k = 0; k < 50 && usage().hello + usage().handshake > 0; k++)
			host_idle(rig.base);
		rig_only(RIG_A, firsts[i].counter, 1);
		close(fd);
		rig_down();
	}
}

// It closes within its ClientHello, or before: nothing waits for more.
static void test_closed_early(void **state)
{
	static const size_t sizes[] = {0, 1, 8, 50};
	char hello[2048];

	client_hello(hello, sizeof(hello));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = stranger();

		host_idle(rig.base);
		if (sizes[i] > 0)
			say(fd, hello, sizes[i]);
		host_idle(rig.base);
		assert_int_equal(usage().hello, 1);
		close(fd);
		host_idle(rig.base);
		assert_int_equal(usage().hello + usage().handshake, 0);
	}
	rig_only(RIG_A, CNT_TLS_FAILED, 3);
}

// The handshake is done, and nothing follows: neither a message nor a keep-alive.
static void test_first_message(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	rig_pass_s(119);
	assert_false(rig.remote.closed);
	rig_pass_s(1);
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_TLS_SILENT, 1);
}

static void test_keepalive_is_a_word(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_send_raw(&rig.remote, "\r\n\r\n", 4);
	host_expect_raw(&rig.remote, "\r\n");
	rig_pass_s(600);
	assert_false(rig.remote.closed);
	rig_only(RIG_A, CNT_NONE, 0);
}

// ---- Room --------------------------------------------------------------------------------------

// All places are taken: the oldest of those without a ClientHello makes room, and somebody with a
// certificate is served as if nobody else were there.
static void test_room(void **state)
{
	static const char *const edit[] = {LIMITS("embryonic-conn-max: 16"), NULL};
	char hello[2048];
	size_t n = client_hello(hello, sizeof(hello));
	int fds[40], shaking;

	rig_up(edit);
	shaking = stranger();
	say(shaking, hello, n);
	host_idle(rig.base);
	for (int i = 0; i < 40; i++)
		fds[i] = stranger();
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_EMBRYONIC_EVICTED), 40 - 15);
	assert_int_equal(usage().handshake, 1);
	assert_int_equal(usage().most, 16);
	for (int i = 0; i < 40; i++)
		assert_int_equal(is_open(fds[i]), i >= 25);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 1);
	assert_int_equal(usage().handshake, 1);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	close(shaking);
	rig_down();
}

// Sources that have proved themselves are not put out; then a newcomer is refused.
static void test_room_of_the_proven(void **state)
{
	static const char *const edit[] = {LIMITS("embryonic-conn-max: 16"), NULL};
	int fds[16], fd;

	rig_up(edit);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	for (int i = 0; i < 16; i++)
		fds[i] = fake_net_connect(RIG_A, RIG_OUTSIDE, RIG_REMOTE, (uint16_t)(5000 + i),
			RIG_UCM_A_MAPPED, 5070);
	fd = stranger();
	expect_closed(fd);
	rig_only(RIG_A, CNT_TLS_EMBRYONIC_FULL, 1);
	for (int i = 0; i < 16; i++) {
		assert_true(is_open(fds[i]));
		close(fds[i]);
	}
	rig_down();
}

// A source that opens without end is held to its share; it does not lock out another one.
static void test_source(void **state)
{
	int fds[200];

	for (int i = 0; i < 200; i++)
		fds[i] = fake_net_connect(RIG_A, RIG_OUTSIDE, "198.51.100.66",
			(uint16_t)(20000 + i), RIG_UCM_A_MAPPED, 5070);
	rig_only(RIG_A, CNT_TLS_SOURCE_EMBRYONIC, 200 - 32);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	host_idle(rig.base);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 1);
	assert_int_equal(usage().hello, 0);
}

// ---- Rates -------------------------------------------------------------------------------------

static void test_source_rate(void **state)
{
	static const char *const edit[] = {LIMITS("per-client-handshake-rate: 1"), NULL};
	char hello[2048];
	size_t n = client_hello(hello, sizeof(hello));
	int fds[5];

	rig_up(edit);
	for (int i = 0; i < 5; i++) {
		fds[i] = fake_net_connect(RIG_A, RIG_OUTSIDE, "198.51.100.66",
			(uint16_t)(20000 + i), RIG_UCM_A_MAPPED, 5070);
		say(fds[i], hello, n);
	}
	host_idle(rig.base);
	rig_only(RIG_A, CNT_TLS_RATE, 2); // three seconds' worth at once
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	rig_down();
}

// All strangers share a rate and wait for it, the newest served first; a proven one does not wait.
static void test_rate_of_all(void **state)
{
	static const char *const edit[] = {LIMITS("handshake-rate: 40"), NULL};
	char hello[2048];
	size_t n = client_hello(hello, sizeof(hello));
	int fds[8];

	rig_up(edit);
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	for (int i = 0; i < 8; i++) {
		fds[i] = stranger();
		say(fds[i], hello, n);
		host_idle(rig.base);
	}
	assert_int_equal(usage().handshake, 4); // a tenth of a second's, and one
	assert_int_equal(usage().waiting, 4);
	rig_remote("b", "ca.pem"); // again
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	assert_int_equal(usage().waiting, 4);
	rig.now_ns += 75000000;
	host_idle(rig.base);
	assert_int_equal(usage().handshake, 7);
	assert_int_equal(usage().waiting, 1);
	assert_true(is_open(fds[4])); // the oldest of them
	rig_only(RIG_A, CNT_NONE, 0);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	rig_down();
}

// ---- After the handshake -----------------------------------------------------------------------

static void update_keys(unsigned int times)
{
	for (unsigned int i = 0; i < times && !rig.remote.closed; i++) {
		SSL_key_update(rig.remote.ssl, SSL_KEY_UPDATE_REQUESTED);
		host_send_raw(&rig.remote, "\r\n\r\n", 4);
		event_base_loop(rig.base, EVLOOP_NONBLOCK);
	}
	host_idle(rig.base);
}

// New keys are a peer's right, but not without end.
static void test_key_updates(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	update_keys(CONN_CONTROL_MAX - 1);
	assert_false(rig.remote.closed);
	rig_only(RIG_A, CNT_NONE, 0);
	update_keys(10);
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_TLS_CONTROL_FLOOD, 1);
}

// A burst of them comes in one piece: it ends there, whatever stands behind it.
static void test_key_updates_at_once(void **state)
{
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	bufferevent_disable(rig.remote.bev, EV_READ);
	for (int i = 0; i < 2000; i++) {
		char c;

		SSL_key_update(rig.remote.ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_do_handshake(rig.remote.ssl);
		SSL_write(rig.remote.ssl, "\r\n", 2);
		SSL_peek(rig.remote.ssl, &c, 0);
	}
	ERR_clear_error();
	host_idle(rig.base);
	rig_only(RIG_A, CNT_TLS_CONTROL_FLOOD, 1);
}

// TLS 1.2: renegotiation is refused, a session is not resumed; nor is one of TLS 1.3, with or
// without early data.
static void test_no_renegotiation(void **state)
{
	rig.remote_version = TLS1_2_VERSION;
	rig_remote("b", "ca.pem");
	host_wait_up(&rig.remote);
	host_idle(rig.base);
	assert_string_equal(SSL_get_version(rig.remote.ssl), "TLSv1.2");
	assert_int_equal(SSL_get_secure_renegotiation_support(rig.remote.ssl), 1);
	assert_int_equal(SSL_renegotiate(rig.remote.ssl), 1);
	assert_int_not_equal(SSL_do_handshake(rig.remote.ssl), 1);
	host_idle(rig.base);
	assert_int_not_equal(SSL_do_handshake(rig.remote.ssl), 1); // the alert
	ERR_clear_error();
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 1);
}

static void test_no_resumption(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	for (int i = 0; i < 2; i++) {
		SSL_SESSION *session;

		rig.remote_version = versions[i];
		rig_remote("b", "ca.pem");
		host_wait_up(&rig.remote);
		host_idle(rig.base);
		session = SSL_get_session(rig.remote.ssl);
		assert_false(SSL_SESSION_has_ticket(session));
		assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
		if (versions[i] == TLS1_2_VERSION) {
			unsigned int n;

			SSL_SESSION_get_id(session, &n);
			assert_int_equal(n, 0);
		}
	}
}

// ---- Cost --------------------------------------------------------------------------------------

#define CLIENTS 500

static size_t in_use(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

// Octets of ours that a client costs in each phase. What the kernel holds for it comes on top.
static void test_memory(void **state)
{
	static const char *const edit[] = {
		LIMITS("handshake-rate: 10000, embryonic-conn-max: 10000"), NULL};
	static const struct {
		const char *what;
		size_t octets, most;
	} kinds[] = {
		{"TCP alone", 0, 2048},
		{"half a ClientHello", 100, 2048},
		{"a ClientHello", SIZE_MAX, 65536},
	};
	char hello[2048];
	size_t n = client_hello(hello, sizeof(hello));
	int fds[CLIENTS];

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		size_t octets = kinds[k].octets < n ? kinds[k].octets : n, before, each;

		rig_up(edit);
		before = in_use();
		for (int i = 0; i < CLIENTS; i++) {
			fds[i] = stranger();
			if (octets > 0)
				say(fds[i], hello, octets);
		}
		host_idle(rig.base);
		assert_int_equal(usage().hello + usage().handshake, CLIENTS);
		each = (in_use() - before) / CLIENTS;
		print_message("%zu octets for a client with %s\n", each, kinds[k].what);
#ifndef __SANITIZE_ADDRESS__
		assert_in_range(each, 1, kinds[k].most);
#endif
		for (int i = 0; i < CLIENTS; i++)
			close(fds[i]);
		rig_down();
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlines),
		TEST(octet_by_octet),
		cmocka_unit_test(test_first_record),
		TEST(closed_early),
		TEST(first_message),
		TEST(keepalive_is_a_word),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_room_of_the_proven),
		TEST(source),
		cmocka_unit_test(test_source_rate),
		cmocka_unit_test(test_rate_of_all),
		TEST(key_updates),
		TEST(key_updates_at_once),
		TEST(no_renegotiation),
		TEST(no_resumption),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
