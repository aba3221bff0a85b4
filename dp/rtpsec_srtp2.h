// SPDX-License-Identifier: BSD-3-Clause
// A context of the libsrtp2 backend. Only for dp/rtpsec_srtp2.c and dp/rtpsec_srtp2_ctl.c.
#pragma once

#include <srtp2/srtp.h>

#include "dp/rtpsec.h"

struct rtpsec {
	srtp_t srtp;
	uint64_t left; // packets until the key is used up
	uint32_t ssrc[RTPSEC_SSRCS_MAX];
	uint8_t n_ssrcs;
	uint8_t tag_len;
	uint8_t mki_len;
};
