// SPDX-License-Identifier: BSD-3-Clause
// Any message through a policy map that has every parameter and every match: it is judged without
// harm, a refusal has a counter, what is masked leaves one message that nothing is left to mask in,
// and what ip-address-privacy hides comes back with the answer.
#include <errno.h>
#include <stdlib.h>

#include "config/schema.h"
#include "cp/policymap.h"
#include "cp/policymap_check.h"
#include "cp/privacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (1 << 18)

static const char map[] =
	"hostname: cg\n"
	"workers: {cores: [1]}\n"
	"management: {socket: /s}\n"
	"interfaces:\n"
	"  outside: {device: net_null0, address: 203.0.113.1/24, security-level: 0}\n"
	"  inside: {device: net_null1, address: 192.168.10.1/24, security-level: 100}\n"
	"regex: {ann: ann, bob: '^sips?:[bB]ob@', path: '(UDP|TCP) 10[.]', text: (?i)text/.*}\n"
	"class-maps:\n"
	"  people: {type: regex, match-any: [ann, bob]}\n"
	"  both: {type: inspect sip, match-all: [{request-method: info}, {not content: type "
	"sdp}]}\n"
	"  some: {type: inspect sip, match-any: [{request-method: unknown}, {uri: tel length gt "
	"20}]}\n"
	"policy-maps:\n"
	"  all:\n"
	"    type: inspect sip\n"
	"    parameters: {ip-address-privacy: on, max-forwards-validation: {action: log},\n"
	"      software-version: {action: mask}, state-checking: {action: drop},\n"
	"      strict-header-validation: {action: log}, uri-non-sip: {action: mask log}}\n"
	"    match:\n"
	"      - {content: type regex text, action: mask}\n"
	"      - {request-method: options, action: rate-limit 1000}\n"
	"      - {class: both, action: log}\n"
	"      - {called-party: regex class people, action: log}\n"
	"      - {message-path: regex path, action: drop}\n"
	"      - {not im-subscriber: regex ann, action: reset}\n"
	"      - {third-party-registration: regex class people, action: drop}\n"
	"      - {calling-party: regex bob, action: drop-connection}\n"
	"      - {content: length gt 1000, action: drop}\n"
	"      - {uri: sip length gt 100, action: drop}\n"
	"      - {class: some, action: drop}\n";

static struct config *config;
static struct policymaps *maps;
static struct config_inspect inspect = {.sip_map = 0};
static struct sip_msg msg, again;
static struct sip_edit edit;
static char once[OUT_MAX];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void init(void)
{
	struct config_errors errs;
	char err[256];

	require(config_parse(str_from(map), "", false, &config, &errs) == 0);
	config->inspects = malloc(sizeof(inspect));
	*config->inspects = inspect;
	config->n_inspects = 1;
	require(policymaps_new(&maps, config, err, sizeof(err)) == 0);
}

static bool parse(struct sip_msg *m, struct str text)
{
	return sip_parse(m, text) == SIP_OK && sip_check(m) == SIP_OK;
}

static void check_mask(unsigned int mask)
{
	size_t n;

	sip_edit_init(&edit, &msg);
	policymap_mask(&msg, mask, &edit);
	require(sip_edit_render(&edit, once, sizeof(once), &n) == 0);
	require(parse(&again, (struct str){once, n}));
	require((mask & POLICY_MASK_SOFTWARE) == 0 || !policymap_names_software(&again));
	require((mask & POLICY_MASK_URI) == 0 || !policymap_has_uri_non_sip(&again));
	require(str_eq(again.body, msg.body));
}

static void check_privacy(void)
{
	static const struct rewrite_ctx nat = {.dir = REWRITE_OUTWARD, .inside_if = 1};
	const struct privacy_ctx ctx = {
		.config = config, .outside_if = 0, .nat = &nat, .domain = STR_LIT("our.example")};
	struct sip_elem_iter it = {0};
	struct str elem;
	size_t n, vias = 0;
	int err;

	sip_edit_init(&edit, &msg);
	privacy_headers(&msg, &ctx, &edit);
	if (msg.request)
		privacy_vias_hide(&msg, &edit);
	err = sip_edit_render(&edit, once, sizeof(once), &n);
	require(err == 0 || err == -ENOSPC);
	if (err != 0)
		return;
	require(parse(&again, (struct str){once, n}));
	while (sip_elem_next(&again, SIP_H_VIA, &it, &elem))
		vias++;
	require(!msg.request || vias == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_verdict v;

	if (config == NULL)
		init();
	if (size > 65536 || !parse(&msg, (struct str){(const char *)data, size}))
		return 0;
	policymap_judge(policymap_of(maps, config->inspects), &msg, 1000000000, &v);
	require(v.n_logs <= POLICY_LOGS_MAX);
	if (v.refused != NULL) {
		require(v.refused->counter < CNT_NONE && v.refused->refused <= v.refused->hits);
		return 0;
	}
	require((v.mask & POLICY_MASK_BODY) == 0 || (msg.body.n > 0 && !msg.is_sdp));
	check_mask(v.mask);
	check_privacy();
	return 0;
}
