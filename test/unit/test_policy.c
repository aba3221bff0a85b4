// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/policy.h"
#include "cp/priv.h"

static struct dp_msg sent[4];
static size_t n_sent;

int dp_send(const struct dp_msg *m)
{
	sent[n_sent++] = *m;
	return 0;
}

static struct rma_table applied;
static int n_applied;

int dp_apply(const struct dp_rules *r, char *err, size_t err_size)
{
	applied = r->quality.table;
	n_applied++;
	return 0;
}

// Two interfaces, a route, two lists, a class; a media address of each side, and one of both.
static struct config *config_two(void)
{
	static struct ace aces[1];
	static struct config_acl acls[2];
	static struct config_route routes[1];
	static struct config_media_addr addrs[4];
	static struct config_mta mta;
	static struct config_inspect inspect;
	static struct config_conn_limits limits;
	static struct config c;

	memset(&c, 0, sizeof(c));
	strcpy(c.hostname, "callgate-t");
	c.n_ifaces = 2;
	strcpy(c.ifaces[0].name, "outside");
	strcpy(c.ifaces[0].device, "net_af_packet0,iface=outside");
	strcpy(c.ifaces[1].name, "inside");
	c.ifaces[0].ip = ip("203.0.113.1");
	c.ifaces[0].subnet = net("203.0.113.0/24");
	c.ifaces[0].mtu = 1500;
	c.ifaces[0].fragment = (struct config_fragment){100, 12, 3};
	c.ifaces[1].subnet = net("192.168.10.0/24");
	c.ifaces[1].security_level = 100;
	c.ifaces[1].acl_in = -1;
	c.ifaces[1].acl_out = 1;
	c.ifaces[1].verify_reverse_path = true;
	c.ifaces[1].bogons = BOGONS_STRICT;
	c.ifaces[1].vlan = 20;
	c.acl_global = -1;
	c.same_security = true;
	c.ip_options = (struct config_ip_options){OPTION_CLEAR, OPTION_ALLOW, OPTION_DROP};
	acls[1] = (struct config_acl){.name = "sip", .aces = aces, .n = 1};
	c.acls = acls;
	c.n_acls = 2;
	routes[0] = (struct config_route){
		.iface = 0, .dst = net("0.0.0.0/0"), .gateway = ip("203.0.113.254")};
	c.routes = routes;
	c.n_routes = 1;
	addrs[0].ip = ip("203.0.113.3");
	addrs[1] = (struct config_media_addr){.iface = 1, .ip = ip("192.168.10.3")};
	addrs[2] = (struct config_media_addr){.iface = 0, .ip = ip("203.0.113.4")};
	addrs[3] = (struct config_media_addr){.iface = 1, .ip = ip("203.0.113.4")};
	mta = (struct config_mta){.addrs = addrs, .n_addrs = 4};
	mta.rtp_min_port = 16384;
	mta.rtp_max_port = 32767;
	c.mtas = &mta;
	c.n_mtas = 1;
	inspect.acl = 1;
	c.inspects = &inspect;
	c.n_inspects = 1;
	c.sessions_max = 5000;
	limits = (struct config_conn_limits){.acl = 1,
		.conn_max = 1,
		.embryonic_max = 2,
		.client_max = 3,
		.client_embryonic_max = 4,
		.embryonic_rate = 5};
	c.conn_limits = &limits;
	c.n_conn_limits = 1;
	c.conn_limits_default.embryonic_max = 50;
	c.timeouts.conn_s = 3600;
	c.timeouts.half_open_s = 30;
	c.timeouts.half_closed_s = 600;
	c.n_workers = 2;
	c.media_streams_max = 5000;
	strcpy(c.srtp_engine, "openssl");
	c.worker_cores[0] = 3;
	c.worker_cores[1] = 1;
	return &c;
}

static void test_rules(void **state)
{
	const struct config *c = config_two();
	const struct ip_addr gateway = ip("203.0.113.254");
	const struct dp_rules *r;
	struct policy *p;

	assert_int_equal(policy_new(&p, c), 0);
	r = policy_rules(p);
	assert_true(ip_eq(&r->ifaces[0].ip, &c->ifaces[0].ip));
	assert_int_equal(r->ifaces[1].security_level, 100);
	assert_int_equal(r->ifaces[1].acl_in, -1);
	assert_int_equal(r->ifaces[1].acl_out, 1);
	assert_true(r->ifaces[1].verify_reverse_path);
	assert_int_equal(r->ifaces[1].bogons, DP_BOGONS_STRICT);
	assert_false(r->ifaces[0].verify_reverse_path);
	assert_int_equal(r->acl_global, -1);
	assert_true(r->same_security);
	assert_int_equal(r->ip_options.eool, DP_OPTION_CLEAR);
	assert_int_equal(r->ip_options.nop, DP_OPTION_ALLOW);
	assert_int_equal(r->ip_options.router_alert, DP_OPTION_DROP);
	assert_int_equal(r->n_acls, 2);
	assert_int_equal(r->acls[0].n, 0);
	assert_ptr_equal(r->acls[1].aces, c->acls[1].aces);
	assert_int_equal(r->n_limits, 2);
	assert_int_equal(r->limits[0].acl, 1);
	assert_int_equal(r->limits[0].max.conns, 1);
	assert_int_equal(r->limits[0].max.embryonic, 2);
	assert_int_equal(r->limits[0].max.client_conns, 3);
	assert_int_equal(r->limits[0].max.client_embryonic, 4);
	assert_int_equal(r->limits[0].max.embryonic_rate, 5);
	assert_int_equal(r->limits[1].acl, -1);
	assert_int_equal(r->limits[1].max.embryonic, 50);
	assert_int_equal(r->half_open_max, c->sessions_max / 2);
	assert_int_equal(r->n_inspect, 1);
	assert_int_equal(r->inspect[0], 1);
	assert_int_equal(r->n_routes, 3);
	assert_true(ip_is_none(&r->routes[1].gateway));
	assert_int_equal(r->routes[1].iface, 1);
	assert_true(ip_eq(&r->routes[2].gateway, &gateway));
	assert_int_equal(r->n_media, 4);
	assert_int_equal(r->media[1].iface, 1);
	assert_int_equal(r->media[1].port_lo, 16384);
	assert_int_equal(r->media[1].port_hi, 32767);
	assert_int_equal(r->media[3].iface, 1);
	assert_true(ip_eq(&r->media[2].ip, &r->media[3].ip));
	assert_int_equal(r->timeouts.tcp_s, 3600);
	assert_int_equal(r->timeouts.tcp_half_open_s, 30);
	assert_int_equal(r->timeouts.tcp_closing_s, 600);
	// More than two keepalive rounds of an idle trunk (15 s and probes).
	assert_true(r->timeouts.punt_s > 200);
	policy_free(p);
}

static void test_options(void **state)
{
	struct config *c = config_two();
	struct dp_options o;
	char err[128];

	assert_int_equal(policy_options(c, &o, err, sizeof(err)), 0);
	assert_string_equal(o.ifaces[0].name, "outside");
	assert_string_equal(o.ifaces[0].device, "net_af_packet0,iface=outside");
	assert_int_equal(o.ifaces[0].mtu, 1500);
	assert_int_equal(o.ifaces[0].vlan, 0);
	assert_int_equal(o.ifaces[1].vlan, 20);
	assert_int_equal(o.ifaces[0].fragments.size, 100);
	assert_int_equal(o.ifaces[0].fragments.chain, 12);
	assert_int_equal(o.ifaces[0].fragments.timeout_s, 3);
	assert_int_equal(o.n_workers, 2);
	assert_int_equal(o.worker_cores[0], 3);
	assert_int_equal(o.streams_max, 5000);
	assert_string_equal(o.srtp_engine, "openssl");
	assert_string_equal(o.instance_name, "callgate-t");
	assert_ptr_equal(o.thread_start, priv_shed_worker);
	memset(c->ifaces[1].device, 'x', DP_DEVICE_MAX);
	c->ifaces[1].device[DP_DEVICE_MAX] = '\0';
	assert_int_equal(policy_options(c, &o, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "interface inside"));
}

// A call manager beside the firewall, one behind the default route, and one behind nothing.
static void test_trust(void **state)
{
	struct config *c = config_two();
	struct config_ucm ucms[] = {{.ip = ip("192.168.10.30")}, {.ip = ip("10.1.1.1")}};
	struct config_ime ime = {.ucms = ucms, .n_ucms = 2};

	c->imes = &ime;
	c->n_imes = 1;
	policy_trust(c);
	assert_int_equal(n_sent, 2);
	assert_int_equal(sent[0].type, DP_MSG_TRUST_SET);
	assert_int_equal(sent[0].trust.iface, 1);
	assert_true(ip_eq(&sent[0].trust.ip, &ucms[0].ip));
	assert_int_equal(sent[1].trust.iface, 0);
	c->n_routes = 0;
	policy_trust(c);
	assert_int_equal(n_sent, 3);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

// FB-11: what is faulty, or not there, leaves what is in force.
static void test_reload_quality(void **state)
{
	struct config *c = config_two();
	struct config_ime ime = {.fallback = {.table = rma_table_default}};
	char dir[] = "/tmp/callgate-policy-XXXXXX", err[512];

	assert_non_null(mkdtemp(dir));
	c->imes = &ime;
	c->n_imes = 1;
	assert_int_equal(policy_reload_quality(c, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "found no sensitivity-file"));
	snprintf(ime.fallback.sensitivity_file, sizeof(ime.fallback.sensitivity_file), "%s/x.fbs",
		dir);
	assert_int_equal(policy_reload_quality(c, err, sizeof(err)), -ENOENT);
	write_text(ime.fallback.sensitivity_file, "version 1\nscs-ms 60\n");
	assert_int_equal(policy_reload_quality(c, err, sizeof(err)), 0);
	assert_int_equal(n_applied, 1);
	assert_int_equal(applied.scs_ms, 60);
	assert_int_equal(applied.level[3].bls_ms, 1000);
	write_text(ime.fallback.sensitivity_file, "version 1\nscs-ms 0\n");
	assert_int_equal(policy_reload_quality(c, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "x.fbs:2:8: found \"0\", expected a number from 1 to 1000"));
	assert_int_equal(n_applied, 1);
	remove(ime.fallback.sensitivity_file);
	remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_reload_quality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
