// SPDX-License-Identifier: BSD-3-Clause
// SRTP the way a careful program does it on OpenSSL's EVP alone, as the measure of faster engines:
// AES_CM_128_HMAC_SHA1_80, a packet at a time, with contexts that are kept, so that no packet pays
// for key schedules or allocations. One source, one direction, a replay window of 64.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evp_srtp;

// `master` is 16 octets of key and 14 of salt. Never NULL: ends the program instead.
struct evp_srtp *evp_srtp_new(const uint8_t master[30]);
void evp_srtp_free(struct evp_srtp *s);

// In place; *n grows or shrinks by the tag. False: replay, or wrong tag.
bool evp_srtp_seal(struct evp_srtp *s, uint8_t *pkt, size_t *n);
bool evp_srtp_open(struct evp_srtp *s, uint8_t *pkt, size_t *n);
