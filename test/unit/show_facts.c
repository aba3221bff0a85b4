// SPDX-License-Identifier: BSD-3-Clause
// See show_facts.h.
#include "test/unit/show_facts.h"

#include "test/unit/test.h"

#include <time.h>

static uint64_t clock_ns(void)
{
	return 4000 * S_NS;
}

static uint64_t wall_s(void)
{
	return (uint64_t)time(NULL);
}

struct config_media_addr mta_addrs[2];
static struct config_mta mta = {.name = "ime-media-term",
	.addrs = mta_addrs,
	.n_addrs = 2,
	.rtp_min_port = 16384,
	.rtp_max_port = 32767};
static struct config_ucm ucms[2] = {{.secure = false}, {.secure = true}};
struct config_ime ime_config = {.name = "local-ent-ime",
	.ucms = ucms,
	.mapping.listening_iface = 1,
	.n_ucms = 2,
	.epoch = 1,
	.password = "never to be seen",
	.ticket_profile = "t1",
	.ticket_failure_action = FAILURE_REJECT,
	.domain = "enterprise-a.example",
	.fallback.monitoring_ms = 100,
	.fallback.hold_down_s = 20,
	.fallback.default_level = 3,
	.fallback.sensitivity_file = "/etc/callgate/office.fbs"};
static struct config_trustpoint trustpoints[] = {
	{.name = "local-ent"}, {.name = "local-ent-ucm"}, {.name = "local-asa"}};
static struct config_tls_proxy tls_proxies[] = {
	{.name = "local_to_remote-ent",
		.side = {{.trustpoint = 1,
				 .identity = 2,
				 .ciphers = "AES128-SHA",
				 .min_version = 10,
				 .max_version = 12},
			{.trustpoint = 0, .identity = 0, .min_version = 12, .max_version = 13}},
		.outside = TLS_CLIENT},
	{.name = "remote_to_local-ent",
		.side = {{.trustpoint = 0, .identity = 0, .min_version = 13, .max_version = 13},
			{.trustpoint = -1, .identity = -1, .min_version = 12, .max_version = 13}},
		.outside = TLS_SERVER}};
struct config_inspect inspects[2] = {
	{.class_name = "ime-outbound-sip", .tls_proxy = 0, .sip_map = -1},
	{.class_name = "ime-inbound-sip", .tls_proxy = 1, .sip_map = 0}};
static struct config_sip_entry sip_entries[] = {
	{.class = -1,
		.match = {.kind = SIP_MATCH_REQUEST_METHOD,
			.method = SIP_OPTIONS,
			.regex = -1,
			.regex_class = -1,
			.text = "match request-method options"},
		.act = {.on = true, .action = SIP_ACT_RATE_LIMIT, .rate = 2, .log = true}},
	{.class = -1,
		.match = {.kind = SIP_MATCH_CONTENT_LENGTH,
			.length = 1000,
			.regex = -1,
			.regex_class = -1,
			.text = "match content length gt 1000"},
		.act = {.on = true, .action = SIP_ACT_DROP}},
};
static struct config_sip_map sip_map = {.name = "sip-map",
	.im = true,
	.params[SIP_PARAM_SOFTWARE_VERSION] = {.on = true, .action = SIP_ACT_MASK},
	.params[SIP_PARAM_STATE_CHECKING] = {.on = true, .action = SIP_ACT_RESET, .log = true},
	.entries = sip_entries,
	.n = 2};
static struct nat_rule nat[5];

static struct nat_rule rule(
	uint32_t id, const char *real, const char *mapped, enum nat_section section)
{
	struct nat_rule r = {
		.id = id, .line = 20 + id, .real_if = 1, .mapped_if = 0, .section = section};

	assert_true(prefix_parse(str_from(real), &r.real));
	if (mapped != NULL)
		assert_true(prefix_parse(str_from(mapped), &r.mapped));
	else
		r.kind = NAT_PAT;
	return r;
}

static void nat_facts(void)
{
	nat[0] = rule(1, "192.168.10.30", "209.165.200.228", NAT_MANUAL);
	nat[1] = rule(2, "192.168.10.31", "209.165.200.230", NAT_MANUAL);
	nat[1].proto = PROTO_TCP;
	nat[1].real_port = 5070;
	nat[1].mapped_port = 5570;
	assert_true(prefix_parse(STR_LIT("192.168.10.200"), &nat[1].dst_mapped));
	assert_true(prefix_parse(STR_LIT("198.51.100.7"), &nat[1].dst_real));
	nat[1].dst_mapped_port = 8080;
	nat[1].dst_real_port = 80;
	nat[2] = rule(3, "10.2.0.0/24", "10.2.0.0/24", NAT_AUTO);
	nat[3] = rule(4, "10.1.0.0/16", NULL, NAT_AUTO);
	nat[3].pool = (struct nat_pool){ip("192.150.49.1"), ip("192.150.49.4")};
	nat[4] = rule(5, "0.0.0.0/0", NULL, NAT_AFTER_AUTO);
	nat[4].real_if = NAT_IFACE_ANY;
	nat[4].interface = true;
}

static struct ace aces[] = {{.id = 0x11, .permit = true, .proto = 6},
	{.id = 0x12, .permit = true, .proto = 6, .entry = 1},
	{.id = 0x13, .permit = true, .proto = 17, .entry = 1},
	{.id = 0x14, .permit = true, .proto = 6, .entry = 2},
	{.id = 0x15, .permit = true, .proto = 6, .entry = 2}};
static struct config_entry entries[] = {
	{31, 0xa1, "extended permit tcp any any eq sip", .first = 0, .n = 1},
	{32, 0xa2, "permit object-group web any any", .objects = true, .first = 1, .n = 2},
	{33, 0xa3, "permit tcp any any neq 80", .first = 3, .n = 2},
	{34, 0xa4, "remark the\033[2J rest", .remark = true, .first = 5},
	{35, 0xa5, "deny ip any any inactive", .inactive = true, .first = 5}};
static struct config_acl acls[] = {{"incoming", entries, 5, aces, 5}, {.name = "empty"}};
static struct config_conn_limits limits[] = {{.class_name = "to-servers",
						     .id = 1,
						     .conn_max = 20000,
						     .embryonic_max = 500,
						     .client_max = 100,
						     .embryonic_rate = 250},
	{.class_name = "to-printers", .id = 2}};
static struct config_route routes[2];
struct config config = {.hostname = "fw-a",
	.n_workers = 2,
	.ifaces = {{.name = "outside",
			   .device = "net_af_packet0,iface=outside",
			   .line = 11,
			   .mtu = 1500,
			   .verify_reverse_path = true,
			   .subnet.len = 96 + 27},
		{.name = "inside",
			.device = "0000:03:00.0",
			.line = 12,
			.mtu = 9000,
			.vlan = 10,
			.security_level = 100,
			.subnet.len = 96 + 24}},
	.n_ifaces = 2,
	.routes = routes,
	.n_routes = 2,
	.nat = nat,
	.n_nat = 5,
	.timeouts.pat_xlate_s = 30,
	.timeouts.xlate_s = 10800,
	.acls = acls,
	.n_acls = 2,
	.mtas = &mta,
	.n_mtas = 1,
	.trustpoints = trustpoints,
	.n_trustpoints = 3,
	.tls_proxies = tls_proxies,
	.n_tls_proxies = 2,
	.inspects = inspects,
	.n_inspects = 2,
	.imes = &ime_config,
	.policy_map = STR_LIT("ime-policy"),
	.conn_limits = limits,
	.n_conn_limits = 2,
	.conn_limits_default = {.class_name = "class-default", .id = 3, .embryonic_max = 4096},
	.sip_header_max = 65536,
	.sip_maps = &sip_map,
	.n_sip_maps = 1,
	.n_imes = 1};
struct show show = {.config = &config,
	.ime = (struct ime *)&config, // only handed through
	.path = "/etc/callgate/callgate.yaml",
	.netlink = (struct netlink *)&config, // only handed through
	.mono_ns = clock_ns,
	.wall_s = wall_s,
	.started_ns = (4000 - 3725) * S_NS};

struct quality history;

int facts(void **state)
{
	drops_free(show.drops);
	assert_int_equal(drops_new(&show.drops, show.ime, clock_ns() - 10 * S_NS), 0);
	nat_facts();
	conns_found = 2;
	conns_next = DP_CONNS_THROUGH;
	for (size_t i = 0; i < sizeof(aces) / sizeof(aces[0]); i++)
		aces[i].sport = aces[i].dport = PORT_ANY;
	config.ifaces[0].ip = ip("209.165.200.225");
	config.ifaces[1].ip = ip("192.168.10.1");
	config.ifaces[0].subnet.ip = ip("209.165.200.224");
	config.ifaces[1].subnet.ip = ip("192.168.10.0");
	routes[0] = (struct config_route){.line = 17, .gateway = ip("209.165.200.254")};
	assert_true(prefix_parse(STR_LIT("0.0.0.0/0"), &routes[0].dst));
	routes[1] = (struct config_route){.line = 18, .iface = 1, .gateway = ip("192.168.10.77")};
	assert_true(prefix_parse(STR_LIT("10.0.0.0/8"), &routes[1].dst));
	mta_addrs[0] = (struct config_media_addr){.iface = 0, .ip = ip("209.165.200.229")};
	mta_addrs[1] = (struct config_media_addr){.iface = 1, .ip = ip("192.168.10.3")};
	ucms[0].ip = ip("192.168.10.30");
	ucms[1].ip = ip("192.168.10.31");
	call = (struct call_info){
		.state = CALL_UP,
		.outbound = true,
		.call_id = STR_LIT("ab6d7980-a7d11b08-50-1e0aa8c0@192.168.10.30"),
		.inside = ep("192.168.10.30", 39608),
		.outside = ep("10.194.108.118", 5070),
		.fb_sensitivity = STR_LIT("3"),
		.session_id = STR_LIT("2948-32325449-0@81a985c9-f3a1-55a0-3b19-96549a027259"),
		.trunk_uri =
			STR_LIT("81a985c9-f3a1-55a0-3b19-96549a027259@UCM-30;maddr=192.168.10.30"),
		.streams[0] = {.stream = 42,
			.live = true,
			.local = {ep("10.194.108.109", 21558), ep("192.168.10.3", 30930)},
			.remote = {ep("10.194.108.119", 29824), ep("192.168.10.51", 19520)},
			.audio = true,
			.sends = {true, true},
			.hears = {true, true},
			.suite = {DP_SRTP_AES_CM_128_HMAC_SHA1_80, DP_SRTP_NONE},
			.rate = {{[MEDIA_RX] = 50, [MEDIA_TX] = 49},
				{[MEDIA_RX] = 50, [MEDIA_TX] = 50}},
			.local_key_set = true,
			.remote_key_set = true,
			.codec = "G722",
			.payload_type = 9},
		.n_streams = 1,
		.started_ns = (4000 - 404) * S_NS,
		.iface = {0, 1},
	};
	call_managers[0] = (struct ucm_info){ep("192.168.10.30", 5070), false, UCM_DOWN,
		"no answer to OPTIONS", (4000 - 61) * S_NS, (4000 - 75) * S_NS, 3, 10};
	call_managers[1] = (struct ucm_info){ep("192.168.10.31", 5071), true, UCM_UP, "",
		(4000 - 3600) * S_NS, (4000 - 4) * S_NS, 12, 0};
	call_managers[2] = (struct ucm_info){
		ep("192.168.10.32", 0), false, UCM_UNWATCHED, "", (4000 - 3725) * S_NS, 0, 0, 2};
	quality_fini(&history);
	for (unsigned int i = 0; i < 90; i++) {
		struct rma_counters q = {.rblr_pct_x100 = i < 60 ? 0 : (i - 60) * 50,
			.avg_pdv_us = 100 * i,
			.bls_ms = i < 60 ? 0 : 20 * (i - 60),
			.expected_frames = 5000,
			.ptime_ms = 20};

		quality_add(&history, voice_codec_find(STR_LIT("G722")), i == 10 ? NULL : &q,
			100 + i, i < 70 ? 0 : 1);
	}
	call.level = 3;
	call.fallback_state = 1;
	call.history = &history;
	media_monitored = false;
	media_quality = (struct rma_counters){.sum_all_packets = 20196,
		.payload_type = 9,
		.ptime_ms = 20,
		.max_pdv_us = 1000,
		.avg_pdv_us = 109,
		.total_sec = 403,
		.max_call_interval_ms = 118,
		.expected_frames = 20196};
	other = (struct call_info){0};
	unresolved = (struct ip_addr){0};
	media_stats = (struct dp_media_stats){
		.leg[SIDE_OUTSIDE] = {.rx_packets = 20200,
			.rx_octets = 3676400,
			.tx_packets = 20203,
			.tx_octets = 3676946,
			.rx_rtcp = 6,
			.tx_rtcp = 7,
			.rx_bad_source = 1,
			.rx_auth_failed = 2,
			.rx_replayed = 4,
			.rx_late = 8,
			.rx_malformed = 5,
			.rx_bad_pt = 9,
			.rx_many_sources = 13,
			.rx_bad_checksum = 14,
			.rx_on_hold = 10,
			.rx_rtcp_dropped = 11,
			.tx_waiting = 12,
			.rx_lost = 3,
			.jitter_us = 109,
			.last_rx_ns = 4000 * S_NS - 20000000,
			.last_pt = 9},
		.leg[SIDE_INSIDE] = {.rx_packets = 20203,
			.tx_packets = 20201,
			.last_rx_ns = 4000 * S_NS - 5000000,
			.last_pt = 9},
	};
	proxy_usage = (struct ime_usage){.signaling_in_use = 1,
		.signaling_most_used = 3,
		.media_in_use = 1,
		.media_most_used = 3,
		.media_ports = 4,
		.media_resting = 2,
		.tls_in_use = 2,
		.tls_most_used = 5,
		.tls_max = 1000};
	return 0;
}

cJSON *show_file(const char *name)
{
	static char text[65536];
	char path[128];
	size_t n;
	FILE *f;
	cJSON *j;

	snprintf(path, sizeof(path), "test/vectors/show/%s.json", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	j = cJSON_ParseWithLength(text, n);
	assert_non_null(j);
	return j;
}
