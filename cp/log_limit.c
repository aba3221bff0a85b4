// SPDX-License-Identifier: BSD-3-Clause
#include "cp/log_limit.h"

#include <string.h>

#define WAYS 8 // places that a source can have

// A line is about 300 octets.
static const struct limit {
	uint32_t rate_per_s, burst;
} event_limits[] = {
	[LIMIT_OWN] = {10, 20},
	[LIMIT_STRANGER] = {50, 100},
	[LIMIT_CALL] = {1000, 4000}, // more calls than that a second no machine has
};
static const struct limit source_limit = {1, 10};

static bool slot_take(
	struct log_limits *l, struct log_slot *s, const struct limit *limit, uint64_t now_ns)
{
	struct bucket_rate rate = bucket_rate(limit->rate_per_s, limit->burst);

	if (bucket_take(&s->bucket, &rate, now_ns))
		return true;
	if (s->suppressed++ == 0) {
		s->since_ns = now_ns;
		l->waiting++;
	}
	return false;
}

static uint64_t slot_told(struct log_limits *l, struct log_slot *s)
{
	uint64_t n = s->suppressed;

	s->suppressed = 0;
	l->waiting -= n > 0;
	return n;
}

// The line of a source that makes room is not forgotten: it becomes one of the event.
static void give_up(struct log_limits *l, struct log_source *s)
{
	struct log_slot *to = &l->events[s->event];
	uint64_t since_ns = s->slot.since_ns, n = slot_told(l, &s->slot);

	if (n > 0 && to->suppressed == 0) {
		to->since_ns = since_ns;
		l->waiting++;
	}
	to->suppressed += n;
}

static struct log_source *source_of(
	struct log_limits *l, enum event_id id, const struct ip_addr *ip, uint64_t now_ns)
{
	uint32_t hash = 2166136261u ^ (uint32_t)id;
	struct log_source *set, *oldest;

	for (size_t i = 0; i < sizeof(ip->b); i++)
		hash = (hash ^ ip->b[i]) * 16777619u;
	hash ^= hash >> 16;
	set = oldest = &l->sources[hash % (LOG_SOURCES / WAYS) * WAYS];
	for (int i = 0; i < WAYS; i++) {
		if (set[i].event == id && ip_eq(&set[i].ip, ip)) {
			set[i].seen_ns = now_ns;
			return &set[i];
		}
		if (set[i].seen_ns < oldest->seen_ns)
			oldest = &set[i];
	}
	give_up(l, oldest);
	*oldest = (struct log_source){.event = id, .ip = *ip, .seen_ns = now_ns};
	return oldest;
}

bool log_limit_take(struct log_limits *l, enum event_id id, const struct ip_addr *from,
	uint64_t now_ns, uint64_t *suppressed)
{
	const enum event_limit limit = event_info(id)->limit;
	struct log_slot *event = &l->events[id], *mine = event;

	if (limit == LIMIT_STRANGER && from != NULL) {
		mine = &source_of(l, id, from, now_ns)->slot;
		if (!slot_take(l, mine, &source_limit, now_ns))
			return false;
	}
	if (!slot_take(l, event, &event_limits[limit], now_ns))
		return false;
	*suppressed = slot_told(l, mine);
	return true;
}

static bool is_due(const struct log_slot *s, uint64_t now_ns)
{
	return s->suppressed > 0 && now_ns >= s->since_ns + LOG_TELL_AFTER;
}

bool log_limit_next(struct log_limits *l, uint64_t now_ns, struct log_suppressed *out)
{
	if (l->waiting == 0)
		return false;
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < EVT_MAX; i++) {
		if (!is_due(&l->events[i], now_ns))
			continue;
		out->event = (enum event_id)i;
		out->count = slot_told(l, &l->events[i]);
		return true;
	}
	for (size_t i = 0; i < LOG_SOURCES; i++) {
		struct log_source *s = &l->sources[i];

		if (!is_due(&s->slot, now_ns))
			continue;
		*out = (struct log_suppressed){s->event, s->ip, slot_told(l, &s->slot)};
		return true;
	}
	return false;
}
