// SPDX-License-Identifier: BSD-3-Clause
#include "cp/debug.h"

#include <stdlib.h>
#include <sys/queue.h>

struct debug_reader {
	LIST_ENTRY(debug_reader) all;
	struct debug_want want;
	uint64_t lost; // and not told yet
};

uint32_t debug_wanted[DEBUG_LEVELS];

static LIST_HEAD(, debug_reader) readers = LIST_HEAD_INITIALIZER(readers);
static unsigned int n_readers;

static const char *const words[DEBUG_TOPICS] = {
#define DEBUG_TOPIC(name, word, what) [DEBUG_##name] = word,
#include "cp/debug.def"
#undef DEBUG_TOPIC
};

const char *debug_topic_word(enum debug_topic t)
{
	return words[t];
}

// ---- Lines --------------------------------------------------------------------------------------

// Gives a line to one reader. False: it has no room.
static bool put(const struct debug_reader *r, const struct event_info *event,
	const struct log_field *fields, size_t n)
{
	const struct log_options *o = log_opened();
	struct log_style style = o->style;
	char buf[LOG_LINE_MAX];

	style.json = r->want.json;
	n = log_line_write(&style, event, o->wall_ns(), fields, n, buf, sizeof(buf));
	return r->want.take(r->want.arg, buf, n);
}

static void tell(enum debug_topic t, enum debug_level l, const struct event_info *event,
	const struct log_field *fields, size_t n)
{
	struct log_field all[LOG_FIELDS_MAX + 1] = {log_text("debug", words[t])};
	struct debug_reader *r;

	if (n > LOG_FIELDS_MAX)
		n = LOG_FIELDS_MAX;
	memcpy(all + 1, fields, n * sizeof(*all));
	LIST_FOREACH (r, &readers, all) {
		if (!(r->want.topics[l] >> t & 1))
			continue;
		if (r->lost > 0 || !put(r, event, all, n + 1))
			r->lost++;
	}
}

static struct event_info trace(const char *text)
{
	struct event_info e = *event_info(EVT_DEBUG_TRACE);

	e.meaning = text;
	return e;
}

void debug_write(enum debug_topic t, enum debug_level l, const char *text,
	const struct log_field *fields, size_t n)
{
	const struct event_info event = trace(text);

	tell(t, l, &event, fields, n);
}

// ---- Events of the log --------------------------------------------------------------------------

// DEBUG_TOPICS: of none.
static enum debug_topic topic_of(enum event_id id)
{
	switch (id) {
	case EVT_TICKET_NONE:
	case EVT_TICKET_INVALID:
	case EVT_NO_DIALOG:
	case EVT_ROUTE_INVALID:
	case EVT_NO_SRTP:
	case EVT_CALL_ENDED:
	case EVT_TICKET_PASSWORD:
	case EVT_PEER_RETIRED:
	case EVT_TLS_UP:
	case EVT_CONN_FAILED:
	case EVT_UCM_CLOSED:
	case EVT_NOT_SIP:
	case EVT_CONN_LIMIT:
	case EVT_CONN_NOT_OURS:
	case EVT_ACCEPT_FAILED:
	case EVT_TICKET_UNCHECKED:
	case EVT_UCM_DOWN:
	case EVT_UCM_UP:
	case EVT_CALLER_REFUSED:
	case EVT_TRUNK_EVICTED:
	case EVT_CALL_ANSWERED:
	case EVT_CALLER_CHECKED:
	case EVT_CALLER_UNVERIFIED:
	case EVT_TLS_SESSIONS_FULL:
	case EVT_SIP_REFUSED:
	case EVT_SIP_LOGGED:
		return DEBUG_SIGNALING_TRUNK;
	case EVT_MAPPING_FAILED:
	case EVT_MAPPING_CREATED:
		return DEBUG_MAPPING_SERVICE;
	case EVT_KEY_LOW:
	case EVT_KEY_USED_UP:
	case EVT_ONE_WAY:
	case EVT_ONE_WAY_OVER:
	case EVT_MEDIA_PREALLOCATED:
		return DEBUG_MEDIA;
	case EVT_FALLBACK_SENT:
	case EVT_FALLBACK_ANSWERED:
	case EVT_FALLBACK_FAILED:
		return DEBUG_NOTIFY;
	case EVT_QUALITY_BAD:
	case EVT_QUALITY_GOOD:
		return DEBUG_RMA;
	case EVT_TICKET_GRACE_OVER:
		return DEBUG_TIMERS;
	default:
		return DEBUG_TOPICS;
	}
}

void debug_log(enum event_id id, const struct log_field *fields, size_t n)
{
	const struct event_info *e = event_info(id);
	enum debug_level l = e->severity <= 4 ? DEBUG_ERRORS : DEBUG_EVENTS;
	enum debug_topic t;

	if (debug_wanted[l] == 0)
		return;
	t = topic_of(id);
	if (t != DEBUG_TOPICS && debug_is_wanted(t, l))
		tell(t, l, e, fields, n);
}

// ---- Readers ------------------------------------------------------------------------------------

static void count_wanted(void)
{
	struct debug_reader *r;

	for (int l = 0; l < DEBUG_LEVELS; l++) {
		debug_wanted[l] = 0;
		LIST_FOREACH (r, &readers, all)
			debug_wanted[l] |= r->want.topics[l];
	}
}

struct debug_reader *debug_open(const struct debug_want *want)
{
	struct debug_reader *r = n_readers < DEBUG_READERS_MAX ? calloc(1, sizeof(*r)) : NULL;

	if (r == NULL)
		return NULL;
	r->want = *want;
	LIST_INSERT_HEAD(&readers, r, all);
	n_readers++;
	count_wanted();
	return r;
}

void debug_close(struct debug_reader *r)
{
	if (r == NULL)
		return;
	LIST_REMOVE(r, all);
	n_readers--;
	count_wanted();
	free(r);
}

void debug_drained(struct debug_reader *r)
{
	const struct event_info event = trace("lines were lost, for their reader was too slow");

	if (r->lost > 0 && put(r, &event, LOG_FIELDS(log_u64("count", r->lost))))
		r->lost = 0;
}
