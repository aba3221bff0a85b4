// SPDX-License-Identifier: BSD-3-Clause
// A stream of SIP: however it is cut, the same messages come out, in both profiles; each is parsed,
// checked and rewritten in both directions. An unedited message renders as it came; a rewritten one
// is one message again, keeps its identity, and has nothing left to rewrite. What is put in order
// needs that once, and keeps its body.
#include <errno.h>
#include <stdlib.h>

#include "cp/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (1 << 18)

enum { OUTSIDE, INSIDE };

// The profiles.
static const struct sip_limits strict = {.header_max = 4096, .body_max = 65536};
static const struct sip_limits tolerant = {.header_max = 4096, .body_max = 65536, .tolerant = true};
static struct nat_rule nat[2];
static struct sip_msg msg, again;
static struct sip_edit edit;
static char once[OUT_MAX], twice[OUT_MAX];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void rules_init(void)
{
	ip_parse(STR_LIT("192.168.10.30"), &nat[0].real.ip);
	ip_parse(STR_LIT("209.165.200.228"), &nat[0].mapped.ip);
	ip_parse(STR_LIT("192.168.10.40"), &nat[1].real.ip);
	ip_parse(STR_LIT("209.165.200.230"), &nat[1].mapped.ip);
	nat[1].proto = PROTO_TCP;
	nat[1].real_port = 5060;
	nat[1].mapped_port = 5090;
	for (size_t i = 0; i < 2; i++) {
		nat[i].real.len = nat[i].mapped.len = 128;
		nat[i].real_if = INSIDE;
		nat[i].mapped_if = OUTSIDE;
	}
}

static void rewrite_body(const struct sip_msg *m, enum rewrite_dir dir)
{
	struct sdp_plan plan = {0};
	struct sdp sdp;

	if (!m->is_sdp || sdp_parse(&sdp, m->sdp) != SDP_OK)
		return;
	ip_parse(STR_LIT("192.0.2.200"), &plan.local);
	for (size_t i = 0; i < SDP_MEDIA_MAX; i++) {
		plan.media[i].port = (uint16_t)(20000 + 2 * i);
		plan.media[i].secure = dir == REWRITE_OUTWARD;
		if (dir == REWRITE_OUTWARD)
			plan.media[i].crypto[0] = STR_LIT("1 SUITE inline:key");
	}
	rewrite_sdp(&sdp, &plan, &edit);
}

// False when the message is refused.
static bool rewrite(const struct sip_msg *m, enum rewrite_dir dir, bool body, char *out, size_t *n)
{
	static struct rewrite_via via;
	struct rewrite_ctx ctx = {
		.dir = dir, .nat = nat, .n_nat = 2, .inside_if = INSIDE, .outside_if = OUTSIDE};
	int err;

	if (rewrite_via_save(m, &via))
		ctx.via = &via;
	sip_edit_init(&edit, m);
	if (rewrite_headers(m, &ctx, &edit, NULL) != SIP_OK)
		return false;
	if (body)
		rewrite_body(m, dir);
	err = sip_edit_render(&edit, out, OUT_MAX, n);
	require(err != -EINVAL);
	return err == 0;
}

static void check_rewrite(enum rewrite_dir dir)
{
	static const struct sip_limits wide = {.header_max = OUT_MAX, .body_max = OUT_MAX};
	struct sip_frame f;
	enum sip_reason why;
	size_t n, len, n2;

	if (!rewrite(&msg, dir, true, once, &n))
		return;
	sip_frame_init(&f, &wide);
	require(sip_frame_next(&f, (struct str){once, n}, &len, &why) == SIP_FRAME_MESSAGE);
	require(len == n);
	require(sip_parse(&again, (struct str){once, n}) == SIP_OK);
	require(sip_check(&again) == SIP_OK);
	require(str_eq(again.call_id, msg.call_id) && again.cseq == msg.cseq);
	require(str_eq(again.from_tag, msg.from_tag) && str_eq(again.to_tag, msg.to_tag));
	require(str_eq(again.via.branch, msg.via.branch) && again.status == msg.status);
	require(again.n_headers + sip_header_count(&msg, SIP_H_FALLBACK) >= msg.n_headers);
	require(sip_multipart(&again) == SIP_OK && again.is_sdp == msg.is_sdp);
	require(rewrite(&again, dir, false, twice, &n2));
	require(str_eq((struct str){once, n}, (struct str){twice, n2}));
}

static void check_tidy(struct str bytes)
{
	size_t n, n2;

	if (!sip_tidy(bytes, once, sizeof(once), &n))
		return;
	require(!sip_tidy((struct str){once, n}, twice, sizeof(twice), &n2));
	if (sip_parse(&msg, bytes) != SIP_OK)
		return; // a first line that ends in a lone LF
	require(sip_parse(&again, (struct str){once, n}) == SIP_OK);
	require(str_eq(again.body, msg.body));
	require(sip_header_count(&again, SIP_H_VIA) == sip_header_count(&msg, SIP_H_VIA));
}

static void check_message(struct str bytes)
{
	size_t n;

	if (sip_parse(&msg, bytes) != SIP_OK)
		return;
	sip_edit_init(&edit, &msg);
	require(sip_edit_render(&edit, once, sizeof(once), &n) == 0);
	require(str_eq((struct str){once, n}, bytes));
	if (sip_check(&msg) != SIP_OK || sip_multipart(&msg) != SIP_OK)
		return;
	check_rewrite(REWRITE_INWARD);
	check_rewrite(REWRITE_OUTWARD);
}

// A digest of what the framer says about a stream that arrives in steps.
static uint64_t frame_all(struct str s, const struct sip_limits *limits, size_t step, bool check)
{
	enum sip_frame_result r = SIP_FRAME_MORE;
	size_t at = 0, end = 0;
	uint64_t digest = 1;
	struct sip_frame f;
	enum sip_reason why;

	sip_frame_init(&f, limits);
	while (r != SIP_FRAME_ERROR) {
		size_t len;

		r = sip_frame_next(&f, (struct str){s.p + at, end - at}, &len, &why);
		if (r == SIP_FRAME_MORE) {
			if (end == s.n)
				break;
			end = step < s.n - end ? end + step : s.n;
			continue;
		}
		require(len <= end - at && (len > 0 || r == SIP_FRAME_ERROR));
		if (check && r == SIP_FRAME_MESSAGE && limits->tolerant)
			check_tidy((struct str){s.p + at, len});
		else if (check && r == SIP_FRAME_MESSAGE)
			check_message((struct str){s.p + at, len});
		at += len;
		digest = digest * 1000003 + (uint64_t)r * 65537 + len * 31 + (uint64_t)why;
	}
	return digest * 2 + (r == SIP_FRAME_ERROR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};

	if (size > 16384)
		return 0;
	rules_init();
	require(frame_all(s, &strict, size + 1, true) == frame_all(s, &strict, 1, false));
	require(frame_all(s, &tolerant, size + 1, true) == frame_all(s, &tolerant, 1, false));
	// Without a framer before it the parser must hold as well.
	if (sip_parse(&msg, s) == SIP_OK)
		sip_check(&msg);
	return 0;
}
