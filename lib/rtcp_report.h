// SPDX-License-Identifier: BSD-3-Clause
// What a party's RTCP says of the stream that it hears (RFC 3550 6.4, RFC 3611 4.7). Pure; a worker
// asks, a few times a minute and call.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTCP_XR_UNKNOWN 127 // of a factor or a MOS

// The last report block, and the last VoIP metrics.
struct rtcp_report {
	bool sent;             // it sends too, and said so (SR)
	bool heard;            // it has a report block
	bool metrics;          // it has VoIP metrics
	uint32_t sr_mid;       // middle 32 bits of the SR's NTP time
	uint8_t fraction_lost; // since its report before, in 1/256
	int32_t lost;          // since the stream began
	uint32_t jitter;       // RTP clock
	uint32_t lsr,
		dlsr; // sr_mid of the SR that it heard last, 0: none; since then, in 1/65536 s
	// In 1/256: lost and discarded since the stream began; 0 to 100: R; 10 to 50: MOS x10.
	uint8_t loss_rate, discard_rate, r_factor, mos_lq_x10, mos_cq_x10;
};

// Reads `n` octets for which rtcp_ok() holds.
void rtcp_report_read(const uint8_t *p, size_t n, struct rtcp_report *out);

// How long it takes from us to the reporter and back, in us, when its report came `since_ns` after
// the SR that it names had passed us. 0: it says that it kept that for longer.
uint32_t rtcp_round_trip_us(const struct rtcp_report *r, uint64_t since_ns);
