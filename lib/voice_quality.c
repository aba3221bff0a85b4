// SPDX-License-Identifier: BSD-3-Clause
// See lib/voice_quality.h. Formulas by their numbers in ITU-T G.107 (06/2015); the wideband model
// differs in the height of its scale alone (G.107.1 7.1: 129).
#include "lib/voice_quality.h"

#include <math.h>

#define RO_NARROW  93.2 // Ro - Is with every other input at its default (G.107 table 3)
#define RO_WIDE    129.0
#define WIDE_SCALE 1.29 // of G.107.1's R to that of the MOS formula
#define DELAY_MIN  100  // ms; what is less is not noticed (mT of table 3)
#define IE_EFF_MAX 95.0

// Ie: G.113 (11/2007) table I.1; wideband: table IV.1 of its amendment 1 (03/2009). Bpl: table I.4,
// which has G.711, G.723.1, G.729 and GSM-EFR alone; AMR at 12.2 kbit/s is GSM-EFR. All others are
// ours, after codecs of their kind: frames that lean on each other bear loss as GSM-EFR's do, those
// of iLBC stand alone, and Opus conceals well.
static const struct voice_codec codecs[] = {
	{.encoding = "PCMU", .name = "G.711 u-law", .ie = 0, .bpl_x10 = 251},
	{.encoding = "PCMA", .name = "G.711 A-law", .ie = 0, .bpl_x10 = 251},
	{.encoding = "G729", .name = "G.729A", .ie = 11, .bpl_x10 = 190, .look_ahead_ms = 5},
	{.encoding = "G723", .name = "G.723.1", .ie = 15, .bpl_x10 = 161, .look_ahead_ms = 8},
	{.encoding = "GSM-EFR", .name = "GSM-EFR", .ie = 5, .bpl_x10 = 100},
	{.encoding = "AMR", .name = "AMR", .ie = 5, .bpl_x10 = 100, .look_ahead_ms = 5},
	{.encoding = "GSM", .name = "GSM-FR", .estimated = true, .ie = 20, .bpl_x10 = 100},
	{.encoding = "G728", .name = "G.728", .estimated = true, .ie = 7, .bpl_x10 = 100},
	{.encoding = "G726-40", .name = "G.726", .estimated = true, .ie = 2, .bpl_x10 = 100},
	{.encoding = "G726-32", .name = "G.726", .estimated = true, .ie = 7, .bpl_x10 = 100},
	{.encoding = "G726-24", .name = "G.726", .estimated = true, .ie = 25, .bpl_x10 = 100},
	{.encoding = "G726-16", .name = "G.726", .estimated = true, .ie = 50, .bpl_x10 = 100},
	{.encoding = "iLBC", .name = "iLBC", .estimated = true, .ie = 11, .bpl_x10 = 320},
	{.encoding = "G722",
		.name = "G.722",
		.wideband = true,
		.estimated = true,
		.ie = 13,
		.bpl_x10 = 100,
		.look_ahead_ms = 2},
	{.encoding = "AMR-WB",
		.name = "AMR-WB (G.722.2)",
		.wideband = true,
		.estimated = true,
		.ie = 13,
		.bpl_x10 = 100,
		.look_ahead_ms = 5},
	{.encoding = "opus",
		.name = "Opus",
		.wideband = true,
		.estimated = true,
		.ie = 5,
		.bpl_x10 = 200,
		.look_ahead_ms = 7},
};

const struct voice_codec voice_codec_g711_no_plc = {
	.encoding = "PCMU", .name = "G.711 without concealment", .ie = 0, .bpl_x10 = 43};

const struct voice_codec *voice_codec_find(struct str encoding)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (str_caseeq(encoding, str_from(codecs[i].encoding)))
			return &codecs[i];
	return NULL;
}

struct voice_path voice_path_whole(const struct rma_counters *c, uint32_t delay_ms)
{
	struct rma_bursts b;

	rma_bursts(c, &b);
	return (struct voice_path){
		.loss_pct_x100 = b.loss_pct_x100 + b.discard_pct_x100,
		.burst_ratio_x100 = b.burst_ratio_x100,
		.delay_ms = delay_ms,
		.ptime_ms = c->ptime_ms,
	};
}

struct voice_path voice_path_recent(const struct rma_counters *c, uint32_t delay_ms)
{
	struct voice_path p = voice_path_whole(c, delay_ms);

	p.loss_pct_x100 = c->rblr_pct_x100;
	return p;
}

// Idd, (7-27) and (7-28): what even a line without echo suffers from waiting for each other.
static double delay_impairment(double ta_ms)
{
	double x = log2(ta_ms / DELAY_MIN);

	if (ta_ms <= DELAY_MIN)
		return 0;
	return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

// Ie-eff, (7-29).
static double loss_impairment(const struct voice_codec *c, const struct voice_path *p)
{
	double ppl = (p->loss_pct_x100 < 10000 ? p->loss_pct_x100 : 10000) / 100.0;
	double burst_r = p->burst_ratio_x100 > 100 ? p->burst_ratio_x100 / 100.0 : 1;
	double ie = c->ie + (95 - c->ie) * ppl / (ppl / burst_r + c->bpl_x10 / 10.0);

	return ie < IE_EFF_MAX ? ie : IE_EFF_MAX;
}

// Annex B, (B-4). Below R = 6.5 the curve would rise again.
static double mos(double r)
{
	double m = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;

	return r <= 0 || m < 1 ? 1 : r >= 100 ? 4.5 : m;
}

struct voice_quality voice_quality(const struct voice_codec *c, const struct voice_path *p)
{
	double r = (c->wideband ? RO_WIDE : RO_NARROW) - loss_impairment(c, p);

	if (p->delay_ms > 0)
		r -= delay_impairment((double)p->delay_ms + p->ptime_ms + c->look_ahead_ms);
	if (c->wideband)
		r /= WIDE_SCALE;
	r = r < 0 ? 0 : r;
	return (struct voice_quality){
		.r_x100 = (uint16_t)(r * 100 + 0.5),
		.mos_x100 = (uint16_t)(mos(r) * 100 + 0.5),
	};
}
