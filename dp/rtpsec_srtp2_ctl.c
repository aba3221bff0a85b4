// SPDX-License-Identifier: BSD-3-Clause
// Creates and frees the contexts of dp/rtpsec_srtp2.c for dp/media_ctl.c.
// Cold: runs on the control thread.
#include "dp/rtpsec_srtp2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

int rtpsec_new(struct rtpsec **out, const struct rtpsec_params *p)
{
	srtp_policy_t policy = {.window_size = RTPSEC_WINDOW};
	uint8_t key[DP_SRTP_KEY_LEN];
	struct rtpsec *c;
	int err = 0;

	if (p->suite == DP_SRTP_AES_CM_128_HMAC_SHA1_80)
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	else if (p->suite == DP_SRTP_AES_CM_128_HMAC_SHA1_32)
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
	else
		return -ENOTSUP;
	if (p->mki_len > (p->direction == RTPSEC_OPEN ? RTPSEC_MKI_MAX : 0) ||
		p->lifetime > RTPSEC_LIFETIME_MAX)
		return -EINVAL;
	srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	memcpy(key, p->key, sizeof(key));
	policy.key = key;
	policy.ssrc.type = p->direction == RTPSEC_OPEN ? ssrc_any_inbound : ssrc_any_outbound;
	c->tag_len = (uint8_t)policy.rtp.auth_tag_len;
	c->mki_len = p->mki_len;
	c->left = p->lifetime != 0 ? p->lifetime : RTPSEC_LIFETIME_MAX;
	if (srtp_create(&c->srtp, &policy) != srtp_err_status_ok) {
		free(c);
		c = NULL;
		err = -EIO;
	}
	OPENSSL_cleanse(key, sizeof(key));
	*out = c;
	return err;
}

void rtpsec_free(struct rtpsec *c)
{
	if (c == NULL)
		return;
	srtp_dealloc(c->srtp); // zeroes what it frees
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

// Debian's libsrtp2 starts NSS with the first context and stops it with the last one; to start it
// loads libraries and opens devices, which is too late once privileges are shed. So one context,
// which nobody uses, lives as long as the process.
int rtpsec_init(enum rtpsec_tier tier, uint32_t contexts_max)
{
	static const struct rtpsec_params p = {
		.direction = RTPSEC_SEAL, .suite = DP_SRTP_AES_CM_128_HMAC_SHA1_80};
	static struct rtpsec *keeper;

	if (keeper != NULL)
		return 0;
	return srtp_init() == srtp_err_status_ok ? rtpsec_new(&keeper, &p) : -EIO;
}

const char *rtpsec_engine_name(void)
{
	return "libsrtp2";
}
