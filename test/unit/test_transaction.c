// SPDX-License-Identifier: BSD-3-Clause
// Transactions: found by trunk, side, branch and method; bounded for all and for each remote;
// gone when their time is up. And the responses made from them.
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "cp/transaction.h"

#define S 1000000000ull

static struct sip_msg *msg;
static struct txns *txns;
static struct ip_addr remote = {.b = {1}};

static int setup(void **state)
{
	msg = malloc(sizeof(*msg));
	txns = txns_new();
	return 0;
}

static int teardown(void **state)
{
	txns_free(txns);
	free(msg);
	return 0;
}

static void parse(const char *branch, const char *to)
{
	static char text[1024];
	int n = snprintf(text, sizeof(text),
		"INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TLS a:1;branch=%s\r\n"
		"v: SIP/2.0/TCP b\r\n ;branch=z9hG4bKold\r\nSubject: no\r\n"
		"From: <sip:a@b>;tag=f\r\nt: %s\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\n"
		"Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n",
		branch, to);

	assert_int_equal(sip_parse(msg, (struct str){text, (size_t)n}), SIP_OK);
	assert_int_equal(sip_check(msg), SIP_OK);
}

static struct txn *add(
	uint64_t trunk, enum side from, const struct ip_addr *ip, int n, uint64_t now)
{
	const struct txn_origin o = {.trunk = trunk, .from = from, .remote = ip};
	char branch[32];

	snprintf(branch, sizeof(branch), "z9hG4bK%d", n);
	parse(branch, "<sip:b@c>");
	return txn_add(txns, &o, msg, now);
}

static void test_find(void **state)
{
	struct txn *x = add(1, SIDE_OUTSIDE, &remote, 5, 0);
	struct str branch = STR_LIT("z9hG4bK5");

	assert_non_null(x);
	assert_ptr_equal(txn_find(txns, 1, SIDE_OUTSIDE, branch, SIP_INVITE), x);
	assert_null(txn_find(txns, 2, SIDE_OUTSIDE, branch, SIP_INVITE));
	assert_null(txn_find(txns, 1, SIDE_INSIDE, branch, SIP_INVITE));
	assert_null(txn_find(txns, 1, SIDE_OUTSIDE, branch, SIP_BYE));
	assert_null(txn_find(txns, 1, SIDE_OUTSIDE, STR_LIT("z9hG4bK55"), SIP_INVITE));
	assert_null(txn_find(txns, 1, SIDE_OUTSIDE, STR_LIT(""), SIP_INVITE));
	txn_remove(txns, x);
	assert_null(txn_find(txns, 1, SIDE_OUTSIDE, branch, SIP_INVITE));
	assert_int_equal(txns_count(txns), 0);
}

static void test_own(void **state)
{
	struct txn *x = txn_add_own(txns, 3, SIDE_INSIDE, STR_LIT("z9hG4bKo"), SIP_BYE, 0);

	// Its response comes from where it went.
	assert_ptr_equal(
		txn_find(txns, 3, side_other(SIDE_INSIDE), STR_LIT("z9hG4bKo"), SIP_BYE), x);
	assert_int_equal(x->state, TXN_OWN);
}

static unsigned int expired;

static void on_expired(struct txn *x, void *arg)
{
	expired++;
}

static void test_expire(void **state)
{
	expired = 0;
	add(1, SIDE_OUTSIDE, &remote, 1, 0);
	add(1, SIDE_OUTSIDE, &remote, 2, 10 * S);
	txns_expire(txns, TXN_LIFE_S * S - 1, on_expired, NULL);
	assert_int_equal(txns_count(txns), 2);
	txns_expire(txns, TXN_LIFE_S * S, on_expired, NULL);
	assert_int_equal(txns_count(txns), 1);
	txns_expire(txns, (TXN_LIFE_S + 10) * S, on_expired, NULL);
	assert_int_equal(txns_count(txns), 0);
	assert_int_equal(expired, 2);
}

// A remote that floods leaves room for others, and for the inside. Of others one in a thousand hashes alike, and
// has its quota with it: of eight hardly three.
static void test_quota(void **state)
{
	unsigned int n = 0, have_room = 0;

	while (add(1, SIDE_OUTSIDE, &remote, (int)n, 0) != NULL)
		n++;
	assert_int_equal(n, TXN_REMOTE_MAX);
	for (uint8_t i = 2; i < 10; i++) {
		const struct ip_addr other = {.b = {i}};

		have_room += add(i, SIDE_OUTSIDE, &other, 1, 0) != NULL;
	}
	assert_in_range(have_room, 6, 8);
	assert_non_null(add(1, SIDE_INSIDE, &remote, 1, 0));
	txns_expire(txns, 100 * S, on_expired, NULL);
	assert_non_null(add(1, SIDE_OUTSIDE, &remote, 1, 0));
}

static void test_full(void **state)
{
	unsigned int n = 0;

	while (add(1, SIDE_INSIDE, &remote, (int)n, 0) != NULL)
		n++;
	assert_int_equal(n, TXN_MAX);
	assert_null(txn_add_own(txns, 3, SIDE_INSIDE, STR_LIT("z9hG4bKo"), SIP_BYE, 0));
}

// What is done takes nothing of the quota: a remote may make as many calls as it likes, one after
// the other.
static void test_done_is_free(void **state)
{
	struct str branch = STR_LIT("z9hG4bK7");

	for (unsigned int n = 0; n < 3 * TXN_REMOTE_MAX; n++) {
		struct txn *x = add(1, SIDE_OUTSIDE, &remote, (int)n, n);

		assert_non_null(x);
		txn_done(txns, x, n);
		txn_done(txns, x, n); // another fork's answer
	}
	assert_int_equal(txns_count(txns), 3 * TXN_REMOTE_MAX);
	assert_int_equal(txn_find(txns, 1, SIDE_OUTSIDE, branch, SIP_INVITE)->state, TXN_DONE);
	txns_expire(txns, 100 * S, on_expired, NULL);
	assert_int_equal(txns_count(txns), 0);
}

// In a full table the one that was done first makes room, and none that is not done.
static void test_full_of_done(void **state)
{
	struct str pending = STR_LIT("z9hG4bK0"), oldest = STR_LIT("z9hG4bK2");

	for (unsigned int n = 0; n < TXN_MAX; n++) {
		struct txn *x = add(1, SIDE_INSIDE, &remote, (int)n, 0);

		if (n == 1 || n == 2)
			txn_done(txns, x, 0);
		if (n == 2) { // a late answer was refused since
			x->state = TXN_REFUSED;
			txn_done(txns,
				txn_find(txns, 1, SIDE_INSIDE, STR_LIT("z9hG4bK1"), SIP_INVITE), 0);
		}
	}
	assert_non_null(add(1, SIDE_INSIDE, &remote, TXN_MAX, 0));
	assert_null(txn_find(txns, 1, SIDE_INSIDE, STR_LIT("z9hG4bK1"), SIP_INVITE));
	assert_non_null(txn_find(txns, 1, SIDE_INSIDE, oldest, SIP_INVITE));
	assert_non_null(add(1, SIDE_INSIDE, &remote, TXN_MAX + 1, 0));
	assert_null(txn_find(txns, 1, SIDE_INSIDE, oldest, SIP_INVITE));
	assert_null(add(1, SIDE_INSIDE, &remote, TXN_MAX + 2, 0));
	assert_non_null(txn_find(txns, 1, SIDE_INSIDE, pending, SIP_INVITE));
	assert_int_equal(txns_count(txns), TXN_MAX);
}

static void test_branch_too_long(void **state)
{
	const struct txn_origin o = {.trunk = 1, .from = SIDE_INSIDE, .remote = &remote};
	char branch[300];

	memset(branch, 'x', sizeof(branch));
	branch[256] = '\0';
	parse(branch, "<sip:b@c>");
	assert_null(txn_add(txns, &o, msg, 0));
	branch[255] = '\0';
	parse(branch, "<sip:b@c>");
	assert_non_null(txn_add(txns, &o, msg, 0));
}

// A call has many at a time, of which one INVITE at most is pending; ids whose remainders are the same
// are as near to each other as any.
static void test_of_call(void **state)
{
	const uint64_t a = 7, b = 7 + 4096;
	struct txn *x = add(1, SIDE_OUTSIDE, &remote, 1, 0);
	struct txn *y = add(1, SIDE_OUTSIDE, &remote, 2, 0);
	struct txn *bye = txn_add_own(txns, 1, SIDE_INSIDE, STR_LIT("z9hG4bKo"), SIP_BYE, 0);

	assert_null(txn_of_call(txns, a));
	txn_join(txns, x, a);
	txn_join(txns, bye, a);
	txn_join(txns, y, b);
	assert_ptr_equal(txn_of_call(txns, a), x);
	assert_ptr_equal(txn_of_call(txns, b), y);
	txn_done(txns, x, 0);
	assert_null(txn_of_call(txns, a));
	txn_join(txns, y, a);
	assert_ptr_equal(txn_of_call(txns, a), y);
	assert_null(txn_of_call(txns, b));
	txn_remove(txns, x);
	assert_ptr_equal(txn_of_call(txns, a), y);
	txn_join(txns, y, 0);
	txn_join(txns, y, 0);
	assert_null(txn_of_call(txns, a));
	assert_int_equal(bye->call, a);
	txns_expire(txns, 100 * S, on_expired, NULL);
	assert_null(txn_of_call(txns, a));
}

// A long request is not kept whole, and not tried twice; a short one is wiped to its header section
// with the first response.
static void test_sent(void **state)
{
	static char text[TXN_SENT_MAX + 64] = "INVITE x\r\nA: b\r\n\r\nbody";
	struct txn *x = add(1, SIDE_INSIDE, &remote, 1, 0);

	assert_true(txn_keep_sent(x, text, 22));
	assert_int_equal(x->sent_n, 22);
	assert_false(x->resent);
	txn_heard(x);
	assert_int_equal(x->sent_n, 18);
	assert_true(txn_keep_sent(x, text, sizeof(text)));
	assert_int_equal(x->sent_n, 18);
	assert_true(x->resent);
	txn_heard(x);
	txn_heard(x);
	assert_int_equal(x->sent_n, 18);
}

// ---- Responses ---------------------------------------------------------------------------------

static void test_reply(void **state)
{
	struct reply_head head;
	char buf[1024];
	size_t n;

	parse("z9hG4bKr", "<sip:b@c>");
	assert_true(reply_head_save(msg, &head));
	n = reply_write(&head, 403, 9, "mine", buf, sizeof(buf));
	buf[n] = '\0';
	assert_string_equal(buf,
		"SIP/2.0 403 Forbidden\r\nVia: SIP/2.0/TLS a:1;branch=z9hG4bKr\r\n"
		"v: SIP/2.0/TCP b\r\n ;branch=z9hG4bKold\r\nFrom: <sip:a@b>;tag=f\r\n"
		"Call-ID: c\r\nCSeq: 7 INVITE\r\nt: <sip:b@c>;tag=mine\r\n"
		"Content-Length: 0\r\n\r\n");
	assert_int_equal(reply_write(&head, 403, 9, "mine", buf, n), 0); // one octet short
	reply_head_free(&head);
	parse("z9hG4bKr", "<sip:b@c>;tag=theirs");
	assert_true(reply_head_save(msg, &head));
	n = reply_write(&head, 481, 9, "mine", buf, sizeof(buf));
	buf[n] = '\0';
	assert_non_null(strstr(buf, "SIP/2.0 481 Call/Transaction Does Not Exist\r\n"));
	assert_non_null(strstr(buf, "t: <sip:b@c>;tag=theirs\r\n"));
	assert_null(strstr(buf, "mine"));
	reply_head_free(&head);
}

static void test_reply_needs_headers(void **state)
{
	static const char text[] =
		"INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TLS a\r\nTo: <sip:b@c>\r\n"
		"From: <sip:a@b>;tag=1\r\nCSeq: 1 INVITE\r\n\r\n";
	struct reply_head head;

	assert_int_equal(sip_parse(msg, STR_LIT(text)), SIP_OK);
	assert_false(reply_head_save(msg, &head)); // no Call-ID
	assert_null(head.p);
}

static void test_reply_head_limit(void **state)
{
	static char text[REPLY_HEAD_MAX + 512];
	struct reply_head head;
	size_t n = 0;

	n += (size_t)sprintf(text,
		"INVITE sip:x@y SIP/2.0\r\nTo: <sip:b@c>\r\nFrom: <sip:a@b>;tag=1\r\n"
		"Call-ID: 1\r\nCSeq: 1 INVITE\r\nVia: SIP/2.0/TLS a;x=");
	memset(text + n, 'x', REPLY_HEAD_MAX);
	n += REPLY_HEAD_MAX;
	n += (size_t)sprintf(text + n, "\r\n\r\n");
	assert_int_equal(sip_parse(msg, (struct str){text, n}), SIP_OK);
	assert_false(reply_head_save(msg, &head));
}

static void test_tag(void **state)
{
	char a[REPLY_TAG_MAX], b[REPLY_TAG_MAX];

	reply_tag(a);
	reply_tag(b);
	assert_int_equal(strlen(a), 16);
	assert_int_equal(strspn(a, "0123456789abcdef"), 16);
	assert_string_not_equal(a, b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(find),
		TEST(own),
		TEST(expire),
		TEST(quota),
		TEST(full),
		TEST(done_is_free),
		TEST(full_of_done),
		TEST(branch_too_long),
		TEST(of_call),
		TEST(sent),
		TEST(reply),
		TEST(reply_needs_headers),
		TEST(reply_head_limit),
		TEST(tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
