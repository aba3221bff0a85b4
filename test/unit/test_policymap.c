// SPDX-License-Identifier: BSD-3-Clause
// The inspection policy map (protocol.md section 12), match by match and parameter by parameter:
// which messages a rule speaks of, what it refuses, masks, logs and counts.
#include "test/unit/config_edit.h"

#include <stdlib.h>

#include "cp/policymap.h"
#include "cp/policymap_check.h"

#define S_NS 1000000000ull

static struct config *config;
static struct policymaps *maps;
static struct policymap *map;
static struct policy_verdict verdict;
static struct sip_msg msg;

// ---- Maps and messages -------------------------------------------------------------------------

// The lines of `match` and `parameters`, of sip-map alone.
static void setup_map(const char *body)
{
	static char text[4 * sizeof(config_right)], section[8192], faults[4096];
	struct config_errors errs;
	char err[256];

	strcpy(text, config_right);
	snprintf(section, sizeof(section),
		"regex:\n  bob: '^sips?:bob@'\n  ann: ann\n  ours: "
		"'(?i)@enterprise-b\\.example'\n  via10: '^SIP/2\\.0/[A-Z]+ 10\\.'\n  text: "
		"'^text/'\nclass-maps:\n"
		"  people: {type: regex, match-any: [ann, bob]}\n"
		"  any: {type: inspect sip, match-any: [{request-method: info}, {content: length "
		"gt "
		"100}]}\n"
		"  all: {type: inspect sip, match-all: [{request-method: message}, {not "
		"calling-party: regex class people}]}\n");
	edit(text, sizeof(text), "class-maps:\n", section);
	snprintf(section, sizeof(section), "policy-maps:\n  sip-map:\n    type: inspect sip\n%s",
		body);
	edit(text, sizeof(text), "policy-maps:\n", section);
	edit(text, sizeof(text), "{sip: {tls-proxy: remote",
		"{sip: {policy-map: sip-map, tls-proxy: remote");
	if (config_parse(str_from(text), "", false, &config, &errs) != 0) {
		faults_text(&errs, faults, sizeof(faults));
		fail_msg("%s", faults);
	}
	if (policymaps_new(&maps, config, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	map = policymap_of(maps, &config->inspects[1]);
}

static void setup_match(const char *match)
{
	char body[512];

	snprintf(body, sizeof(body), "    match:\n      - {%s}\n", match);
	setup_map(body);
}

static void setup_params(const char *list)
{
	char body[512];

	snprintf(body, sizeof(body), "    parameters: {%s}\n", list);
	setup_map(body);
}

static void teardown_map(void)
{
	policymaps_free(maps);
	config_free(config);
}

static char octets[262144];

// Lines with \n become a message with its Content-Length.
static struct str message(const char *head, const char *body)
{
	size_t n = 0;

	for (const char *p = head; *p != '\0'; p++) {
		if (*p == '\n')
			octets[n++] = '\r';
		octets[n++] = *p;
	}
	n += (size_t)sprintf(octets + n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	return (struct str){octets, n};
}

static void parse(struct str text)
{
	enum sip_reason r = sip_parse(&msg, text);

	if (r == SIP_OK)
		r = sip_check(&msg);
	if (r != SIP_OK)
		fail_msg("%s:\n%.*s", sip_reason_text(r), STR_FMT(text));
}

static const struct policy_verdict *judge(const char *head, const char *body, uint64_t now_ns)
{
	parse(message(head, body));
	policymap_judge(map, &msg, now_ns, &verdict);
	return &verdict;
}

// Of the rule that stands first.
static void first_rule(const struct policy_rule *r, void *arg)
{
	const struct policy_rule **out = arg;

	if (strcmp(r->text, "max-forwards-validation") != 0 && *out == NULL)
		*out = r;
}

static const struct policy_rule *rule(void)
{
	const struct policy_rule *r = NULL;

	policymap_foreach(map, first_rule, &r);
	assert_non_null(r);
	return r;
}

#define VIA       "Via: SIP/2.0/TLS 198.51.100.10:5061;branch=z9hG4bK1\n"
#define FROM(uri) "From: <" uri ">;tag=f\n"
#define TO(uri)   "To: <" uri ">\n"
#define ANN       FROM("sip:ann@enterprise-b.example")
#define CARL      TO("sip:carl@enterprise-a.example")
#define TAIL(m)   "Call-ID: c\nCSeq: 1 " m "\nMax-Forwards: 70\n"
#define REQ(m)    m " sip:carl@enterprise-a.example SIP/2.0\n" VIA
#define CONTACT   "Contact: <sip:ann@198.51.100.10:5061>\n"
#define TEXT      "Content-Type: text/plain\n"
#define SDP       "Content-Type: application/sdp\n"
#define INVITE    REQ("INVITE") ANN CARL TAIL("INVITE") CONTACT
#define OK_INVITE                                                                                  \
	"SIP/2.0 200 OK\n" VIA ANN "To: <sip:carl@enterprise-a.example>;tag=t\n" TAIL("INVITE")

// ---- Matches -----------------------------------------------------------------------------------

static const struct match_row {
	const char *match; // its action is drop
	const char *head, *body;
	bool refused;
	enum counter_id counter;
} matches[] = {
	// called-party: the URI of To, in the request that begins a call or stands alone
	{"called-party: regex bob", REQ("INVITE") ANN TO("sip:bob@a") TAIL("INVITE"), "", true,
		CNT_POLICY_CALLED_PARTY},
	{"called-party: regex bob", INVITE, "", false, 0},
	{"called-party: regex bob", // RFC 3261 19.1.4: an escape hides nothing
		REQ("INVITE") ANN TO("sip:b%6fb@a") TAIL("INVITE"), "", true,
		CNT_POLICY_CALLED_PARTY},
	{"called-party: regex bob", REQ("BYE") ANN "To: <sip:bob@a>;tag=t\n" TAIL("BYE"), "", false,
		0},
	{"called-party: regex bob", REQ("CANCEL") ANN TO("sip:bob@a") TAIL("CANCEL"), "", false, 0},
	{"called-party: regex bob", "SIP/2.0 200 OK\n" VIA ANN TO("sip:bob@a") TAIL("INVITE"), "",
		false, 0},
	{"not called-party: regex bob", INVITE, "", true, CNT_POLICY_CALLED_PARTY},
	{"not called-party: regex bob", REQ("BYE") ANN "To: <sip:x@a>;tag=t\n" TAIL("BYE"), "",
		false, 0}, // no call begins, so nobody else is called either
	// calling-party: the URI of From
	{"calling-party: regex ann", INVITE, "", true, CNT_POLICY_CALLING_PARTY},
	{"calling-party: regex class people", INVITE, "", true, CNT_POLICY_CALLING_PARTY},
	{"calling-party: regex class people", REQ("MESSAGE") FROM("sip:bob@b") CARL TAIL("MESSAGE"),
		"", true, CNT_POLICY_CALLING_PARTY},
	{"calling-party: regex class people", REQ("INVITE") FROM("sip:eve@b") CARL TAIL("INVITE"),
		"", false, 0},
	{"calling-party: regex bob", // not the display name
		REQ("INVITE") "From: \"sip:bob@\" <sip:eve@b>;tag=f\n" CARL TAIL("INVITE"), "",
		false, 0},
	{"not calling-party: regex ours",
		REQ("INVITE") FROM("sip:eve@ENTERPRISE-B.EXAMPLE") CARL TAIL("INVITE"), "", false,
		0},
	{"not calling-party: regex ours",
		REQ("INVITE") FROM("sip:eve@c.example") CARL TAIL("INVITE"), "", true,
		CNT_POLICY_CALLING_PARTY},
	// content
	{"content: length gt 4", INVITE TEXT, "12345", true, CNT_POLICY_CONTENT_LENGTH},
	{"content: length gt 5", INVITE TEXT, "12345", false, 0},
	{"content: length gt 4", OK_INVITE TEXT, "12345", true, CNT_POLICY_CONTENT_LENGTH},
	{"not content: length gt 4", INVITE, "", true, CNT_POLICY_CONTENT_LENGTH},
	{"content: type sdp", INVITE SDP, "v=0\r\n", true, CNT_POLICY_CONTENT_TYPE},
	{"content: type sdp", INVITE SDP, "", false, 0}, // nothing is of that type
	{"content: type sdp", INVITE TEXT, "x", false, 0},
	{"not content: type sdp", INVITE TEXT, "x", true, CNT_POLICY_CONTENT_TYPE},
	{"not content: type sdp", INVITE, "", false, 0},
	{"content: type regex text", INVITE TEXT, "x", true, CNT_POLICY_CONTENT_TYPE},
	{"content: type regex text", INVITE SDP, "v=0\r\n", false, 0},
	{"not content: type regex text", INVITE SDP, "v=0\r\n", true, CNT_POLICY_CONTENT_TYPE},
	{"not content: type regex text", INVITE, "", false, 0},
	// im-subscriber: who writes, or is told
	{"im-subscriber: regex ann", REQ("MESSAGE") ANN CARL TAIL("MESSAGE"), "", true,
		CNT_POLICY_IM_SUBSCRIBER},
	{"im-subscriber: regex ann", INVITE, "", false, 0},
	{"im-subscriber: regex ann",
		REQ("SUBSCRIBE") ANN CARL TAIL("SUBSCRIBE") "Event: presence;id=1\n", "", true,
		CNT_POLICY_IM_SUBSCRIBER},
	{"im-subscriber: regex ann", REQ("SUBSCRIBE") ANN CARL TAIL("SUBSCRIBE") "o: refer\n", "",
		false, 0},
	{"im-subscriber: regex bob",
		REQ("NOTIFY") ANN
		"To: <sip:bob@b>;tag=t\n" TAIL("NOTIFY") "Event: presence.winfo\n",
		"", true, CNT_POLICY_IM_SUBSCRIBER},
	{"not im-subscriber: regex bob", INVITE, "", false, 0},
	{"not im-subscriber: regex bob", REQ("MESSAGE") ANN CARL TAIL("MESSAGE"), "", true,
		CNT_POLICY_IM_SUBSCRIBER},
	// message-path: every Via, alone or in a list
	{"message-path: regex via10", INVITE "Via: SIP/2.0/UDP 10.0.0.1\n", "", true,
		CNT_POLICY_MESSAGE_PATH},
	{"message-path: regex via10", INVITE "v: SIP/2.0/UDP x, SIP/2.0/UDP 10.0.0.1\n", "", true,
		CNT_POLICY_MESSAGE_PATH},
	{"message-path: regex via10", INVITE, "", false, 0},
	{"message-path: regex via10", OK_INVITE "Via: SIP/2.0/UDP 10.0.0.1\n", "", false, 0},
	{"not message-path: regex via10", INVITE "Via: SIP/2.0/UDP 10.0.0.1\n", "", false, 0},
	{"not message-path: regex via10", INVITE, "", true, CNT_POLICY_MESSAGE_PATH},
	// request-method
	{"request-method: invite", INVITE, "", true, CNT_POLICY_REQUEST_METHOD},
	{"request-method: invite", OK_INVITE, "", false, 0},
	{"request-method: options", INVITE, "", false, 0},
	{"request-method: unknown", REQ("FOO") ANN CARL TAIL("FOO"), "", true,
		CNT_POLICY_REQUEST_METHOD},
	{"request-method: invite", REQ("invite") ANN CARL TAIL("invite"), "", false, 0},
	{"not request-method: invite", REQ("BYE") ANN CARL TAIL("BYE"), "", true,
		CNT_POLICY_REQUEST_METHOD},
	{"not request-method: invite", OK_INVITE, "", false, 0},
	// third-party-registration: who registers somebody else
	{"third-party-registration: regex ann", REQ("REGISTER") ANN CARL TAIL("REGISTER"), "", true,
		CNT_POLICY_REGISTRATION},
	{"third-party-registration: regex ann",
		REQ("REGISTER") ANN TO("sip:ann@ENTERPRISE-B.example;x") TAIL("REGISTER"), "",
		false, 0},
	{"third-party-registration: regex ann", INVITE, "", false, 0},
	{"not third-party-registration: regex bob", REQ("REGISTER") ANN CARL TAIL("REGISTER"), "",
		true, CNT_POLICY_REGISTRATION},
	{"not third-party-registration: regex bob", INVITE, "", false, 0},
	// uri
	{"uri: sip length gt 28", INVITE, "", true, CNT_POLICY_URI_LENGTH},
	{"uri: sip length gt 29", INVITE, "", false, 0},
	{"uri: sip length gt 29",
		INVITE "P-Asserted-Identity: <sip:ann@x>, <sips:123456789012345678901>\n", "",
		false, 0},
	{"uri: sip length gt 29",
		INVITE "P-Asserted-Identity: <sip:ann@x>, <sips:12345678901234567890123456@x>\n",
		"", true, CNT_POLICY_URI_LENGTH},
	{"uri: tel length gt 5", INVITE, "", false, 0},
	{"uri: tel length gt 5", INVITE "P-Asserted-Identity: <tel:+12>\n", "", true,
		CNT_POLICY_URI_LENGTH},
	{"uri: sip length gt 29", OK_INVITE "Contact: <sip:12345678901234567890123456@x>\n", "",
		true, CNT_POLICY_URI_LENGTH},
	{"not uri: tel length gt 5", INVITE, "", true, CNT_POLICY_URI_LENGTH},
	// classes
	{"class: any", REQ("INFO") ANN CARL TAIL("INFO"), "", true, CNT_POLICY_CLASS},
	{"class: any", INVITE, "", false, 0},
	{"class: all", REQ("MESSAGE") FROM("sip:eve@b") CARL TAIL("MESSAGE"), "", true,
		CNT_POLICY_CLASS},
	{"class: all", REQ("MESSAGE") FROM("sip:ann@b") CARL TAIL("MESSAGE"), "", false, 0},
	{"class: all", REQ("INVITE") FROM("sip:eve@b") CARL TAIL("INVITE"), "", false, 0},
};

#define MATCHES (sizeof(matches) / sizeof(matches[0]))

static void match_row(void **state)
{
	const struct match_row *row = *state;
	char entry[256];

	snprintf(entry, sizeof(entry), "%s, action: drop", row->match);
	setup_match(entry);
	judge(row->head, row->body, S_NS);
	if ((verdict.refused != NULL) != row->refused)
		fail_msg("%s:\n%s", row->match, row->head);
	if (row->refused)
		assert_int_equal(verdict.refused->counter, row->counter);
	assert_int_equal(rule()->hits, row->refused);
	assert_int_equal(rule()->refused, row->refused);
	assert_int_equal(policymap_messages(map), 1);
	teardown_map();
}

// ---- Parameters --------------------------------------------------------------------------------

#define MF(n)    REQ("INVITE") ANN CARL CONTACT "Call-ID: c\nCSeq: 1 INVITE\nMax-Forwards: " n "\n"
#define STRICT   "strict-header-validation: {action: drop}"
#define B_REQ(m) REQ(m) ANN "To: <sip:c@a>;tag=t\n" TAIL(m)

static const struct param_row {
	const char *params, *head;
	bool refused;
	enum counter_id counter;
} params[] = {
	{"im: off", REQ("MESSAGE") ANN CARL TAIL("MESSAGE"), true, CNT_POLICY_IM},
	{"im: off", REQ("PUBLISH") ANN CARL TAIL("PUBLISH") "Event: presence\n", true,
		CNT_POLICY_IM},
	{"im: off", REQ("SUBSCRIBE") ANN CARL TAIL("SUBSCRIBE") "Event: dialog\n", false, 0},
	{"im: off", INVITE, false, 0},
	{"im: on", REQ("MESSAGE") ANN CARL TAIL("MESSAGE"), false, 0},
	{"", REQ("MESSAGE") ANN CARL TAIL("MESSAGE"), false, 0},
	{"", MF("0"), true, CNT_POLICY_MAX_FORWARDS},
	{"", MF("1"), false, 0},
	{"max-forwards-validation: {action: reset}", MF("0"), true, CNT_POLICY_MAX_FORWARDS},
	{"max-forwards-validation: {action: log}", MF("0"), false, 0},
	{"", REQ("OPTIONS") ANN CARL "Call-ID: c\nCSeq: 1 OPTIONS\nMax-Forwards: 0\n", false, 0},
	{STRICT, INVITE, false, 0},
	{STRICT, REQ("INVITE") ANN CARL TAIL("INVITE"), true, CNT_POLICY_STRICT_HEADER},
	{"", REQ("INVITE") ANN CARL TAIL("INVITE"), false, 0},
	{STRICT, INVITE "Contact: <sip:b@c>\n", true, CNT_POLICY_STRICT_HEADER},
	{STRICT, REQ("INVITE") ANN CARL TAIL("INVITE") "m: <tel:+12>\n", true,
		CNT_POLICY_STRICT_HEADER},
	{STRICT, INVITE "Via: nonsense\n", true, CNT_POLICY_STRICT_HEADER},
	{STRICT, OK_INVITE, true, CNT_POLICY_STRICT_HEADER},
	{STRICT, OK_INVITE CONTACT, false, 0},
	{STRICT, "SIP/2.0 302 Moved\n" VIA ANN CARL TAIL("INVITE") "Contact: <sip:a@b>,<sip:c@d>\n",
		false, 0},
	{STRICT, B_REQ("BYE"), false, 0},
	{STRICT, B_REQ("PRACK"), true, CNT_POLICY_STRICT_HEADER},
	{STRICT, B_REQ("PRACK") "RAck: 1 1 INVITE\n", false, 0},
	{STRICT, B_REQ("REFER") CONTACT, true, CNT_POLICY_STRICT_HEADER},
	{STRICT, B_REQ("REFER") CONTACT "r: <sip:a@b>\n", false, 0},
	{STRICT, B_REQ("UPDATE"), true, CNT_POLICY_STRICT_HEADER},
	{STRICT, B_REQ("NOTIFY") CONTACT "Event: refer\n", false, 0},
	{STRICT, B_REQ("SUBSCRIBE") CONTACT, true, CNT_POLICY_STRICT_HEADER},
	{"strict-header-validation: {action: log}", OK_INVITE, false, 0},
	{"rtp-conformance: on, ip-address-privacy: on, traffic-non-sip: off", INVITE, false, 0},
};

#define PARAMS (sizeof(params) / sizeof(params[0]))

static void param_row(void **state)
{
	const struct param_row *row = *state;

	setup_params(row->params);
	judge(row->head, "", S_NS);
	if ((verdict.refused != NULL) != row->refused)
		fail_msg("%s:\n%s", row->params, row->head);
	if (row->refused)
		assert_int_equal(verdict.refused->counter, row->counter);
	teardown_map();
}

// A class without a map has the manual's default one.
static void test_default_map(void **state)
{
	setup_map("");
	map = policymap_of(maps, &config->inspects[0]);
	assert_string_equal(policymap_config(map)->name, "_default_sip_map");
	assert_null(judge(INVITE, "", S_NS)->refused);
	assert_int_equal(judge(MF("0"), "", S_NS)->refused->status, 483);
	assert_int_equal(policymap_messages(map), 2);
	assert_int_equal(policymap_messages(policymap_of(maps, &config->inspects[1])), 0);
	teardown_map();
}

// What was refused elsewhere is counted under the parameter, where there is one.
static void test_violated(void **state)
{
	setup_params("state-checking: {action: reset log}");
	assert_null(policymap_violated(map, SIP_PARAM_STRICT_HEADER));
	assert_int_equal(
		policymap_violated(map, SIP_PARAM_STATE_CHECKING)->act.action, SIP_ACT_RESET);
	assert_int_equal(rule()->hits, 1);
	assert_int_equal(rule()->refused, 1);
	policymaps_clear(maps);
	assert_int_equal(rule()->hits, 0);
	teardown_map();
}

// ---- Masks -------------------------------------------------------------------------------------

#define LINES                                                                                      \
	"User-Agent: Cisco-CUCM8.5\nX-Other: 1\nServer: x/1.0\nAlert-Info: "                       \
	"<http://www.example.com/bell.wav>\nCall-Info: <sip:x@y>;purpose=info\nCall-Info: "        \
	"<sip:x@y>, <https://x/pic>\n"

static void masked(const char *given, const char *gone, const char *kept)
{
	static struct sip_edit e;
	char out[4096];
	size_t n;

	setup_params(given);
	assert_null(judge(INVITE LINES, "", S_NS)->refused);
	sip_edit_init(&e, &msg);
	policymap_mask(&msg, verdict.mask, &e);
	assert_int_equal(sip_edit_render(&e, out, sizeof(out) - 1, &n), 0);
	out[n] = '\0';
	for (const char *p = gone; *p != '\0'; p += strlen(p) + 1)
		if (strstr(out, p) != NULL)
			fail_msg("%s is still in %s", p, out);
	for (const char *p = kept; *p != '\0'; p += strlen(p) + 1)
		if (strstr(out, p) == NULL)
			fail_msg("%s is no more in %s", p, out);
	teardown_map();
}

#define UA "User-Agent: Cisco-CUCM8.5\r\n\0Server: x/1.0\r\n\0"
#define INFO                                                                                       \
	"Alert-Info: <http://www.example.com/bell.wav>\r\n\0Call-Info: <sip:x@y>, "                \
	"<https://x/pic>\r\n\0"
#define OTHER "X-Other: 1\r\n\0Call-Info: <sip:x@y>;purpose=info\r\n\0"

static void test_map_uri_non_sip_masks(void **state)
{
	masked("", "", UA INFO OTHER);
	masked("software-version: {action: mask}", UA, INFO OTHER);
	masked("software-version: {action: log}", "", UA INFO OTHER);
	masked("uri-non-sip: {action: mask log}", INFO, UA OTHER);
	masked("uri-non-sip: {action: mask}, software-version: {action: mask}", INFO UA, OTHER);
}

static void test_mask_hits(void **state)
{
	setup_params("uri-non-sip: {action: mask}");
	judge(INVITE "Alert-Info: <sip:x@y>\n", "", S_NS);
	assert_int_equal(verdict.mask, 0);
	assert_int_equal(rule()->hits, 0);
	judge(INVITE "Alert-Info: nonsense\n", "", S_NS); // what cannot be read is not SIP
	assert_int_equal(verdict.mask, POLICY_MASK_URI);
	assert_int_equal(rule()->hits, 1);
	assert_int_equal(rule()->refused, 0);
	teardown_map();
	setup_match("content: type regex text, action: mask");
	assert_int_equal(judge(INVITE TEXT, "x", S_NS)->mask, POLICY_MASK_BODY);
	assert_int_equal(judge(INVITE SDP, "v=0\r\n", S_NS)->mask, 0);
	teardown_map();
}

// ---- Actions and order -------------------------------------------------------------------------

// log alone and mask go on; the first that refuses ends it, and what stands behind is not asked.
static void test_map_log_order(void **state)
{
	setup_map("    match:\n"
		  "      - {request-method: invite, action: log}\n"
		  "      - {calling-party: regex ann, action: drop-connection log}\n"
		  "      - {called-party: regex bob, action: reset}\n");
	judge(REQ("INVITE") ANN TO("sip:bob@a") TAIL("INVITE"), "", S_NS);
	assert_int_equal(verdict.n_logs, 1);
	assert_string_equal(verdict.logs[0]->text, "match request-method invite");
	assert_string_equal(verdict.refused->text, "match calling-party regex ann");
	assert_true(verdict.refused->act.log);
	judge(REQ("INVITE") FROM("sip:eve@b") TO("sip:bob@a") TAIL("INVITE"), "", S_NS);
	assert_int_equal(verdict.refused->act.action, SIP_ACT_RESET);
	assert_int_equal(rule()->hits, 2);
	assert_int_equal(rule()->refused, 0);
	teardown_map();
}

static void test_rate_limit(void **state)
{
	unsigned int refused = 0;

	setup_match("request-method: options, action: rate-limit 5");
	for (int i = 0; i < 8; i++)
		refused +=
			judge(REQ("OPTIONS") ANN CARL TAIL("OPTIONS"), "", S_NS)->refused != NULL;
	assert_int_equal(refused, 3);
	assert_null(judge(INVITE, "", S_NS)->refused);
	assert_int_equal(rule()->hits, 8);
	assert_int_equal(rule()->refused, 3);
	judge(REQ("OPTIONS") ANN CARL TAIL("OPTIONS"), "", S_NS);
	assert_int_equal(verdict.refused->counter, CNT_POLICY_RATE);
	assert_int_equal(verdict.refused->status, 503);
	// A fifth of a second later there is one more.
	assert_null(judge(REQ("OPTIONS") ANN CARL TAIL("OPTIONS"), "", S_NS + S_NS / 5)->refused);
	assert_non_null(
		judge(REQ("OPTIONS") ANN CARL TAIL("OPTIONS"), "", S_NS + S_NS / 5)->refused);
	teardown_map();
}

// ---- Hostile messages --------------------------------------------------------------------------

// A path that is longer than any is not searched to its end, and does not pass either.
static void test_long_path(void **state)
{
	static const char *const polarity[] = {"message-path: regex via10, action: drop",
		"not message-path: regex via10, action: drop"};
	static char head[65536];
	size_t n;

	for (int i = 0; i < 2; i++) {
		n = (size_t)sprintf(head, "%s", INVITE "Via: SIP/2.0/UDP 10.0.0.1");
		while (n < sizeof(head) - 64)
			n += (size_t)sprintf(head + n, ",SIP/2.0/UDP x");
		strcpy(head + n, "\n");
		setup_match(polarity[i]);
		assert_non_null(judge(head, "", S_NS)->refused);
		teardown_map();
	}
}

// One URI as large as a header section may be, with escapes and without.
static void test_long_uri(void **state)
{
	static char head[65536];
	size_t n;

	for (int escaped = 0; escaped < 2; escaped++) {
		n = (size_t)sprintf(head, "%s", REQ("INVITE") CARL TAIL("INVITE") "From: <sip:");
		while (n < sizeof(head) - 32)
			n += (size_t)sprintf(head + n, escaped ? "%%62" : "bob");
		strcpy(head + n, "ann@x>;tag=f\n");
		setup_match("calling-party: regex ann, action: drop");
		assert_non_null(judge(head, "", S_NS)->refused);
		teardown_map();
		setup_match("calling-party: regex bob, action: drop");
		assert_null(judge(head, "", S_NS)->refused);
		teardown_map();
	}
}

// As many expressions and matches as a configuration may have at once.
static void test_large_map(void **state)
{
	char err[256];

	setup_map("");
	policymaps_free(maps);
	free(config->regexes);
	free(config->regex_classes[0].list);
	config->n_regexes = 1000;
	config->regexes = calloc(1000, sizeof(*config->regexes));
	config->regex_classes[0].n = 1000;
	config->regex_classes[0].list = calloc(1000, sizeof(uint16_t));
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(config->regexes[i].pattern, sizeof(config->regexes[i].pattern),
			"^sip:\\+1%04u[0-9]*@", i);
		config->regex_classes[0].list[i] = (uint16_t)i;
	}
	config->sip_maps[0].n = CONFIG_SIP_MATCHES_MAX;
	config->sip_maps[0].entries =
		calloc(CONFIG_SIP_MATCHES_MAX, sizeof(*config->sip_maps[0].entries));
	for (int i = 0; i < CONFIG_SIP_MATCHES_MAX; i++)
		config->sip_maps[0].entries[i] = (struct config_sip_entry){.class = -1,
			.match = {.kind = SIP_MATCH_CALLING_PARTY, .regex = 7, .regex_class = -1},
			.act = {.on = true, .action = SIP_ACT_DROP}};
	config->sip_maps[0].entries[CONFIG_SIP_MATCHES_MAX - 1].match.regex = -1;
	config->sip_maps[0].entries[CONFIG_SIP_MATCHES_MAX - 1].match.regex_class = 0;
	if (policymaps_new(&maps, config, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	map = policymap_of(maps, &config->inspects[1]);
	judge(REQ("INVITE") FROM("sip:+1099912@b") CARL TAIL("INVITE"), "", S_NS);
	assert_non_null(verdict.refused);
	assert_int_equal(rule()->hits, 0); // the last entry, by its class of a thousand
	assert_null(judge(REQ("INVITE") FROM("sip:+2@b") CARL TAIL("INVITE"), "", S_NS)->refused);
	judge(REQ("INVITE") FROM("sip:+100071@b") CARL TAIL("INVITE"), "", S_NS);
	assert_int_equal(rule()->hits, 1);
	teardown_map();
}

// Each row is a case that bears the name of its rule.
static struct CMUnitTest named(
	const char *prefix, const char *rule_text, CMUnitTestFunction fn, const void *row)
{
	static char names[MATCHES + PARAMS][96];
	static size_t n;
	char *name = names[n++];

	snprintf(name, sizeof(names[0]), "%s%s", prefix, rule_text);
	return row_case(name, fn, row);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_default_map),
		cmocka_unit_test(test_violated),
		cmocka_unit_test(test_map_uri_non_sip_masks),
		cmocka_unit_test(test_mask_hits),
		cmocka_unit_test(test_map_log_order),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_long_uri),
		cmocka_unit_test(test_large_map),
	};
	struct CMUnitTest tests[MATCHES + PARAMS + sizeof(others) / sizeof(others[0])];
	size_t n = 0;

	for (size_t i = 0; i < MATCHES; i++)
		tests[n++] = named("MAP-match-", matches[i].match, match_row, &matches[i]);
	for (size_t i = 0; i < PARAMS; i++)
		tests[n++] = named("MAP-", params[i].params, param_row, &params[i]);
	memcpy(&tests[n], others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
