// SPDX-License-Identifier: BSD-3-Clause
#include "cp/log_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define TAIL_MAX 16 // ,"cut":true}\n

struct line {
	char *p;
	size_t n, size; // `size` leaves room for the end
	bool json;
	bool over; // what was put last did not fit
};

static void put(struct line *l, const char *p, size_t n)
{
	if (n > l->size - l->n) {
		l->over = true;
		return;
	}
	memcpy(l->p + l->n, p, n);
	l->n += n;
}

static void put_text(struct line *l, const char *z)
{
	put(l, z, strlen(z));
}

__attribute__((format(printf, 2, 3))) static void put_fmt(struct line *l, const char *fmt, ...)
{
	char buf[64];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	put(l, buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1);
}

// ---- Values -------------------------------------------------------------------------------------

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

// Of text: what no quotes are needed for.
static bool is_bare(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_plain(s.p[i]) || s.p[i] == ' ' || s.p[i] == '=')
			return false;
	return s.n > 0 && s.n <= LOG_VALUE_MAX;
}

static void put_escaped(struct line *l, struct str s)
{
	size_t written = 0;

	for (size_t i = 0; i < s.n; i++) {
		size_t n = is_plain(s.p[i]) ? 1 : l->json ? 6 : 4;

		if (written + n > LOG_VALUE_MAX) {
			put_text(l, "...");
			return;
		}
		written += n;
		if (n == 1)
			put(l, &s.p[i], 1);
		else
			put_fmt(l, l->json ? "\\u%04x" : "\\x%02x", (unsigned char)s.p[i]);
	}
}

static void put_str(struct line *l, struct str s)
{
	bool quoted = l->json || !is_bare(s);

	if (quoted)
		put_text(l, "\"");
	put_escaped(l, s);
	if (quoted)
		put_text(l, "\"");
}

static void put_value(struct line *l, const struct log_field *f)
{
	char text[ENDPOINT_TEXT_MAX];

	switch (f->kind) {
	case LOG_SKIP:
		break;
	case LOG_STR:
		put_str(l, f->str);
		break;
	case LOG_U64:
		put_fmt(l, "%" PRIu64, f->u64);
		break;
	case LOG_BOOL:
		put_text(l, f->yes ? "true" : "false");
		break;
	case LOG_IP:
		put_str(l, str_from(ip_format(f->ip, text)));
		break;
	case LOG_ENDPOINT:
		put_str(l, str_from(endpoint_format(f->endpoint, ':', text)));
		break;
	}
}

// False when it does not fit; then the line is as before.
static bool put_field(struct line *l, const struct log_field *f, const char *before)
{
	size_t n = l->n;

	if (f->kind == LOG_SKIP)
		return true;
	l->over = false;
	put_text(l, before);
	put_text(l, l->json ? "\"" : "");
	put_text(l, f->key);
	put_text(l, l->json ? "\":" : "=");
	put_value(l, f);
	if (l->over)
		l->n = n;
	return !l->over;
}

// ---- Lines --------------------------------------------------------------------------------------

static void put_time(struct line *l, int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / 1000000000);
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	put(l, text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm));
	put_fmt(l, ".%03uZ", (unsigned int)(wall_ns % 1000000000 / 1000000));
}

static void put_head_text(struct line *l, const struct log_style *style,
	const struct event_info *event, int64_t wall_ns)
{
	put_time(l, wall_ns);
	put_text(l, " ");
	put_text(l, style->host);
	put_fmt(l, " %%%s-%u-%u: ", style->asa ? "ASA" : "UCIME", event->severity, event->number);
	put_text(l, event->meaning);
}

static void put_head_json(struct line *l, const struct log_style *style,
	const struct event_info *event, int64_t wall_ns)
{
	const struct log_field head[] = {
		log_text("host", style->host),
		log_u64("number", event->number),
		log_u64("severity", event->severity),
		log_text("name", event->name),
		log_text("text", event->meaning),
	};

	put_text(l, "{\"time\":\"");
	put_time(l, wall_ns);
	put_text(l, "\"");
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		put_field(l, &head[i], ",");
}

size_t log_line_write(const struct log_style *style, const struct event_info *event,
	int64_t wall_ns, const struct log_field *fields, size_t n, char *buf, size_t size)
{
	struct line l = {.p = buf, .size = size - TAIL_MAX, .json = style->json};
	const char *before = style->json ? "," : "; "; // of the first field
	const struct log_field cut_mark = log_bool("cut", true);
	bool cut = false;

	if (style->json)
		put_head_json(&l, style, event, wall_ns);
	else
		put_head_text(&l, style, event, wall_ns);
	for (size_t i = 0; i < n; i++) {
		cut |= !put_field(&l, &fields[i], before);
		if (!style->json && fields[i].kind != LOG_SKIP && !l.over)
			before = " ";
	}
	l.size = size;
	if (cut)
		put_field(&l, &cut_mark, before);
	put_text(&l, style->json ? "}\n" : "\n");
	return l.n;
}
