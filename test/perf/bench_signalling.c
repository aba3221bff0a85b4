// SPDX-License-Identifier: BSD-3-Clause
// The signalling benchmark inside one process: parsing and editing, the ticket, an INVITE from TLS
// record to TLS record through a whole proxy, and mutual TLS handshakes. One JSON object per
// figure. What is compared takes turns, round by round. Whole calls are measured by signalling.py.
//	bench_signalling
#include <setjmp.h> // cmocka, of the rig, wants these
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <time.h>

#include "cp/rewrite.h"
#include "lib/base64.h"
#include "lib/mapping_msg.h"
#include "lib/ticket.h"
#include "lib/ticket_keys.h"
#include "test/perf/bench.h"
#include "test/perf/sip_parsers.h"
#include "test/unit/call_steps.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"

#define ROUNDS      15
#define REPEAT      2000 // of what takes microseconds, per round
#define CALLS       100  // per round
#define HANDSHAKES  60   // per round
#define MSG_MAX     4096
#define PATIENCE_NS 5000000000u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Nanoseconds per run of an expression, which the compiler may not take for one run.
#define TIME(times, what)                                                                          \
	({                                                                                         \
		const uint64_t begin_ = now_ns();                                                  \
		for (unsigned int i_ = 0; i_ < (times); i_++) {                                    \
			what;                                                                      \
			__asm__ volatile("" ::: "memory");                                         \
		}                                                                                  \
		(double)(now_ns() - begin_) / (times);                                             \
	})

// ---- The message -------------------------------------------------------------------------------

// An INVITE of 2 000 octets, as an enterprise's call manager sends it through its firewall.
static const char head_format[] =
	"INVITE " R_URI " SIP/2.0\n"
	"Via: SIP/2.0/TLS 198.51.100.10:5070;branch=z9hG4bKc%u\n"
	"Via: SIP/2.0/TCP 10.32.1.51:5060;branch=z9hG4bK-524287-1-8f3c2ab%u;rport=51234\n"
	"Record-Route: <sip:198.51.100.10:5070;transport=tls;lr;ftag=r%u>\n"
	"From: \"Accounting, Third Floor\" <sip:+12125550199@enterprise-b.example>;tag=r%u\n" B_TO
	"\nCall-ID: 5d2e9a10-a7d11b08-51-0a7100cb-%u@198.51.100.10\n"
	"CSeq: 101 INVITE\n" R_CONTACT "Max-Forwards: 69\n"
	"Date: Sun, 01 Mar 2026 09:26:53 GMT\n"
	"Supported: 100rel,timer,resource-priority,replaces,X-cisco-srtp-fallback,Geolocation\n"
	"Min-SE: 1800\n"
	"Session-Expires: 1800;refresher=uac\n"
	"User-Agent: Cisco-CUCM14.0\n"
	"Allow: INVITE, OPTIONS, INFO, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY\n"
	"Expires: 180\n"
	"Allow-Events: presence, kpml\n"
	"Call-Info: <urn:x-cisco-remotecc:callinfo>; security=Unknown; orientation=to; gci=1-19\n"
	"P-Asserted-Identity: \"Accounting\" <sip:+12125550199@enterprise-b.example>\n"
	"Remote-Party-ID: \"Accounting\" <sip:+12125550199@enterprise-b.example>;party=calling;"
	"screen=yes;privacy=off\n" TICKET_HEADER SDP_TYPE;
static const char body_text[] =
	SDP_SECURE "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n"
		   "a=fmtp:101 0-15\na=ptime:20\na=sendrecv\n";

static void head_of(unsigned int call, char head[MSG_MAX])
{
	snprintf(head, MSG_MAX, head_format, call, call, call, call, call);
}

// The whole message, with its line ends.
static struct str message(void)
{
	static char text[MSG_MAX];
	char head[MSG_MAX], length[64];
	const char *parts[] = {head, length, body_text};
	size_t body_n = strlen(body_text), n = 0;

	for (const char *p = body_text; *p != '\0'; p++)
		body_n += *p == '\n';
	head_of(1, head);
	snprintf(length, sizeof(length), "Content-Length: %zu\n\n", body_n);
	for (size_t i = 0; i < 3; i++) {
		for (const char *p = parts[i]; *p != '\0'; p++) {
			if (*p == '\n')
				text[n++] = '\r';
			text[n++] = *p;
		}
	}
	return (struct str){text, n};
}

// The least that anybody does who looks at a message once, octet by octet: lines, and where their
// names end.
static __attribute__((noinline)) size_t walk(struct str msg)
{
	bool in_name = true;
	size_t names = 0, line = 0;

	for (size_t i = 0; i < msg.n; i++) {
		const char c = msg.p[i];

		if (c == '\n') {
			if (i - line <= 1)
				break;
			line = i + 1;
			in_name = true;
		} else if (c == ':' && in_name) {
			names++;
			in_name = false;
		}
	}
	return names;
}

// ---- Parsing and editing -----------------------------------------------------------------------

static struct sip_msg msg;
static struct sdp sdp;
static struct sip_edit edit;
static struct nat_rule nat;
static struct sdp_plan plan;
static struct rewrite_ctx ctx;

static void editing_init(void)
{
	ip_parse(STR_LIT("192.168.10.30"), &nat.real.ip);
	ip_parse(STR_LIT("209.165.200.228"), &nat.mapped.ip);
	nat.real.len = nat.mapped.len = 128;
	nat.real_if = RIG_INSIDE;
	nat.mapped_if = RIG_OUTSIDE;
	ip_parse(STR_LIT("192.168.10.3"), &plan.local);
	plan.media[0].port = 30930;
	ctx = (struct rewrite_ctx){.dir = REWRITE_INWARD,
		.nat = &nat,
		.n_nat = 1,
		.inside_if = RIG_INSIDE,
		.outside_if = RIG_OUTSIDE};
}

// All that is done to an INVITE's text: checked, read, addresses and SDP rewritten, printed.
static size_t parse_and_edit(struct str text)
{
	static char out[2 * MSG_MAX];
	size_t n = 0;

	bench_need(sip_parse(&msg, text) == SIP_OK && sip_check(&msg) == SIP_OK &&
			sdp_parse(&sdp, msg.body) == SDP_OK &&
			sdp_check_secure(&sdp, ctx.dir, false, true) == SDP_OK,
		"the message is refused");
	sip_edit_init(&edit, &msg);
	bench_need(rewrite_headers(&msg, &ctx, &edit, NULL) == SIP_OK &&
			rewrite_sdp(&sdp, &plan, &edit) == SDP_OK &&
			sip_edit_render(&edit, out, sizeof(out), &n) == 0,
		"the message cannot be edited");
	sip_edit_fini(&edit);
	return n;
}

static void parsing(struct str text)
{
	struct bench_series ours = {0}, osip = {0}, sofia = {0}, plain = {0};
	size_t n = 0;

	sip_parsers_init();
	editing_init();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		bench_add(&ours, TIME(REPEAT, n += parse_and_edit(text)));
		bench_add(&osip, TIME(REPEAT / 4, n += osip_reprint(text.p, text.n) > 0));
		bench_add(&sofia, TIME(REPEAT / 4, n += sofia_reprint(text.p, text.n) > 0));
		bench_add(&plain, TIME(REPEAT, n += walk(text)));
	}
	bench_need(n > 0 && osip_reprint(text.p, text.n) > text.n / 2 &&
			sofia_reprint(text.p, text.n) > text.n / 2,
		"another parser refuses the message");
	bench_figure("signalling.walk", bench_median(&plain), "ns", 0,
		"itself: one pass over lines and names");
	bench_figure("signalling.parse_edit", bench_median(&ours), "ns", 0,
		"itself: an INVITE with ticket and SDP checked, parsed, rewritten, printed");
	bench_figure("signalling.osip", bench_median(&osip), "ns", 0, "itself: parse and print");
	bench_figure("signalling.sofia", bench_median(&sofia), "ns", 0, "itself: parse and print");
	bench_figure("signalling.parse_edit_ratio",
		bench_median(&osip) < bench_median(&sofia) ? bench_ratio(&osip, &ours)
							   : bench_ratio(&sofia, &ours),
		"ratio", 5, "the better of libosip2's and sofia-sip's parse and print");
}

// ---- The ticket --------------------------------------------------------------------------------

static struct ticket_keys *keys;
static struct ticket_policy policy;
static struct ticket_request request;
static struct did called;
static struct domain_ids peer;

static enum ticket_verdict verify(const char *header)
{
	static struct ticket t;

	request.header = str_from(header);
	return ticket_verify(&policy, &request, keys, NULL, NULL, &t);
}

// What the check cannot do without: base64 and the HMAC of what was signed, with a kept context.
static unsigned int bare(EVP_MAC_CTX *mac, const char *header)
{
	static uint8_t octets[TICKET_MAX], sum[EVP_MAX_MD_SIZE];
	size_t n = 0, sum_n;

	bench_need(base64_decode(str_from(header), octets, sizeof(octets), &n) == 0 &&
			EVP_MAC_init(mac, NULL, 0, NULL) == 1 &&
			EVP_MAC_update(mac, octets, n - 24) == 1 &&
			EVP_MAC_final(mac, sum, &sum_n, sizeof(sum)) == 1,
		"base64 or HMAC fails");
	return sum[0];
}

static EVP_MAC_CTX *bare_mac(void)
{
	static char sha1[] = "SHA1";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", sha1, 0), OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);

	bench_need(mac != NULL &&
			EVP_MAC_init(mac, (const uint8_t *)"0123456789abcdef", 16, params) == 1,
		"no HMAC");
	EVP_MAC_free(hmac);
	return mac;
}

static void tickets(void)
{
	struct bench_series good = {0}, bad = {0}, least = {0};
	EVP_MAC_CTX *mac = bare_mac();
	unsigned int sum = 0;

	keys = ticket_keys_new(TICKET_KEYS_DEFAULT);
	bench_need(keys != NULL, "no keys");
	policy = (struct ticket_policy){.profile = ticket_profile_find(STR_LIT("t1")),
		.now = {1, STR_LIT(TICKET_PASSWORD)},
		.own_domain = STR_LIT("enterprise-a.example")};
	did_from_uri(STR_LIT("sip:+14085550123@x"), NULL, 0, &called);
	peer.n = 1;
	peer.id[0].n = (uint8_t)strlen("enterprise-b.example");
	memcpy(peer.id[0].name, "enterprise-b.example", peer.id[0].n);
	request = (struct ticket_request){.n_headers = 1,
		.called = &called,
		.peer = &peer,
		.now_unix_ns = INT64_C(1772323200000000000)};
	bench_need(verify(TICKET_2_13) == TICKET_OK && verify(TICKET_A1) == TICKET_FAIL_INTEGRITY,
		"the vectors of 2.13 and A1 are judged wrongly");
	for (unsigned int i = 0; i < ROUNDS; i++) {
		bench_add(&good, TIME(REPEAT, sum += verify(TICKET_2_13)));
		bench_add(&bad, TIME(REPEAT, sum += verify(TICKET_A1)));
		bench_add(&least, TIME(REPEAT, sum += bare(mac, TICKET_2_13)));
	}
	bench_need(sum > 0, "nothing was checked");
	bench_figure("signalling.ticket", bench_median(&good), "ns", 0,
		"itself: a ticket checked with a cached key");
	bench_figure("signalling.ticket_ratio", bench_ratio(&least, &good), "ratio", 0.5,
		"bare base64 and HMAC with a kept context");
	bench_limit("signalling.bad_ticket_over_good", bench_ratio(&bad, &good), "ratio", 1.02,
		"a valid ticket; what one with a wrong MAC takes");
	EVP_MAC_CTX_free(mac);
	ticket_keys_free(keys);
}

// ---- A whole proxy -----------------------------------------------------------------------------

// Enterprise A with a secure trunk: TLS on both sides.
static const char *const secure[] = {"trustpoints:\n",
	"trustpoints:\n  local-asa: {certificate: asa.crt, key: asa.key, ca: inside-ca.pem}\n"
	"  local-ent-ucm: {ca: inside-ca.pem}\n",
	"local_to_remote-ent: {client: {trust-point: local-ent}}",
	"local_to_remote-ent: {server: {trust-point: local-ent-ucm}, client: {trust-point: "
	"local-ent}}",
	"remote_to_local-ent: {server: {trust-point: local-ent}}",
	"remote_to_local-ent: {server: {trust-point: local-ent}, client: {trust-point: "
	"local-ent-ucm}}",
	"    domain: enterprise",
	"    inside-identity: {trust-point: local-asa}\n    domain: enterprise",
	"192.168.10.30, trunk-security-mode: nonsecure",
	"192.168.10.30, trunk-security-mode: secure", NULL};

static void proxy_up(void)
{
	rig_up(secure);
	rig.hosts = rig.ucm[RIG_A].base = rig.ucm[RIG_B].base = event_base_new();
	bench_need(rig.hosts != NULL, "no event loop");
	rig.ucm_certificate[RIG_A] = "ucm";
}

// Lets the hosts do what they have to, and then the proxy; returns the proxy's time.
static uint64_t turn(void)
{
	uint64_t begin;

	event_base_loop(rig.hosts, EVLOOP_NONBLOCK);
	begin = now_ns();
	event_base_loop(rig.base, EVLOOP_NONBLOCK);
	return now_ns() - begin;
}

static uint64_t turn_until(const bool *flag)
{
	const uint64_t end = now_ns() + PATIENCE_NS;
	uint64_t sum = 0;

	while (!*flag && now_ns() < end)
		sum += turn();
	bench_need(*flag, "a connection never came up");
	return sum;
}

static uint64_t turn_until_counted(enum counter_id id, uint64_t n)
{
	const uint64_t end = now_ns() + PATIENCE_NS;
	uint64_t sum = 0;

	while (rig_counter(RIG_A, id) < n && now_ns() < end)
		sum += turn();
	bench_need(rig_counter(RIG_A, id) >= n, counter_name(id));
	return sum;
}

// Some turns of everybody, untimed.
static void settle(void)
{
	for (unsigned int i = 0; i < 50; i++)
		turn();
}

// One INVITE, and its refusal by the call manager, so that nothing is left. Returns what the proxy
// took for the INVITE.
static uint64_t invite(unsigned int call)
{
	const uint64_t before = rig_counter(RIG_A, CNT_REQUESTS_FORWARDED);
	const uint64_t answered = rig_counter(RIG_A, CNT_RESPONSES_FORWARDED);
	struct sip_host *ucm = &rig.ucm[RIG_A];
	char head[MSG_MAX];
	uint64_t took;

	head_of(call, head);
	host_send(&rig.remote, head, body_text);
	took = turn_until_counted(CNT_REQUESTS_FORWARDED, before + 1);
	for (unsigned int i = 0; i < 3; i++)
		turn();
	host_expect(ucm, "INVITE ");
	call_answer(ucm, "486 Busy Here", "a", "", "");
	turn_until_counted(CNT_RESPONSES_FORWARDED, answered + 1);
	return took;
}

static void invites(struct str text)
{
	struct bench_series walks = {0}, each = {0};
	unsigned int call = 10;

	proxy_up();
	rig_remote("b", "ca.pem");
	turn_until(&rig.remote.up);
	invite(call++); // opens the connection to the call manager
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t sum = 0;
		size_t n = 0;
		double plain;

		for (unsigned int k = 0; k < CALLS; k++)
			sum += invite(call++);
		plain = TIME(REPEAT, n += walk(text));
		bench_need(n > 0, "nothing was walked");
		bench_add(&each, (double)sum / CALLS);
		bench_add(&walks, (double)sum / CALLS / plain);
		rig.now_ns += 120000000000u; // what is remembered of these calls goes
		for (unsigned int which = 0; which < 2; which++)
			ime_tick(rig.ime[which]);
		rig_media_gone(RIG_A);
		fake_dp_reset();
		settle();
	}
	rig_only(RIG_A, CNT_NONE, 0);
	bench_figure("signalling.invite", bench_median(&each) / 1000, "us", 0,
		"itself: an INVITE from TLS record to TLS record, sockets included");
	bench_limit("signalling.invite_walks", bench_median(&walks), "walks", 60,
		"one pass over the lines and names of the same message");
	rig_down();
}

// ---- Handshakes --------------------------------------------------------------------------------

static SSL_CTX *tls_end(const SSL_METHOD *method, const char *name, const char *ca)
{
	SSL_CTX *c = SSL_CTX_new(method);
	char crt[256], key[256], anchor[256];

	snprintf(crt, sizeof(crt), "%s/%s.crt", rig.dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", rig.dir, name);
	snprintf(anchor, sizeof(anchor), "%s/%s", rig.dir, ca);
	bench_need(c != NULL && SSL_CTX_use_certificate_chain_file(c, crt) == 1 &&
			SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) == 1 &&
			SSL_CTX_load_verify_file(c, anchor) == 1,
		"no TLS context");
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	return c;
}

// The server's share of a handshake in memory.
static uint64_t bare_handshake(SSL_CTX *server, SSL_CTX *client)
{
	BIO *a = NULL, *b = NULL;
	SSL *s = SSL_new(server), *c = SSL_new(client);
	uint64_t took = 0, begin;
	int done = 0;

	bench_need(s != NULL && c != NULL && BIO_new_bio_pair(&a, 0, &b, 0) == 1, "no memory");
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	for (unsigned int i = 0; i < 16 && done != 2; i++) {
		done = SSL_connect(c) == 1;
		begin = now_ns();
		done += SSL_accept(s) == 1;
		took += now_ns() - begin;
	}
	bench_need(done == 2, "a handshake fails");
	SSL_free(c);
	begin = now_ns();
	SSL_free(s);
	return took + now_ns() - begin;
}

// The proxy's share of one, from the accepted connection to the end of it.
static uint64_t proxy_handshake(void)
{
	const uint64_t before = rig_counter(RIG_A, CNT_TLS_HANDSHAKES);
	uint64_t begin, took;
	int fd;

	rig.now_ns += 1000000000u; // no source is limited
	begin = now_ns();
	fd = fake_net_connect(RIG_A, RIG_OUTSIDE, RIG_REMOTE, 40001, RIG_UCM_A_MAPPED, 5070);
	took = now_ns() - begin;
	host_tls(&rig.remote, rig.hosts, fd, false, rig.dir, "b", "ca.pem");
	took += turn_until_counted(CNT_TLS_HANDSHAKES, before + 1);
	turn_until(&rig.remote.up);
	host_close(&rig.remote);
	for (unsigned int i = 0; i < 5; i++)
		took += turn();
	return took;
}

static void handshakes(void)
{
	struct bench_series ratio = {0}, rate = {0};
	SSL_CTX *server, *client;

	proxy_up();
	server = tls_end(TLS_server_method(), "a", "ca.pem");
	client = tls_end(TLS_client_method(), "b", "ca.pem");
	proxy_handshake();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t ours = 0, least = 0;

		for (unsigned int k = 0; k < HANDSHAKES; k++) {
			ours += proxy_handshake();
			least += bare_handshake(server, client);
		}
		bench_add(&ratio, (double)least / (double)ours);
		bench_add(&rate, HANDSHAKES * 1e9 / (double)ours);
	}
	bench_figure("signalling.handshakes", bench_median(&rate), "per second", 0,
		"itself: mutual TLS accepted, judged and closed, on one core");
	bench_figure("signalling.handshake_ratio", bench_median(&ratio), "ratio", 0.75,
		"OpenSSL in memory with the same keys, server's side");
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	rig_down();
}

// ---- The mapping service -------------------------------------------------------------------------

#define MAPPINGS_MANY 10000u
#define MAPPINGS_FEW  10u

static struct endpoint mapped_remote(uint32_t n)
{
	return (struct endpoint){.ip = ip_from_v4_be(n * 2654435761u), .port = 5061};
}

static struct mappings *mappings_of_size(uint32_t n)
{
	const struct mapping_options o = {.first_port = 40000,
		.last_port = 49999,
		.quota = MAPPINGS_MANY,
		.lifetime_ns = 600000000000u};
	struct mappings *ms;
	uint16_t port;

	bench_need(mappings_new(&ms, &o) == 0, "no table");
	for (uint32_t i = 0; i < n; i++) {
		const struct endpoint e = mapped_remote(i + 1);

		bench_need(mapping_take(ms, &e, 0, 0, &port) == MAPPING_MADE, "no mapping");
	}
	return ms;
}

// A request as the service answers it, without its connection.
static unsigned int ask_mapping(struct mappings *ms, uint32_t n, unsigned int live)
{
	const struct endpoint known = mapped_remote(n % live + 1);
	struct mapping_msg m = {.class = MAPPING_REQUEST, .remote = known}, answer;
	uint8_t buf[MAPPING_MSG_MAX];
	size_t len = mapping_msg_write(&m, STR_LIT(""), buf, sizeof(buf));
	uint16_t port = 0;

	bench_need(mapping_msg_read(buf, len, &m) == MAPPING_OK &&
			mapping_take(ms, &m.remote, 0, 1, &port) == MAPPING_KEPT,
		"a mapping is not kept");
	answer = (struct mapping_msg){.class = MAPPING_SUCCESS,
		.mapped = {.ip = known.ip, .port = port},
		.has_lifetime = true,
		.lifetime_s = 600};
	return (unsigned int)mapping_msg_write(&answer, STR_LIT(""), buf, sizeof(buf));
}

static void mapping_requests(void)
{
	struct mappings *few = mappings_of_size(MAPPINGS_FEW);
	struct mappings *many = mappings_of_size(MAPPINGS_MANY);
	struct bench_series with_few = {0}, with_many = {0};
	unsigned int sum = 0, n = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		bench_add(
			&with_few, TIME(REPEAT, sum += ask_mapping(few, n += 7919, MAPPINGS_FEW)));
		bench_add(&with_many,
			TIME(REPEAT, sum += ask_mapping(many, n += 7919, MAPPINGS_MANY)));
	}
	bench_need(sum > 0, "nothing was answered");
	bench_figure("signalling.mapping_request", bench_median(&with_many), "ns", 0,
		"itself: a request read and answered, 10000 live mappings");
	bench_limit("signalling.mapping_10k_over_10", bench_ratio(&with_many, &with_few), "ratio",
		2, "10 live mappings");
	mappings_free(few);
	mappings_free(many);
}

int main(void)
{
	const struct str text = message();

	bench_figure("signalling.message", (double)text.n, "octets", 0, "itself: the INVITE");
	parsing(text);
	tickets();
	mapping_requests();
	invites(text);
	handshakes();
	return 0;
}
