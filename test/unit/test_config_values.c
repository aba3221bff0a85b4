// SPDX-License-Identifier: BSD-3-Clause
// What the less usual keys and spellings become in struct config.
#include "test/unit/config_edit.h"

static void test_machine(void **state)
{
	struct config *c = config_with("hostname: cg",
		"hostname: cg.example\nhugepages: on\n"
		"memory-mb: 4096\npoll: adaptive\nrx-queues: 0\n"
		"descriptors: 512\nsessions-max: 1024\n"
		"media-streams-max: 1048576\nsrtp-engine: ipsec-mb-sse\n"
		"firewall: routed\nmode: single");

	assert_string_equal(c->hostname, "cg.example");
	assert_true(c->hugepages);
	assert_int_equal(c->memory_mb, 4096);
	assert_true(c->poll_adaptive);
	assert_int_equal(c->rx_queues, 0);
	assert_int_equal(c->descriptors, 512);
	assert_int_equal(c->sessions_max, 1024);
	assert_int_equal(c->media_streams_max, 1048576);
	assert_string_equal(c->srtp_engine, "ipsec-mb-sse");
	assert_int_equal(c->ifaces[2].mtu, 9000);
	assert_int_equal(c->ifaces[2].fragment.size, 200);
	assert_int_equal(c->ifaces[2].fragment.chain, 24);
	assert_int_equal(c->ifaces[2].fragment.timeout_s, 5);
	assert_true(c->ifaces[2].verify_reverse_path);
	assert_int_equal(c->ifaces[2].bogons, BOGONS_ON);
	config_free(c);
	c = config_with("mtu: 9000", "mtu: 9198, fragment: {size: 30000, chain: 1, timeout: 30}");
	assert_int_equal(c->ifaces[2].mtu, 9198);
	assert_int_equal(c->ifaces[2].fragment.size, 30000);
	assert_int_equal(c->ifaces[2].fragment.chain, 1);
	assert_int_equal(c->ifaces[2].fragment.timeout_s, 30);
	config_free(c);
	c = config_with("mtu: 9000", "verify-reverse-path: off, bogons: strict, vlan: 4094");
	assert_false(c->ifaces[2].verify_reverse_path);
	assert_int_equal(c->ifaces[2].bogons, BOGONS_STRICT);
	assert_int_equal(c->ifaces[2].vlan, 4094);
	assert_int_equal(c->ifaces[1].vlan, 0);
	config_free(c);
	c = config_with("mtu: 9000", "verify-reverse-path: on, bogons: off");
	assert_true(c->ifaces[2].verify_reverse_path);
	assert_int_equal(c->ifaces[2].bogons, BOGONS_OFF);
	config_free(c);
	c = config_with("10.0.0.1/8", "10.0.0.0/31"); // both are hosts
	assert_int_equal(c->ifaces[2].subnet.len, 96 + 31);
	config_free(c);
	c = config_with("cores: [1]", "cores: [3, 3, 7]"); // several workers on one CPU
	assert_int_equal(c->n_workers, 3);
	assert_int_equal(c->worker_cores[1], 3);
	assert_int_equal(c->worker_cores[2], 7);
	config_free(c);
	c = config_with("hostname: cg\n", "");
	assert_string_equal(c->hostname, "callgate");
	assert_false(c->poll_adaptive);
	assert_int_equal(c->media_streams_max, 8192);
	assert_string_equal(c->srtp_engine, "auto");
	config_free(c);
	c = config_with("hostname: cg", "ip-options: {eool: drop, nop: clear}");
	assert_int_equal(c->ip_options.eool, OPTION_DROP);
	assert_int_equal(c->ip_options.nop, OPTION_CLEAR);
	assert_int_equal(c->ip_options.router_alert, OPTION_ALLOW);
	config_free(c);
	c = config_with("level: info", "level: debug");
	assert_int_equal(c->log_severity, 7);
	assert_false(c->log_json);
	assert_false(c->log_asa);
	config_free(c);
	c = config_with("level: info", "level: alert, format: json, asa-compat: on");
	assert_int_equal(c->log_severity, 1);
	assert_true(c->log_json);
	assert_true(c->log_asa);
	config_free(c);
	c = config_with("level: info", "level: warning, format: text, asa-compat: off");
	assert_int_equal(c->log_severity, 4);
	assert_false(c->log_json);
	assert_false(c->log_asa);
	config_free(c);
}

static void test_timeouts(void **state)
{
	struct config *c = config_with("sip: 0:30:00}",
		"sip: 1193:00:00, sip-media: 0:00:01, sip_invite: 0:03:09, sip_disconnect: "
		"0:01:00, "
		"sip_provisional_media: 0:01:01, half-open: 0:00:20, half-closed: 0:05:00, udp: "
		"0:01:00, icmp: 0:00:03, media_one_way: 0:00:25}");

	assert_int_equal(c->timeouts.conn_s, 3600);
	assert_int_equal(c->timeouts.sip_s, 1193 * 3600);
	assert_int_equal(c->timeouts.sip_media_s, 1);
	assert_int_equal(c->timeouts.sip_invite_s, 189);
	assert_int_equal(c->timeouts.sip_disconnect_s, 60);
	assert_int_equal(c->timeouts.sip_provisional_media_s, 61);
	assert_int_equal(c->timeouts.half_open_s, 20);
	assert_int_equal(c->timeouts.half_closed_s, 300);
	assert_int_equal(c->timeouts.udp_s, 60);
	assert_int_equal(c->timeouts.icmp_s, 3);
	assert_int_equal(c->timeouts.one_way_s, 25);
	config_free(c);
	c = config_with("sip: 0:30:00}", "embryonic: 0:1:5, pat-xlate: 1:0:0}");
	assert_int_equal(c->timeouts.half_open_s, 65);
	assert_int_equal(c->timeouts.pat_xlate_s, 3600);
	config_free(c);
	c = config_with(NULL, NULL);
	assert_int_equal(c->timeouts.one_way_s, 10);
	config_free(c);
}

static void warns(const struct config *c, const char *text)
{
	char all[1024];

	faults_text(&c->warnings, all, sizeof(all));
	assert_string_equal(all, text);
}

// TLS-4: the manual's keywords, of which some want to be allowed and some are not there any more.
static void test_legacy_ciphers(void **state)
{
	struct config *c = config_with("trustpoints:\n",
		"crypto: {legacy-ciphers: on}\n"
		"ssl: {encryption: [des-sha1, aes256-sha1]}\n"
		"trustpoints:\n");
	const struct config_tls_side *client = &c->tls_proxies[0].side[TLS_CLIENT];
	const struct config_tls_side *server = &c->tls_proxies[1].side[TLS_SERVER];

	warns(c,
		"44:20: encryption: found des-sha1, which this OpenSSL does not have: it is "
		"ignored "
		"(TLS-4)");
	assert_string_equal(client->ciphers, ""); // ssl encryption is for servers
	assert_int_equal(client->max_version, 13);
	assert_string_equal(server->ciphers, "AES256-SHA");
	assert_int_equal(server->min_version, 12);
	assert_int_equal(server->max_version, 12);
	config_free(c);
	c = config_with("tls-proxies:\n  local_to_remote-ent: {client: {trust-point: local-ent}}\n"
			"  remote_to_local-ent: {server: {trust-point: local-ent}}\n",
		"crypto: {legacy-ciphers: on}\nssl: {encryption: [tls13]}\ntls-proxies:\n"
		"  local_to_remote-ent: {tls-min-version: 1.0, client: {trust-point: local-ent}}\n"
		"  remote_to_local-ent: {server: {trust-point: local-ent, cipher-suite: "
		"[null-sha1]}}\n");
	client = &c->tls_proxies[0].side[TLS_CLIENT];
	server = &c->tls_proxies[1].side[TLS_SERVER];
	warns(c,
		"49:42: tls-min-version: found 1.0, which is broken\n"
		"50:73: cipher-suite: found null-sha1, which does not encrypt");
	assert_int_equal(client->min_version, 10);
	assert_string_equal(server->ciphers, "NULL-SHA"); // its own list goes before
	config_free(c);
	c = config_with("tls-proxies:\n  local_to_remote-ent: {client: {trust-point: local-ent}}\n"
			"  remote_to_local-ent: {server",
		"crypto: {legacy-ciphers: on}\nssl: {encryption: [aes128-sha1]}\ntls-proxies:\n"
		"  local_to_remote-ent: {client: {trust-point: local-ent}}\n"
		"  remote_to_local-ent: {tls-min-version: 1.0, server");
	assert_int_equal(c->tls_proxies[1].side[TLS_SERVER].min_version, 10);
	assert_int_equal(c->tls_proxies[1].side[TLS_SERVER].max_version, 12);
	config_free(c);
}

// The list of servers that have none.
static void test_ssl_encryption(void **state)
{
	struct config *c =
		config_with("trustpoints:\n", "ssl: {encryption: [tls13]}\ntrustpoints:\n");

	assert_int_equal(c->tls_proxies[1].side[TLS_SERVER].min_version, 13);
	assert_int_equal(c->tls_proxies[0].side[TLS_CLIENT].min_version, 12);
	warns(c, "");
	config_free(c);
}

static void test_tls(void **state)
{
	struct config *c = config_with("{client: {trust-point: local-ent}}",
		"{tls-min-version: 1.3, client: {trust-point: local-ent, cipher-suite: "
		"[ecdhe-aes128-gcm, 3des-sha1, aes128-sha1, tls13]}}");
	const struct config_tls_side *p = &c->tls_proxies[0].side[TLS_CLIENT];

	assert_string_equal(p->ciphers,
		"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
		"AES128-SHA");
	assert_int_equal(p->min_version, 13);
	assert_int_equal(p->max_version, 13);
	warns(c,
		"47:113: cipher-suite: found 3des-sha1, which this OpenSSL does not have: it is "
		"ignored (TLS-4)");
	assert_int_equal(p->trustpoint, 0);
	assert_int_equal(p->identity, 0);
	assert_int_equal(c->tls_proxies[0].side[TLS_SERVER].trustpoint, -1);
	assert_int_equal(c->tls_proxies[0].outside, TLS_CLIENT);
	assert_int_equal(c->tls_proxies[1].outside, TLS_SERVER);
	config_free(c);
	c = config_with("{client: {trust-point: local-ent}}",
		"{client: {trust-point: local-ent, cipher-suite: [tls13]}}");
	p = &c->tls_proxies[0].side[TLS_CLIENT];
	assert_string_equal(p->ciphers, "");
	assert_int_equal(p->min_version, 13); // nothing is left for 1.2
	assert_int_equal(c->tls_proxies[1].side[TLS_SERVER].min_version, 12);
	config_free(c);
	c = config_with("maximum-sessions: 1000", "maximum-sessions: 7");
	assert_int_equal(c->tls_sessions_max, 7);
	assert_int_equal(c->embryonic_max, 1024);
	assert_int_equal(c->client_embryonic_max, 32);
	assert_int_equal(c->handshake_rate, 200);
	assert_int_equal(c->client_handshake_rate, 20);
	config_free(c);
	c = config_with("maximum-sessions: 1000",
		"embryonic-conn-max: 16, per-client-embryonic-max: 2, handshake-rate: 3, "
		"per-client-handshake-rate: 4");
	assert_int_equal(c->embryonic_max, 16);
	assert_int_equal(c->client_embryonic_max, 2);
	assert_int_equal(c->handshake_rate, 3);
	assert_int_equal(c->client_handshake_rate, 4);
	config_free(c);
}

// CLI-9: the manual's two tls-proxies of a secure trunk. The trust-point toward the call manager is
// an anchor alone, or has a certificate and is inside-identity itself. Without inside-identity the
// one trust-point that enrolled itself is it (E14).
static const struct {
	const char *trustpoint, *inside;
	int identity;
} secure_trunks[] = {
	{"anchor", "asa", 2},
	{"asa", "asa", 2},
	{"anchor", "local-ent", 0},
	{"anchor", NULL, 2},
	{"asa", NULL, 2},
};

static void test_secure_trunk(void **state)
{
	for (size_t i = 0; i < sizeof(secure_trunks) / sizeof(secure_trunks[0]); i++) {
		char text[2 * sizeof(config_right)], put[256];
		const char *tp = secure_trunks[i].trustpoint;
		struct config_errors errs = {0};
		struct config *c;

		strcpy(text, config_right);
		edit(text, sizeof(text), "  anchor: {ca: ca.pem}\n",
			"  anchor: {ca: ucm.pem}\n"
			"  asa: {certificate: asa.crt, key: asa.key, ca: ucm.pem}\n");
		if (secure_trunks[i].inside == NULL)
			edit(text, sizeof(text), "key: asa.key,", "key: asa.key, enroll: self,");
		snprintf(put, sizeof(put),
			"local_to_remote-ent: {server: {trust-point: %s}, client: {trust-point: "
			"local-ent, cipher-suite: [aes128-sha1]}}",
			tp);
		edit(text, sizeof(text), "local_to_remote-ent: {client: {trust-point: local-ent}}",
			put);
		snprintf(put, sizeof(put),
			"{server: {trust-point: local-ent}, client: "
			"{trust-point: %s}}",
			tp);
		edit(text, sizeof(text), "{server: {trust-point: local-ent}}", put);
		snprintf(put, sizeof(put), "inside-identity: {trust-point: %s}\n    fallback:",
			secure_trunks[i].inside);
		if (secure_trunks[i].inside != NULL)
			edit(text, sizeof(text), "fallback:", put);
		edit(text, sizeof(text), "30, trunk-security-mode: nonsecure",
			"30, trunk-security-mode: secure");
		assert_int_equal(config_parse(str_from(text), "", false, &c, &errs), 0);
		assert_true(c->imes[0].ucms[0].secure);
		assert_false(c->imes[0].ucms[1].secure);
		for (int p = 0; p < 2; p++) {
			enum tls_role outside = p == 0 ? TLS_CLIENT : TLS_SERVER;
			enum tls_role inside = p == 0 ? TLS_SERVER : TLS_CLIENT;
			const struct config_tls_side *side = c->tls_proxies[p].side;

			assert_int_equal(c->tls_proxies[p].outside, outside);
			assert_int_equal(side[outside].trustpoint, 0);
			assert_int_equal(side[outside].identity, 0);
			assert_string_equal(c->trustpoints[side[inside].trustpoint].name, tp);
			assert_int_equal(side[inside].identity, secure_trunks[i].identity);
		}
		// A list of suites is its side's own.
		assert_string_equal(c->tls_proxies[0].side[TLS_CLIENT].ciphers, "AES128-SHA");
		assert_string_equal(c->tls_proxies[0].side[TLS_SERVER].ciphers, "");
		config_free(c);
	}
}

static void test_ime(void **state)
{
	struct config *c = config_with(
		"ticket-failure-action: drop\n    did-source: request-uri\n    "
		"route-check: if-present\n    domain: enterprise-b.example",
		"ticket-failure-action: reject\n    did-source: both\n    route-check: require");
	const struct config_ime *m = &c->imes[0];

	assert_int_equal(m->ticket_failure_action, FAILURE_REJECT);
	assert_int_equal(m->did_source, DID_BOTH);
	assert_int_equal(m->route_check, ROUTE_CHECK_REQUIRE);
	assert_string_equal(m->domain, "");
	assert_int_equal(m->n_ucms, 2);       // E3: both spellings of nonsecure
	assert_string_equal(m->password, ""); // no file was read
	config_free(c);
	c = config_with("profile: t1, skew: 0", "profile: t2, skew: 600");
	assert_string_equal(c->imes[0].ticket_profile, "t2");
	assert_int_equal(c->imes[0].ticket_skew_s, 600);
	config_free(c);
	c = config_with("rtp-min-port: 16384\n    rtp-max-port: 32767", // E2
		"rtp-minport: 1024\n    rtp-maxport: 65535");
	assert_int_equal(c->mtas[0].rtp_min_port, 1024);
	assert_int_equal(c->mtas[0].rtp_max_port, 65535);
	config_free(c);
}

// A call manager's port is given, or the one that an access list of calls that come in names.
static void test_ucm(void **state)
{
	struct config *c = config_with(NULL, NULL);
	const struct config_ime *m = &c->imes[0];

	assert_int_equal(m->ucms[0].port, 5070);
	assert_int_equal(m->ucms[1].port, 0); // no list speaks of it
	assert_int_equal(m->ping.interval_s, 10);
	assert_int_equal(m->ping.timeout_s, 2);
	assert_int_equal(m->ping.retries, 2);
	config_free(c);
	c = config_with("192.168.30.7, trunk-security-mode: non-secure}",
		"192.168.30.7, port: 5061, trunk-security-mode: non-secure}\n    options-ping: "
		"{interval: 0, timeout: 1, retry-count: 3}");
	m = &c->imes[0];
	assert_int_equal(m->ucms[1].port, 5061);
	assert_int_equal(m->ping.interval_s, 0);
	assert_int_equal(m->ping.timeout_s, 1);
	assert_int_equal(m->ping.retries, 3);
	config_free(c);
	c = config_with("  sip-in:\n    - permit tcp any host 192.168.20.30 eq 5070",
		"  sip-in:\n    - deny tcp any host 192.168.20.30 eq 5060\n    - permit tcp any "
		"host "
		"192.168.20.30 range 5060 5070\n    - permit tcp any 192.168.30.0/24 eq 5080");
	assert_int_equal(c->imes[0].ucms[0].port, 0); // which of them?
	assert_int_equal(c->imes[0].ucms[1].port, 5080);
	config_free(c);
}

// TLS-9: nothing is limited but by what there is, until somebody says so.
static void test_limits(void **state)
{
	struct config *c = config_with(NULL, NULL);
	static const struct config_limits none = {.retry_after_s = 5};

	assert_memory_equal(&c->imes[0].limits, &none, sizeof(none));
	config_free(c);
	c = config_with("    did-source: request-uri",
		"    limits: {srtp-sessions: 250, calls-per-domain: 100, calls-per-second: 50, "
		"calls-per-second-per-domain: 7, burst-per-domain: 9, retry-after: 30}");
	assert_memory_equal(&c->imes[0].limits,
		(&(struct config_limits){.srtp_sessions = 250,
			.domain_calls = 100,
			.rate = 50,
			.burst = 100,
			.domain_rate = 7,
			.domain_burst = 9,
			.retry_after_s = 30}),
		sizeof(none));
	config_free(c);
}

static void test_media(void **state)
{
	static const uint8_t offer[] = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AES_CM_128_HMAC_SHA1_32};
	struct config *c = config_with(NULL, NULL);
	const struct config_ime *m = &c->imes[0];

	assert_false(m->parity_strict);
	assert_true(m->rtcp_relay);
	assert_false(m->media_latch);
	assert_int_equal(m->n_srtp_offer, sizeof(offer));
	assert_memory_equal(m->srtp_offer, offer, sizeof(offer));
	assert_int_equal(m->n_srtp_accept, SDES_SUITES);
	assert_int_equal(c->mtas[0].port_guard_s, 30);
	config_free(c);
	c = config_with("    did-source: request-uri",
		"    parity: strict\n    media-latch: on\n    srtp: {offer: [AEAD_AES_256_GCM], "
		"accept: [AES_256_CM_HMAC_SHA1_80, AEAD_AES_256_GCM]}");
	m = &c->imes[0];
	assert_true(m->parity_strict);
	assert_false(m->rtcp_relay);
	assert_true(m->media_latch);
	assert_int_equal(m->n_srtp_offer, 1);
	assert_int_equal(m->srtp_offer[0], SDES_AEAD_AES_256_GCM);
	assert_int_equal(m->n_srtp_accept, 2);
	assert_int_equal(m->srtp_accept[0], SDES_AES_256_CM_HMAC_SHA1_80);
	config_free(c);
	c = config_with("    did-source: request-uri", "    rtcp: drop");
	assert_false(c->imes[0].rtcp_relay);
	assert_false(c->imes[0].parity_strict);
	config_free(c);
	c = config_with("rtp-min-port: 16384", "port-guard: 0:00:00");
	assert_int_equal(c->mtas[0].port_guard_s, 0);
	config_free(c);
}

// Without an interface an address stands once for each of them.
static void test_media_addresses(void **state)
{
	struct config *c = config_with("      - {address: 203.0.113.11, interface: outside}\n"
				       "      - {address: 192.168.20.3, interface: inside}\n",
		"      - {address: 198.51.100.1}\n      - {address: 203.0.113.11}\n");
	const struct config_mta *m = &c->mtas[0];
	char ip[IP_TEXT_MAX];

	assert_int_equal(m->n_addrs, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(m->addrs[i].iface, i % 3);
		assert_true(m->addrs[i].global);
		assert_string_equal(
			ip_format(&m->addrs[i].ip, ip), i < 3 ? "198.51.100.1" : "203.0.113.11");
	}
	config_free(c);
	c = config_with("      - {address: 192.168.20.3, interface: inside}\n",
		"      - {address: 192.168.20.3, interface: inside}\n"
		"      - {address: 192.168.20.4, interface: inside}\n");
	assert_int_equal(c->mtas[0].n_addrs, 3);
	assert_int_equal(c->mtas[0].addrs[2].iface, 1);
	assert_false(c->mtas[0].addrs[2].global);
	config_free(c);
}

// Only the policy map in service counts; without a service-policy nothing is inspected.
static void test_policy(void **state)
{
	struct config *c = config_with("policy-maps:\n",
		"policy-maps:\n  other:\n    - {class: in, inspect: {sip: {tls-proxy: "
		"local_to_remote-ent, uc-ime: ime}}}\n");

	assert_int_equal(c->n_inspects, 2);
	assert_string_equal(c->inspects[0].class_name, "out");
	assert_int_equal(c->inspects[0].acl, 2);
	config_free(c);
	c = config_with("service-policy: {policy-map: ime-policy, scope: global}\n", "");
	assert_int_equal(c->n_inspects, 0);
	assert_int_equal(c->policy_map.n, 0);
	config_free(c);
}

// set-connection: classes in their order, and what they do not say from class-default, wherever that is.
static void test_conn_limits(void **state)
{
	struct config *c = config_with(NULL, NULL);

	assert_int_equal(c->n_conn_limits, 0);
	assert_int_equal(c->conn_limits_default.embryonic_max, 4096);
	assert_int_equal(c->conn_limits_default.client_embryonic_max, 1024);
	assert_int_equal(c->conn_limits_default.line, 0);
	assert_int_equal(c->conn_limits_default.embryonic_rate, 10000);
	assert_int_equal(c->conn_limits_default.conn_max, 0);
	assert_int_equal(c->conn_limits_default.client_max, 0);
	config_free(c);
	c = config_with("  ime-policy:\n",
		"  ime-policy:\n"
		"    - {class: in, set-connection: {conn-max: 7, embryonic-conn-max: 0, "
		"embryonic-conn-rate: 50}}\n"
		"    - {class: class-default, set-connection: {per-client-max: 9, "
		"per-client-embryonic-max: 2000000}}\n"
		"    - {class: out, set-connection: {per-client-embryonic-max: 3}}\n");
	assert_int_equal(c->n_inspects, 2);
	assert_int_equal(c->n_conn_limits, 2);
	assert_true(str_eq(c->policy_map, STR_LIT("ime-policy")));
	assert_int_not_equal(c->conn_limits[0].id, 0);
	assert_int_not_equal(c->conn_limits[0].id, c->conn_limits[1].id);
	assert_int_not_equal(c->conn_limits[0].id, c->conn_limits_default.id);
	assert_string_equal(c->conn_limits[0].class_name, "in");
	assert_int_equal(c->conn_limits[0].acl, c->inspects[1].acl);
	assert_int_equal(c->conn_limits[0].conn_max, 7);
	assert_int_equal(c->conn_limits[0].embryonic_max, 0);
	assert_int_equal(c->conn_limits[0].embryonic_rate, 50);
	assert_int_equal(c->conn_limits[0].client_max, 9);
	assert_int_equal(c->conn_limits[0].client_embryonic_max, 2000000);
	assert_int_equal(c->conn_limits[1].embryonic_max, 4096);
	assert_int_equal(c->conn_limits[1].embryonic_rate, 10000);
	assert_int_equal(c->conn_limits[1].client_embryonic_max, 3);
	assert_int_equal(c->conn_limits_default.client_max, 9);
	assert_int_equal(c->conn_limits_default.line, c->conn_limits[0].line + 1);
	assert_int_equal(c->conn_limits[1].line, c->conn_limits[0].line + 2);
	assert_int_equal(c->conn_limits_default.embryonic_max, 4096);
	config_free(c);
	c = config_with("policy-maps:\n",
		"policy-maps:\n  other:\n    - {class: in, set-connection: {conn-max: 7}}\n");
	assert_int_equal(c->n_conn_limits, 0); // not in service
	config_free(c);
}

static void test_stir(void **state)
{
	struct config *c = config_with(NULL, NULL);

	assert_int_equal(c->imes[0].stir.verify, STIR_OFF);
	assert_int_equal(c->imes[0].stir.freshness_s, 60);
	assert_false(c->imes[0].stir.strip_outbound);
	config_free(c);
	c = config_with("    did-source: request-uri",
		"    stir: {verify: enforce, certificates: sti, anchors: sti.pem, freshness: 5, "
		"strip-outbound: on}");
	assert_int_equal(c->imes[0].stir.verify, STIR_ENFORCE);
	assert_string_equal(c->imes[0].stir.certificates, "sti");
	assert_string_equal(c->imes[0].stir.anchors, "sti.pem");
	assert_int_equal(c->imes[0].stir.freshness_s, 5);
	assert_true(c->imes[0].stir.strip_outbound);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_legacy_ciphers),
		cmocka_unit_test(test_ssl_encryption),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_secure_trunk),
		cmocka_unit_test(test_ime),
		cmocka_unit_test(test_ucm),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_conn_limits),
		cmocka_unit_test(test_media),
		cmocka_unit_test(test_media_addresses),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_stir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
