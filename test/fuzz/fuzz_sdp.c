// SPDX-License-Identifier: BSD-3-Clause
// Session descriptions through parser and rewriter: the result is a description again, rewriting it
// once more changes nothing, and whatever came in, nothing leaves toward the Internet in clear and
// no key reaches a non-secure inside.
#include <errno.h>
#include <stdlib.h>

#include "cp/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX (1 << 18)

static struct sip_edit edit;
static char once[OUT_MAX], twice[OUT_MAX];

static void require(bool ok)
{
	if (!ok)
		abort();
}

// What a rewrite is for: the Internet, a non-secure inside, a secure one (passing through).
enum to { OUTSIDE, INSIDE, INSIDE_SECURE };

static bool rewrite(const struct sdp *s, enum to to, char *out, size_t *n)
{
	struct sdp_plan plan = {.rtcp = to == OUTSIDE, .h264 = to != INSIDE};
	int err;

	ip_parse(STR_LIT("192.0.2.200"), &plan.local);
	for (size_t i = 0; i < SDP_MEDIA_MAX; i++) {
		plan.media[i].port = (uint16_t)(i % 4 == 3 ? 0 : 20000 + 2 * i);
		plan.media[i].secure = to != INSIDE;
		plan.media[i].mux = i % 2 == 0;
		if (to == INSIDE_SECURE)
			plan.media[i].keep_suites = 1 << SDES_AEAD_AES_128_GCM;
		if (to == OUTSIDE) {
			plan.media[i].crypto[0] = STR_LIT("1 SUITE inline:key");
			plan.media[i].crypto[1] = STR_LIT("2 SUITE inline:key");
		}
	}
	sip_edit_init_text(&edit, s->raw);
	if (rewrite_sdp(s, &plan, &edit) != SDP_OK)
		return false;
	err = sip_edit_render(&edit, out, OUT_MAX, n);
	require(err != -EINVAL);
	return err == 0;
}

static size_t count_crypto(const struct sdp_media *m)
{
	struct str rest = m->section, value;
	size_t n = 0;

	while (sdp_attr_find(&rest, STR_LIT("crypto"), &value))
		n++;
	return n;
}

static void check_rewrite(const struct sdp *s, enum to to)
{
	struct str rest, value;
	enum sdp_verdict v;
	struct sdp again;
	size_t n, n2;

	if (!rewrite(s, to, once, &n))
		return;
	require(sdp_parse(&again, (struct str){once, n}) == SDP_OK);
	require(again.n_media == s->n_media);
	v = sdp_check_secure(&again, to == OUTSIDE ? REWRITE_INWARD : REWRITE_OUTWARD,
		to == INSIDE_SECURE, true);
	require(v != SDP_RTP_OVER_IME && v != SDP_SRTP_NONSECURE);
	require(v != SDP_NO_CRYPTO || to == INSIDE_SECURE); // nothing was there to be kept
	rest = again.raw;
	require(to != INSIDE || !sdp_attr_find(&rest, STR_LIT("crypto"), &value));
	rest = again.raw;
	require(!sdp_attr_find(&rest, STR_LIT("rtcp"), &value));
	for (size_t i = 0; i < again.n_media; i++) {
		require(to != INSIDE_SECURE || count_crypto(&again.media[i]) <= 1);
		require(again.media[i].port == 0 || again.media[i].port == 20000 + 2 * i);
		require(again.media[i].dir == s->media[i].dir);
	}
	if (once[n - 1] != '\n')
		return; // a last line without its end gains one
	require(rewrite(&again, to, twice, &n2));
	require(str_eq((struct str){once, n}, (struct str){twice, n2}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp s;

	if (size > 65536 || sdp_parse(&s, (struct str){(const char *)data, size}) != SDP_OK)
		return 0;
	require(s.n_media <= SDP_MEDIA_MAX);
	for (size_t i = 0; i < s.n_media; i++) {
		sdp_media_remote(&s, &s.media[i]);
		sdp_media_remote_rtcp(&s, &s.media[i]);
		sdp_media_relayable(&s.media[i], false);
	}
	sdp_check_secure(&s, REWRITE_INWARD, false, true);
	sdp_check_secure(&s, REWRITE_OUTWARD, true, false);
	check_rewrite(&s, OUTSIDE);
	check_rewrite(&s, INSIDE);
	check_rewrite(&s, INSIDE_SECURE);
	return 0;
}
