// SPDX-License-Identifier: BSD-3-Clause
// See path.h.
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/impair/line.h"
#include "tools/impair/model.h"
#include "tools/impair/path.h"

#define BURST 64 // packets read before what is due has its turn

struct counters {
	uint64_t arrived, passed, lost, bursts, longest_burst, duplicated, reordered;
	uint64_t full, sent, not_sent;
	uint64_t delay_sum_ns, delay_min_ns, delay_max_ns;
};

struct path {
	int fd;
	struct line *line;
	struct model model;
	struct counters counters;
	uint64_t burst; // packets lost since the last that was not
	uint32_t number, seed;
	struct dials_request next; // dials that wait for their time
	uint64_t next_at_ns;       // UINT64_MAX: none wait
};

static int tun_open(const char *ifname)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int path_open(struct path **out, const char *ifname, uint32_t number)
{
	struct path *p = calloc(1, sizeof(*p));
	int err;

	if (p == NULL)
		return -ENOMEM;
	p->number = number;
	p->next_at_ns = UINT64_MAX;
	p->counters.delay_min_ns = UINT64_MAX;
	err = p->fd = tun_open(ifname);
	if (err >= 0)
		err = line_new(&p->line);
	if (err < 0) {
		path_close(p);
		return err;
	}
	*out = p;
	return 0;
}

void path_close(struct path *p)
{
	if (p == NULL)
		return;
	if (p->fd >= 0)
		close(p->fd);
	line_free(p->line);
	free(p);
}

int path_fd(const struct path *p)
{
	return p->fd;
}

void path_set(struct path *p, const struct dials_request *r, uint64_t now_ns)
{
	p->next = *r;
	p->next_at_ns = now_ns + r->from_ns;
}

static void next_begin(struct path *p, uint64_t now_ns)
{
	if (now_ns < p->next_at_ns)
		return;
	p->next_at_ns = UINT64_MAX;
	p->seed = p->next.seed;
	model_set(&p->model, &p->next.dials, (uint64_t)p->number << 32 | p->seed);
	p->counters = (struct counters){.delay_min_ns = UINT64_MAX};
	p->burst = 0;
}

// ---- Packets ------------------------------------------------------------------------------------

static void write_out(struct path *p, const void *data, size_t len)
{
	if (write(p->fd, data, len) == (ssize_t)len)
		p->counters.sent++;
	else
		p->counters.not_sent++;
}

static bool is_udp(const uint8_t *ip, size_t len)
{
	return len >= 20 && ip[0] >> 4 == 4 && ip[9] == IPPROTO_UDP;
}

static void put(struct path *p, const void *data, size_t len, uint64_t now_ns, uint64_t due_ns)
{
	if (line_put(p->line, data, len, now_ns, due_ns) < 0)
		p->counters.full++;
}

static void packet(struct path *p, const uint8_t *data, size_t len, uint64_t now_ns)
{
	struct counters *c = &p->counters;
	struct model_fate f;

	next_begin(p, now_ns);
	if (p->model.dials.only_udp && !is_udp(data, len)) {
		c->passed++;
		write_out(p, data, len);
		return;
	}
	c->arrived++;
	f = model_next(&p->model, now_ns);
	if (f.lost) {
		c->lost++;
		c->bursts += p->burst++ == 0;
		if (p->burst > c->longest_burst)
			c->longest_burst = p->burst;
		return;
	}
	p->burst = 0;
	c->reordered += f.reordered;
	c->duplicated += f.duplicate;
	put(p, data, len, now_ns, f.due_ns);
	if (f.duplicate)
		put(p, data, len, now_ns, f.due_ns);
}

bool path_receive(struct path *p, uint64_t now_ns)
{
	uint8_t data[LINE_OCTETS_MAX];
	ssize_t n = 0;
	int i;

	for (i = 0; i < BURST && (n = read(p->fd, data, sizeof(data))) > 0; i++)
		packet(p, data, (size_t)n, now_ns);
	return i > 0;
}

void path_send(struct path *p, uint64_t now_ns)
{
	struct counters *c = &p->counters;
	struct line_packet *k;

	while ((k = line_take(p->line, now_ns)) != NULL) {
		uint64_t took_ns = now_ns - k->came_ns;

		write_out(p, k->data, k->len);
		c->delay_sum_ns += took_ns;
		if (took_ns < c->delay_min_ns)
			c->delay_min_ns = took_ns;
		if (took_ns > c->delay_max_ns)
			c->delay_max_ns = took_ns;
		free(k);
	}
}

uint64_t path_due_ns(const struct path *p)
{
	return line_due_ns(p->line);
}

// ---- Telling ------------------------------------------------------------------------------------

static bool dials_json(cJSON *j, const struct dials *d, uint32_t seed)
{
	return cJSON_AddNumberToObject(j, "loss", d->loss) != NULL &&
		cJSON_AddNumberToObject(j, "burst", d->burst) != NULL &&
		cJSON_AddNumberToObject(j, "delay-ms", (double)d->delay_ns / 1e6) != NULL &&
		cJSON_AddNumberToObject(j, "jitter-ms", (double)d->jitter_ns / 1e6) != NULL &&
		cJSON_AddNumberToObject(j, "reorder", d->reorder) != NULL &&
		cJSON_AddNumberToObject(j, "reorder-by-ms", (double)d->reorder_by_ns / 1e6) !=
		NULL &&
		cJSON_AddNumberToObject(j, "duplicate", d->duplicate) != NULL &&
		cJSON_AddStringToObject(j, "only", d->only_udp ? "udp" : "all") != NULL &&
		cJSON_AddNumberToObject(j, "seed", seed) != NULL;
}

static bool counters_json(cJSON *j, const struct counters *c, size_t waiting)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"arrived", c->arrived},
		{"passed-by", c->passed},
		{"lost", c->lost},
		{"loss-bursts", c->bursts},
		{"longest-burst", c->longest_burst},
		{"duplicated", c->duplicated},
		{"reordered", c->reordered},
		{"line-full", c->full},
		{"sent", c->sent},
		{"not-sent", c->not_sent},
		{"on-their-way", waiting},
	};
	uint64_t late = c->sent + c->not_sent - c->passed; // those that have been on the line

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (cJSON_AddNumberToObject(j, rows[i].name, (double)rows[i].value) == NULL)
			return false;
	return late == 0 ||
		(cJSON_AddNumberToObject(j, "mean-delay-ms",
			 (double)c->delay_sum_ns / (double)late / 1e6) != NULL &&
			cJSON_AddNumberToObject(
				j, "least-delay-ms", (double)c->delay_min_ns / 1e6) != NULL &&
			cJSON_AddNumberToObject(
				j, "most-delay-ms", (double)c->delay_max_ns / 1e6) != NULL);
}

cJSON *path_json(struct path *p, uint64_t now_ns)
{
	cJSON *j = cJSON_CreateObject(), *dials, *counters;

	next_begin(p, now_ns);
	dials = cJSON_AddObjectToObject(j, "dials");
	counters = cJSON_AddObjectToObject(j, "counters");
	if (dials == NULL || counters == NULL || !dials_json(dials, &p->model.dials, p->seed) ||
		!counters_json(counters, &p->counters, line_count(p->line)) ||
		(p->next_at_ns != UINT64_MAX &&
			cJSON_AddNumberToObject(j, "changes-in-s",
				(double)(p->next_at_ns - now_ns) / 1e9) == NULL)) {
		cJSON_Delete(j);
		return NULL;
	}
	return j;
}
