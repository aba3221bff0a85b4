// SPDX-License-Identifier: BSD-3-Clause
// How a call sounds: the E-model of ITU-T G.107 (narrowband) and G.107.1 (wideband), of what the
// network does to it alone; levels, noise and echo are at the models' defaults. For planners and
// operators, and for comparing calls of one codec: G.107 itself warns of taking it for the opinion
// of the people in one call. Pure; not for workers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/rma.h"
#include "lib/str.h"

// What a codec costs, and how it bears loss (Ie, Bpl). `estimated`: not a figure of ITU-T G.113.
struct voice_codec {
	const char *encoding; // as in a=rtpmap
	const char *name;
	bool wideband;
	bool estimated;
	uint8_t ie;
	uint16_t bpl_x10;
	uint8_t look_ahead_ms;
};

// By the encoding name of its a=rtpmap, in any case; NULL: no speech, or not known. What a name
// leaves open is taken as usual: G.711 with concealment, AMR at 12.2 kbit/s, AMR-WB at 12.65.
const struct voice_codec *voice_codec_find(struct str encoding);

// G.711 at a receiver that fills what is missing with silence.
extern const struct voice_codec voice_codec_g711_no_plc;

struct voice_path {
	uint32_t loss_pct_x100;    // lost and late
	uint32_t burst_ratio_x100; // struct rma_bursts
	uint32_t delay_ms;         // one way, of the network and the playout; 0: not known
	uint8_t ptime_ms;
};

// As the monitoring of a stream found it: in all of it, or in its last 8 s, whose bursts are taken to
// be like those of the whole.
struct voice_path voice_path_whole(const struct rma_counters *c, uint32_t delay_ms);
struct voice_path voice_path_recent(const struct rma_counters *c, uint32_t delay_ms);

// R from 0 to 100 and the MOS that follows from it, 100 to 450: each on the scale of the codec's
// band (MOS-CQEN, MOS-CQEW of P.800.1), so that 4.4 of a narrowband call is not the 4.4 of a
// wideband one.
struct voice_quality {
	uint16_t r_x100;
	uint16_t mos_x100;
};

struct voice_quality voice_quality(const struct voice_codec *c, const struct voice_path *p);
