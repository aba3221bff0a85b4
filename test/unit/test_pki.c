// SPDX-License-Identifier: BSD-3-Clause
// Trust-points under traffic: certificates, CAs and CRLs replaced while calls are up, revoked peers,
// faulty files, and the alarms of validity (protocol.md section 8).
#include "test/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cp/alarm.h"
#include "cp/embryonic.h"
#include "cp/tls.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"
#include "test/unit/pki.h"

#define DAY 86400

#define WITH_CRL(more) ", ca: ca.pem}", ", ca: ca.pem, crl: crl.pem" more "}"

static int setup(void **state)
{
	static const char *const edit[] = {WITH_CRL(""), NULL};

	rig_up(edit);
	return 0;
}

// The certificates are of today, the tickets are not.
static int setup_now(void **state)
{
	setup(state);
	alarms_reset();
	rig.wall_s = (uint64_t)time(NULL);
	rig_pass_s(3601);
	return 0;
}

static int setup_strict(void **state)
{
	static const char *const edit[] = {WITH_CRL(", revocation-check: crl"), NULL};

	rig_up(edit);
	return 0;
}

static void shell(const char *fmt, const char *arg)
{
	char command[512];
	int n = snprintf(command, sizeof(command), "cd %s && ", rig.dir);

	snprintf(command + n, sizeof(command) - (size_t)n, fmt, arg);
	assert_int_equal(system(command), 0);
}

static struct ime_pki_change reload(void)
{
	struct ime_pki_change change;
	char err[512];

	if (ime_pki_reload(rig.ime[RIG_A], &change, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return change;
}

static void revoke(const char *name)
{
	pki_crl(rig.dir, "crl.pem", name, false, -DAY, DAY);
}

static long serial_of(const struct sip_host *h)
{
	return ASN1_INTEGER_get(X509_get0_serialNumber(SSL_get0_peer_certificate(h->ssl)));
}

// Whether a new handshake of that certificate passes.
static bool passes(const char *certificate)
{
	uint64_t before = rig_counter(RIG_A, CNT_TLS_HANDSHAKES);

	rig_remote(certificate, "ca.pem");
	for (int i = 0;
		i < 100 && !rig.remote.closed && rig_counter(RIG_A, CNT_TLS_HANDSHAKES) == before;
		i++)
		host_idle(rig.base);
	return rig_counter(RIG_A, CNT_TLS_HANDSHAKES) == before + 1;
}

#define R_BYE                                                                                      \
	"BYE " R_URI " SIP/2.0\n" R_VIA("2") R_FROM B_TO ";tag=atag\n" R_CALL_ID                   \
							 "CSeq: 102 BYE\nMax-Forwards: 69\n"

// A call of rig.remote that is up.
static void talk(void)
{
	rig_remote("b", "ca.pem");
	host_send(&rig.remote, R_INVITE TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", A_ANSWER, SDP_PLAIN_A);
	host_expect(&rig.remote, "SIP/2.0 200 ");
}

static void hang_up(void)
{
	host_send(&rig.remote, R_BYE, "");
	host_expect(&rig.ucm[RIG_A], "BYE ");
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", "", "");
	host_expect(&rig.remote, "SIP/2.0 200 ");
}

// ---- Replacement -------------------------------------------------------------------------------

// The connection and its call live on with the old certificate; the next handshake sees the new.
static void test_replaced(void **state)
{
	struct sip_host first;
	struct ime_pki_change change;
	long old;

	talk();
	old = serial_of(&rig.remote);
	pki_renew(rig.dir, "a", "enterprise-a.example", 90 * DAY);
	change = reload();
	assert_int_equal(change.trustpoints, 1);
	assert_int_equal(change.certificates, 2);
	assert_int_equal(change.crls, 1);
	assert_int_equal(change.judged, 1);
	rig_pass_s(2);
	assert_int_equal(rig_counter(RIG_A, CNT_PEERS_RETIRED), 0);
	hang_up();
	assert_int_equal(serial_of(&rig.remote), old);
	first = rig.remote;
	rig.remote = (struct sip_host){0};
	assert_true(passes("b"));
	assert_int_not_equal(serial_of(&rig.remote), old);
	assert_false(first.closed);
	host_close(&first);
	rig_only(RIG_A, CNT_NONE, 0);
	assert_int_equal(rig_counter(RIG_A, CNT_PKI_RELOADS), 1);
}

// The CA of the peers, too.
static void test_ca_replaced(void **state)
{
	assert_false(passes("stranger"));
	shell("cat other-ca.pem >> ca.pem", "");
	assert_int_equal(reload().certificates, 3);
	assert_true(passes("stranger"));
}

static const struct {
	const char *script, *err;
} faulty[] = {
	{"echo x > a.crt",
		"trust-point local-ent: certificate: found %s/a.crt without a "
		"certificate, expected one in PEM"},
	{"cp b.key a.key",
		"trust-point local-ent: key: found the key of another certificate, "
		"expected the one of %s/a.crt"},
	{"chmod 0644 a.key",
		"trust-point local-ent: key: found %s/a.key with mode 0644, expected 0600 or less"},
	{"rm ca.pem",
		"trust-point local-ent: ca: found %s/ca.pem (No such file or directory), "
		"expected a file that can be read"},
	{"echo x > crl.pem",
		"trust-point local-ent: crl: found %s/crl.pem with 0 CRLs and then a "
		"faulty one or none, expected CRLs in PEM, or one in DER"},
	{"truncate -s 1048577 crl.pem",
		"trust-point local-ent: crl: found %s/crl.pem with 1048577 "
		"octets, expected at most 1048576"},
};

// What was in force stays in force, whole.
static void test_faulty(void **state)
{
	struct ime_pki_change change;
	char err[512], want[512];

	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		shell("mkdir kept && cp -p a.crt a.key ca.pem crl.pem kept", "");
		shell("%s", faulty[i].script);
		assert_true(ime_pki_reload(rig.ime[RIG_A], &change, err, sizeof(err)) < 0);
		snprintf(want, sizeof(want), faulty[i].err, rig.dir);
		assert_string_equal(err, want);
		shell("cp -p kept/* . && rm -r kept", "");
		assert_true(passes("b"));
		assert_int_equal(rig_counter(RIG_A, CNT_PKI_RELOADS_REFUSED), i + 1);
	}
	assert_int_equal(rig_counter(RIG_A, CNT_PKI_RELOADS), 0);
}

// TKT-25: without a domain in the configuration the certificate says who we are.
static void test_domain_follows(void **state)
{
	static const char *const edit[] = {"    domain: enterprise-a.example   #", "    #", NULL};

	rig_up(edit);
	assert_string_equal(rig.ime[RIG_A]->own_domain, "enterprise-a.example");
	pki_renew(rig.dir, "a", "another.example", 90 * DAY);
	reload();
	assert_string_equal(rig.ime[RIG_A]->own_domain, "another.example");
	assert_true(str_eq(rig.ime[RIG_A]->ticket.own_domain, STR_LIT("another.example")));
	rig_down();
}

// ---- Revocation --------------------------------------------------------------------------------

static void test_revoked(void **state)
{
	revoke("b");
	reload();
	assert_false(passes("b"));
	rig_only(RIG_A, CNT_TLS_CERT_REVOKED, 1);
	assert_true(passes("c"));
	rig_only(RIG_A, CNT_TLS_CERT_REVOKED, 1);
	revoke(NULL);
	reload();
	assert_true(passes("b"));
}

// As TLS client we judge the server likewise.
static void test_revoked_server(void **state)
{
	revoke("b");
	reload();
	rig_outbound("b", "ca.pem");
	host_send(&rig.caller,
		"OPTIONS sip:x@198.51.100.10:5070 SIP/2.0\nVia: SIP/2.0/TCP "
		"192.168.10.30:5070;branch=z9hG4bKo\nFrom: <sip:a@b>;tag=o\nTo: <sip:x@y>\n"
		"Call-ID: o\nCSeq: 5 OPTIONS\nMax-Forwards: 70\n",
		"");
	host_expect(&rig.caller, "SIP/2.0 503 ");
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_CERT_REVOKED), 1);
}

// By default a CRL out of date still revokes what it lists, and nobody else is refused.
static void test_stale(void **state)
{
	pki_crl(rig.dir, "crl.pem", "b", false, -2 * DAY, -DAY);
	reload();
	assert_true(alarm_get(ALARM_CRL_STALE)->active);
	assert_true(passes("c"));
	assert_false(passes("b"));
	rig_only(RIG_A, CNT_TLS_CERT_REVOKED, 1);
	revoke(NULL);
	reload();
	assert_false(alarm_get(ALARM_CRL_STALE)->active);
}

static void test_stale_strict(void **state)
{
	assert_true(passes("b"));
	pki_crl(rig.dir, "crl.pem", NULL, false, -2 * DAY, -DAY);
	reload();
	assert_false(passes("c"));
	rig_only(RIG_A, CNT_TLS_CRL_MISSING, 1);
}

// A CA without a CRL revokes nothing; strictly, nobody knows whom it has revoked.
static void test_no_crl_of_ca(void **state)
{
	shell("cat other-ca.pem >> ca.pem", "");
	reload();
	assert_true(passes("stranger"));
}

static void test_no_crl_of_ca_strict(void **state)
{
	shell("cat other-ca.pem >> ca.pem", "");
	reload();
	assert_false(passes("stranger"));
	rig_only(RIG_A, CNT_TLS_CRL_MISSING, 1);
}

static void test_foreign_crl(void **state)
{
	pki_crl(rig.dir, "crl.pem", NULL, true, -DAY, DAY);
	reload();
	assert_true(alarm_get(ALARM_CRL_FOREIGN)->active);
	assert_string_equal(alarm_get(ALARM_CRL_FOREIGN)->text,
		"CRL of CN=Another CA of trust-point local-ent is of none of its CAs");
	assert_true(passes("b"));
}

// Somebody else's key under the CA's name revokes nobody.
static void test_forged_crl(void **state)
{
	struct ime_pki_change change;
	char err[512];

	shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
	      "'/CN=Test "
	      "CA' -keyout f.key -out f.pem 2>/dev/null && : > index.txt && openssl ca -gencrl "
	      "-config /dev/stdin -keyfile f.key -cert f.pem -crldays 9 -md sha256 -out crl.pem "
	      "2>/dev/null <<EOF\n[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nEOF",
		"");
	assert_true(ime_pki_reload(rig.ime[RIG_A], &change, err, sizeof(err)) < 0);
	assert_non_null(strstr(err, "with a CRL of CN=Test CA that this CA did not sign"));
}

// ---- Live peers --------------------------------------------------------------------------------

#define R_INVITE_2                                                                                 \
	"INVITE " R_URI " SIP/2.0\n" R_VIA("9") R_FROM B_TO                                        \
		"\nCall-ID: 78@198.51.100.10\nCSeq: 1 INVITE\n" R_CONTACT "Max-Forwards: 69\n"

// Who is talking may go on and hang up; nothing new begins, and then the connection ends.
static void test_live_peer_revoked(void **state)
{
	talk();
	revoke("b");
	assert_int_equal(reload().judged, 1);
	rig_pass_s(2);
	assert_int_equal(rig_counter(RIG_A, CNT_PEERS_RETIRED), 1);
	assert_false(rig.remote.closed);
	host_send(&rig.remote, R_INVITE_2 TICKET_HEADER SDP_TYPE, SDP_SECURE);
	host_expect_silence(&rig.remote); // ticket-failure-action: drop
	rig_only(RIG_A, CNT_PEER_RETIRED, 1);
	hang_up();
	assert_false(rig.remote.closed);
	rig_pass_s(1);
	host_expect_closed(&rig.remote);
	rig_only(RIG_A, CNT_PEER_RETIRED, 1);
	rig_assert_clean(RIG_A);
}

static void test_idle_peer_revoked(void **state)
{
	assert_true(passes("b"));
	revoke("b");
	reload();
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_PEERS_RETIRED), 1);
	rig_pass_s(1);
	host_expect_closed(&rig.remote);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
	rig_only(RIG_A, CNT_NONE, 0);
}

// A CA that is no longer in the file trusts nobody any more.
static void test_live_peer_of_removed_ca(void **state)
{
	assert_true(passes("b"));
	shell("cp other-ca.pem ca.pem && cat other-ca.pem > /dev/null", "");
	pki_crl(rig.dir, "crl.pem", NULL, true, -DAY, DAY);
	reload();
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_PEERS_RETIRED), 1);
}

// Its turn to be judged has not come: a new call does not wait for it.
static void test_judged_at_once(void **state)
{
	struct trunk *t;

	talk();
	revoke("b");
	reload();
	t = trunks_by_id(rig.ime[RIG_A]->trunks, 1);
	assert_true(t->leg[SIDE_OUTSIDE].unjudged);
	assert_true(trunk_is_retired(t));
	assert_false(t->leg[SIDE_OUTSIDE].unjudged);
	host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_PEERS_RETIRED), 1);
	hang_up();
}

#define CROWD 40u // more than are judged at once

static void test_crowd(void **state)
{
	struct sip_host *crowd = calloc(CROWD, sizeof(*crowd));
	struct trunks *ts = rig.ime[RIG_A]->trunks;

	for (unsigned int i = 0; i < CROWD; i++) {
		char ip[16];

		snprintf(ip, sizeof(ip), "198.51.100.%u", 20 + i);
		rig.now_ns += 1000000000u; // strangers have so many handshakes a second
		host_tls(&crowd[i], rig.base,
			fake_net_connect(RIG_A, RIG_OUTSIDE, ip, 40001, RIG_UCM_A_MAPPED, 5070),
			false, rig.dir, "b", "ca.pem");
		host_wait_up(&crowd[i]);
	}
	for (int i = 0; i < 100 && rig_counter(RIG_A, CNT_TLS_HANDSHAKES) < CROWD; i++)
		host_idle(rig.base);
	revoke("b");
	assert_int_equal(reload().judged, CROWD);
	for (int i = 0; i < 100 && rig_counter(RIG_A, CNT_PEERS_RETIRED) < CROWD; i++)
		host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_PEERS_RETIRED), CROWD);
	rig_pass_s(1);
	assert_int_equal(trunks_usage(ts).trunks, 0);
	for (unsigned int i = 0; i < CROWD; i++)
		host_close(&crowd[i]);
	free(crowd);
}

// The reload comes between the first octet of a handshake and its end.
static void test_overtaken(void **state)
{
	rig_remote("b", "ca.pem");
	// The context is taken with the connection.
	assert_int_equal(embryonic_usage(rig.ime[RIG_A]->embryonic).hello, 1);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 0);
	revoke("b");
	reload();
	for (int i = 0; i < 100 && rig_counter(RIG_A, CNT_TLS_HANDSHAKES) == 0; i++)
		host_idle(rig.base);
	assert_int_equal(rig_counter(RIG_A, CNT_TLS_HANDSHAKES), 1); // by the old CRL
	rig_pass_s(1);
	host_expect_closed(&rig.remote);
	assert_int_equal(trunks_usage(rig.ime[RIG_A]->trunks).trunks, 0);
}

// ---- Alarms ------------------------------------------------------------------------------------

static void assert_alarms(const char *active)
{
	char got[256] = "";

	for (int i = ALARM_CERT_30_DAYS; i <= ALARM_CRL_FOREIGN; i++)
		if (alarm_get((enum alarm_id)i)->active)
			strcat(strcat(got, " "), alarm_get((enum alarm_id)i)->name);
	assert_string_equal(got, active);
}

static void at_days_left(unsigned int days)
{
	rig.wall_s = (uint64_t)time(NULL) + (90 - days) * DAY - 60;
	rig_pass_s(3600);
}

static void test_alarms(void **state)
{
	const struct alarm *a = alarm_get(ALARM_CERT_30_DAYS);

	// Both rigs look; only A's is wanted.
	pki_renew(rig.dir, "a", "enterprise-a.example", 90 * DAY);
	pki_renew(rig.dir, "b", "enterprise-b.example", 90 * DAY);
	pki_crl(rig.dir, "crl.pem", NULL, false, -DAY, 200 * DAY);
	for (int i = 0; i < 2; i++) {
		struct ime_pki_change change;
		char err[512];

		assert_int_equal(ime_pki_reload(rig.ime[i], &change, err, sizeof(err)), 0);
	}
	at_days_left(40);
	assert_alarms("");
	at_days_left(30);
	assert_alarms("");
	at_days_left(29);
	assert_alarms(" CERT_30_DAYS");
	assert_non_null(strstr(a->text, "of trust-point local-ent ends 20"));
	at_days_left(28); // nothing new to say
	at_days_left(6);
	assert_alarms(" CERT_7_DAYS");
	at_days_left(0);
	assert_alarms(" CERT_1_DAY");
	rig.wall_s += DAY;
	rig_pass_s(3600);
	assert_alarms(" CERT_NOT_VALID");
	assert_non_null(strstr(alarm_get(ALARM_CERT_NOT_VALID)->remedy, "callgate pki reload"));
	pki_renew(rig.dir, "a", "enterprise-a.example", 190 * DAY);
	pki_renew(rig.dir, "b", "enterprise-b.example", 190 * DAY);
	for (int i = 0; i < 2; i++) {
		struct ime_pki_change change;
		char err[512];

		assert_int_equal(ime_pki_reload(rig.ime[i], &change, err, sizeof(err)), 0);
	}
	assert_alarms("");
	rig.wall_s = (uint64_t)time(NULL) - 10 * DAY;
	rig_pass_s(3600);
	assert_alarms(" CERT_NOT_VALID CRL_STALE");
	assert_non_null(strstr(alarm_get(ALARM_CERT_NOT_VALID)->text, " begins "));
}

static void test_checked_hourly(void **state)
{
	assert_alarms("");
	rig.wall_s += 3000 * (uint64_t)DAY;
	rig_pass_s(3598);
	assert_alarms("");
	rig_pass_s(3);
	assert_alarms(" CERT_NOT_VALID CRL_STALE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replaced, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_ca_replaced, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_faulty, setup, rig_teardown),
		cmocka_unit_test(test_domain_follows),
		cmocka_unit_test_setup_teardown(test_revoked, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_revoked_server, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_stale, setup_now, rig_teardown),
		cmocka_unit_test_setup_teardown(test_stale_strict, setup_strict, rig_teardown),
		cmocka_unit_test_setup_teardown(test_no_crl_of_ca, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(
			test_no_crl_of_ca_strict, setup_strict, rig_teardown),
		cmocka_unit_test_setup_teardown(test_foreign_crl, setup_now, rig_teardown),
		cmocka_unit_test_setup_teardown(test_forged_crl, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_live_peer_revoked, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_idle_peer_revoked, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_live_peer_of_removed_ca, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_judged_at_once, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_crowd, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_overtaken, setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_alarms, setup_now, rig_teardown),
		cmocka_unit_test_setup_teardown(test_checked_hourly, setup_now, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
