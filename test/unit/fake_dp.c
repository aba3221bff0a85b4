// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/fake_dp.h"

#include <errno.h>
#include <string.h>

struct dp_msg fake_dp_sent[FAKE_DP_MSGS];
size_t fake_dp_n_sent;
int fake_dp_send_error;
struct dp_media_stats fake_dp_stats[FAKE_DP_STREAMS];

struct rma_counters fake_dp_quality[FAKE_DP_STREAMS];

static bool up[FAKE_DP_STREAMS];

void fake_dp_reset(void)
{
	fake_dp_n_sent = 0;
	fake_dp_send_error = 0;
	memset(fake_dp_stats, 0, sizeof(fake_dp_stats));
	memset(fake_dp_quality, 0, sizeof(fake_dp_quality));
	memset(up, 0, sizeof(up));
}

const struct dp_msg *fake_dp_last(enum dp_msg_type type, int stream)
{
	for (size_t i = fake_dp_n_sent; i-- > 0;) {
		const struct dp_msg *m = &fake_dp_sent[i];

		if (m->type == type && (stream < 0 || m->media.stream == (uint32_t)stream))
			return m;
	}
	return NULL;
}

size_t fake_dp_count(enum dp_msg_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_dp_n_sent; i++)
		n += fake_dp_sent[i].type == type;
	return n;
}

int dp_send(const struct dp_msg *m)
{
	bool media = m->type == DP_MSG_MEDIA_SET || m->type == DP_MSG_MEDIA_DEL;

	if (fake_dp_send_error != 0)
		return fake_dp_send_error;
	if (media && m->media.stream >= FAKE_DP_STREAMS)
		return -EINVAL;
	if (fake_dp_n_sent < FAKE_DP_MSGS)
		fake_dp_sent[fake_dp_n_sent++] = *m;
	if (media)
		up[m->media.stream] = m->type == DP_MSG_MEDIA_SET;
	return 0;
}

int dp_media_quality(uint32_t stream, struct rma_counters *out)
{
	const struct dp_msg *m = fake_dp_last(DP_MSG_MEDIA_SET, (int)stream);

	if (stream >= FAKE_DP_STREAMS || !up[stream] || m == NULL || !m->media.monitor.on)
		return -ENOENT;
	*out = fake_dp_quality[stream];
	return 0;
}

int dp_media_stats(uint32_t stream, struct dp_media_stats *out)
{
	if (stream >= FAKE_DP_STREAMS || !up[stream])
		return -ENOENT;
	*out = fake_dp_stats[stream];
	return 0;
}
