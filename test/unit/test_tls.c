// SPDX-License-Identifier: BSD-3-Clause
// What TLS speaks: versions and cipher suites by default and as configured, each with a real client
// that offers one thing (TLS-4), and keys that are too short in any case (TLS-5).
#include "test/unit/test.h"

#include <openssl/err.h>

#include "test/unit/call_steps.h"
#include "test/unit/fake_net.h"

// A side's own list; the sample's server is the one that the Internet meets.
#define SERVER(text)                                                                               \
	"remote_to_local-ent: {server: {trust-point: local-ent}}",                                 \
		"remote_to_local-ent: {" text " server: {trust-point: local-ent"
#define LEGACY "trustpoints:\n", "crypto: {legacy-ciphers: on}\ntrustpoints:\n"

static const struct row {
	const char *edit[6];
	int version; // the client's only one
	const char *offer;
	const char *cipher; // NULL: refused
} rows[] = {
	{{0}, TLS1_3_VERSION, NULL, "TLS_AES_256_GCM_SHA384"},
	{{0}, TLS1_2_VERSION, "ALL", "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{{0}, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA"},
	{{0}, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", NULL},
	{{0}, TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA", NULL},
	{{0}, TLS1_1_VERSION, "ALL", NULL},
	{{0}, TLS1_VERSION, "ALL", NULL},
	{{SERVER("tls-min-version: 1.3,") "}}"}, TLS1_2_VERSION, "ALL", NULL},
	{{SERVER("tls-min-version: 1.3,") "}}"}, TLS1_3_VERSION, NULL, "TLS_AES_256_GCM_SHA384"},
	{{SERVER("") ", cipher-suite: [tls13]}}"}, TLS1_2_VERSION, "ALL", NULL},
	{{SERVER("") ", cipher-suite: [ecdhe-aes256-gcm]}}"}, TLS1_2_VERSION, "ALL",
		"ECDHE-ECDSA-AES256-GCM-SHA384"},
	{{SERVER("") ", cipher-suite: [ecdhe-aes256-gcm]}}"}, TLS1_3_VERSION, NULL, NULL},
	{{SERVER("") ", cipher-suite: [ecdhe-aes256-gcm, tls13]}}"}, TLS1_3_VERSION, NULL,
		"TLS_AES_256_GCM_SHA384"},
	{{"trustpoints:\n", "ssl: {encryption: [ecdhe-aes256-gcm]}\ntrustpoints:\n"},
		TLS1_2_VERSION, "ALL", "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{{"trustpoints:\n", "ssl: {encryption: [ecdhe-aes256-gcm]}\ntrustpoints:\n"},
		TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL},
	// Allowed is not yet offered.
	{{LEGACY}, TLS1_VERSION, "ALL", NULL},
	{{LEGACY}, TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA", NULL},
	{{LEGACY, SERVER("tls-min-version: 1.0,") "}}"}, TLS1_VERSION, "ALL",
		"ECDHE-ECDSA-AES128-SHA"},
	{{LEGACY, SERVER("tls-min-version: 1.0,") "}}"}, TLS1_1_VERSION, "ALL",
		"ECDHE-ECDSA-AES128-SHA"},
	{{LEGACY, SERVER("tls-min-version: 1.0,") "}}"}, TLS1_3_VERSION, NULL,
		"TLS_AES_256_GCM_SHA384"},
};

static void client(const char *certificate, int version, const char *offer)
{
	rig.remote_version = version;
	rig.remote_offer = offer;
	rig_remote(certificate, "ca.pem");
	for (int i = 0; i < 100 && !rig.remote.closed && !rig.remote.up; i++)
		host_idle(rig.base);
	host_idle(rig.base);
	ERR_clear_error();
}

static void test_negotiation(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		rig_up(r->edit[0] != NULL ? r->edit : NULL);
		client("b", r->version, r->offer);
		if (r->cipher == NULL) {
			assert_true(rig.remote.closed);
			rig_only(RIG_A, CNT_TLS_NOTHING_COMMON, 1);
		} else {
			assert_string_equal(SSL_get_cipher_name(rig.remote.ssl), r->cipher);
			assert_int_equal(SSL_version(rig.remote.ssl), r->version);
			assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 1);
			rig_only(RIG_A, CNT_NONE, 0);
		}
		rig_down();
	}
}

// Whoever offers nothing but a finite field, or a curve that costs more than it gives, is refused.
static void test_groups(void **state)
{
	static const struct {
		const char *groups;
		bool ok;
	} t[] = {{"X25519", true}, {"P-256", true}, {"P-384", true}, {"P-521", false},
		{"ffdhe2048", false}, {"ffdhe8192", false}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rig_up(NULL);
		rig_remote("b", "ca.pem");
		assert_int_equal(SSL_set1_groups_list(rig.remote.ssl, t[i].groups), 1);
		for (int k = 0; k < 100 && !rig.remote.closed && !rig.remote.up; k++)
			host_idle(rig.base);
		host_idle(rig.base);
		ERR_clear_error();
		assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), t[i].ok);
		rig_only(RIG_A, CNT_TLS_NOTHING_COMMON, !t[i].ok);
		rig_down();
	}
}

// A weak key stays weak, also for who allows weak ciphers.
static void test_weak_key(void **state)
{
	static const char *const edits[][7] = {
		{NULL}, {LEGACY, SERVER("tls-min-version: 1.0,") "}}", NULL}};

	for (int i = 0; i < 2; i++) {
		rig_up(edits[i]);
		client("rsa-1024", TLS1_2_VERSION, "ALL:@SECLEVEL=0");
		host_expect_closed(&rig.remote);
		rig_only(RIG_A, CNT_TLS_CERT_REFUSED, 1);
		rig_down();
	}
}

// NULL-SHA wants an RSA certificate of ours.
static void test_null(void **state)
{
	static const char *const edit[] = {LEGACY, SERVER("") ", cipher-suite: [null-sha1]}}",
		"a.crt", "rsa.crt", "a.key", "rsa.key", NULL};

	rig_up(edit);
	client("b", TLS1_2_VERSION, "NULL-SHA");
	assert_string_equal(SSL_get_cipher_name(rig.remote.ssl), "NULL-SHA");
	rig_only(RIG_A, CNT_NONE, 0);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 1);
	rig_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_negotiation),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_weak_key),
		cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
