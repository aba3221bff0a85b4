// SPDX-License-Identifier: BSD-3-Clause
// The libsrtp2 backend of dp/rtpsec.h: one packet at a time, and for ever the measure that faster
// engines are compared with. Called by dp/media.c.
// Hot: runs on a worker. (Debian's libsrtp2 takes memory and locks inside; a faster engine will
// not.)
//
// libsrtp2 keeps a list of sources behind one key (a wildcard policy) and adds to it after a
// packet of a new source was authenticated. The bound on sources and the MKI are kept here:
// libsrtp2 would compare the MKI's value, which nobody needs once the tag is right.
#include "dp/rtpsec_srtp2.h"

#include <stdbool.h>
#include <string.h>

#include "lib/rtp.h"

static enum rtpsec_status status_of(srtp_err_status_t s)
{
	switch (s) {
	case srtp_err_status_ok:
		return RTPSEC_OK;
	case srtp_err_status_replay_fail:
		return RTPSEC_REPLAYED;
	case srtp_err_status_replay_old:
		return RTPSEC_LATE;
	case srtp_err_status_bad_param:
	case srtp_err_status_parse_err:
		return RTPSEC_MALFORMED;
	case srtp_err_status_key_expired:
	case srtp_err_status_alloc_fail:
		return RTPSEC_EXHAUSTED;
	default:
		return RTPSEC_AUTH_FAILED;
	}
}

static bool knows_ssrc(const struct rtpsec *c, uint32_t ssrc)
{
	for (unsigned int i = 0; i < c->n_ssrcs; i++)
		if (c->ssrc[i] == ssrc)
			return true;
	return false;
}

// What both directions ask before the engine is called; `trailer` is MKI and tag.
static enum rtpsec_status admit(
	const struct rtpsec_job *j, size_t trailer, struct rtp_hdr *h, bool *known)
{
	const struct rtpsec *c = j->ctx;

	if (j->len < trailer || !rtp_parse(j->pkt, j->len - trailer, h))
		return RTPSEC_MALFORMED;
	*known = knows_ssrc(c, h->ssrc);
	if (!*known && c->n_ssrcs == RTPSEC_SSRCS_MAX)
		return RTPSEC_SSRCS;
	if (c->left == 0)
		return RTPSEC_EXHAUSTED;
	return RTPSEC_OK;
}

// Only for a packet that the engine has accepted.
static void remember(struct rtpsec *c, bool known, uint32_t ssrc)
{
	c->left--;
	if (!known)
		c->ssrc[c->n_ssrcs++] = ssrc;
}

static enum rtpsec_status open_one(struct rtpsec_job *j)
{
	struct rtpsec *c = j->ctx;
	enum rtpsec_status status;
	struct rtp_hdr h;
	bool known;
	int len;

	status = admit(j, (size_t)c->tag_len + c->mki_len, &h, &known);
	if (status != RTPSEC_OK)
		return status;
	len = (int)(j->len - c->mki_len);
	if (c->mki_len != 0)
		memmove(j->pkt + len - c->tag_len, j->pkt + j->len - c->tag_len, c->tag_len);
	status = status_of(srtp_unprotect(c->srtp, j->pkt, &len));
	if (status != RTPSEC_OK)
		return status;
	remember(c, known, h.ssrc);
	j->len = (uint32_t)len;
	return RTPSEC_OK;
}

static enum rtpsec_status seal_one(struct rtpsec_job *j)
{
	struct rtpsec *c = j->ctx;
	enum rtpsec_status status;
	struct rtp_hdr h;
	bool known;
	int len = (int)j->len;

	status = admit(j, 0, &h, &known);
	if (status != RTPSEC_OK)
		return status;
	status = status_of(srtp_protect(c->srtp, j->pkt, &len));
	if (status != RTPSEC_OK)
		return status;
	remember(c, known, h.ssrc);
	j->len = (uint32_t)len;
	return RTPSEC_OK;
}

void rtpsec_open(struct rtpsec_engine *e, struct rtpsec_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		jobs[i].status = open_one(&jobs[i]);
}

void rtpsec_seal(struct rtpsec_engine *e, struct rtpsec_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		jobs[i].status = seal_one(&jobs[i]);
}
