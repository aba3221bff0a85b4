// SPDX-License-Identifier: BSD-3-Clause
// Which payload types a media line lists, and which of them are of its kind; see lib/sdp.h.
#include "lib/sdp.h"

enum kind { KIND_UNKNOWN, KIND_AUDIO, KIND_VIDEO };

// Names by their beginning: H263-1998 is H263. What is used on lines of both kinds (red, rtx) is
// not here.
static const struct {
	struct str name;
	enum kind kind;
} names[] = {
#define N(text, k)                                                                                 \
	{                                                                                          \
		{text, sizeof(text) - 1}, KIND_##k                                                 \
	}
	N("PCM", AUDIO),
	N("G7", AUDIO),
	N("GSM", AUDIO),
	N("iLBC", AUDIO),
	N("opus", AUDIO),
	N("speex", AUDIO),
	N("SILK", AUDIO),
	N("AMR", AUDIO),
	N("EVS", AUDIO),
	N("L16", AUDIO),
	N("DVI4", AUDIO),
	N("LPC", AUDIO),
	N("QCELP", AUDIO),
	N("MPA", AUDIO),
	N("MP4A", AUDIO),
	N("mpeg4-generic", AUDIO),
	N("CN", AUDIO),
	N("telephone-event", AUDIO),
	N("H26", VIDEO),
	N("VP8", VIDEO),
	N("VP9", VIDEO),
	N("AV1", VIDEO),
	N("JPEG", VIDEO),
	N("MPV", VIDEO),
	N("MP4V", VIDEO),
	N("CelB", VIDEO),
	N("nv", VIDEO),
	N("theora", VIDEO),
#undef N
};

static enum kind kind_of_name(struct str name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_has_caseprefix(name, names[i].name))
			return names[i].kind;
	return KIND_UNKNOWN;
}

// RFC 3551 6. 33, MP2T, is of both kinds.
static enum kind kind_of_static(unsigned int pt)
{
	static const uint64_t audio = 0x7ffff, // 0 to 18
		video = 1ull << 25 | 1ull << 26 | 1ull << 28 | 1ull << 31 | 1ull << 32 | 1ull << 34;

	if (pt >= 64)
		return KIND_UNKNOWN;
	return audio >> pt & 1 ? KIND_AUDIO : video >> pt & 1 ? KIND_VIDEO : KIND_UNKNOWN;
}

// "9 G722/8000": the payload type (or SDP_PT_END) and the name.
static unsigned int rtpmap(struct str value, struct str *name)
{
	struct str number, rest = str_split(value, ' ', &number);

	str_split(str_trim(rest), '/', name);
	return sdp_format_pt(number);
}

static void drop_other_kind(const struct sdp_media *m, uint64_t pts[2])
{
	enum kind other = m->type == SDP_AUDIO ? KIND_VIDEO : KIND_AUDIO;
	struct str rest = m->section, value, name;
	enum kind kind[SDP_PT_END];

	for (unsigned int pt = 0; pt < SDP_PT_END; pt++)
		kind[pt] = kind_of_static(pt);
	while (sdp_attr_find(&rest, STR_LIT("rtpmap"), &value)) {
		unsigned int pt = rtpmap(value, &name);

		if (pt < SDP_PT_END)
			kind[pt] = kind_of_name(name);
	}
	for (unsigned int pt = 0; pt < SDP_PT_END; pt++)
		if (kind[pt] == other)
			pts[pt / 64] &= ~(1ull << (pt % 64));
}

void sdp_media_pts(const struct sdp_media *m, bool of_type, uint64_t pts[2])
{
	struct str rest = m->formats, format;

	pts[0] = pts[1] = 0;
	while (sdp_format_next(&rest, &format)) {
		unsigned int pt = sdp_format_pt(format);

		if (pt < SDP_PT_END)
			pts[pt / 64] |= 1ull << (pt % 64);
	}
	if (of_type && (m->type == SDP_AUDIO || m->type == SDP_VIDEO))
		drop_other_kind(m, pts);
}

unsigned int sdp_media_event_pt(const struct sdp_media *m)
{
	struct str rest = m->section, value, name;

	while (sdp_attr_find(&rest, STR_LIT("rtpmap"), &value)) {
		unsigned int pt = rtpmap(value, &name);

		if (str_caseeq(name, STR_LIT("telephone-event")))
			return pt;
	}
	return SDP_PT_END;
}
