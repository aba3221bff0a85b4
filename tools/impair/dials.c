// SPDX-License-Identifier: BSD-3-Clause
// See dials.h.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/impair/dials.h"

#define WORDS_MAX 512

struct key {
	const char *name, *expected;
	bool (*read)(struct dials_request *r, size_t at, const char *value);
	size_t at; // of what `read` sets
};

// Digits and perhaps a fraction, as a person writes them; *rest is what follows. strtod() alone
// would also take signs, hexadecimal, exponents, "inf" and "nan".
static bool number_read(const char *s, double *out, const char **rest)
{
	size_t whole = strspn(s, "0123456789");
	size_t n = whole;

	if (s[n] == '.')
		n += 1 + strspn(s + n + 1, "0123456789");
	if (whole == 0 || s[n - 1] == '.')
		return false;
	*out = strtod(s, NULL);
	*rest = s + n;
	return *rest[0] != 'e' && *rest[0] != 'E';
}

static bool share_read(struct dials_request *r, size_t at, const char *value)
{
	double *out = (double *)((char *)r + at);
	const char *rest;

	if (!number_read(value, out, &rest) || strcmp(rest, "%") != 0 || *out > 100)
		return false;
	*out /= 100;
	return true;
}

static bool burst_read(struct dials_request *r, size_t at, const char *value)
{
	double *out = (double *)((char *)r + at);
	const char *rest;

	return number_read(value, out, &rest) && rest[0] == '\0' && *out >= 1 &&
		*out <= DIALS_BURST_MAX;
}

static bool time_read(uint64_t *out, const char *value, uint64_t max_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	const char *rest;
	double v;

	if (!number_read(value, &v, &rest))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(rest, units[i].name) == 0 && v * units[i].ns <= (double)max_ns) {
			*out = (uint64_t)(v * units[i].ns + 0.5);
			return true;
		}
	return false;
}

static bool delay_read(struct dials_request *r, size_t at, const char *value)
{
	return time_read((uint64_t *)((char *)r + at), value, DIALS_DELAY_MAX_NS);
}

static bool from_read(struct dials_request *r, size_t at, const char *value)
{
	return time_read(&r->from_ns, value, DIALS_FROM_MAX_NS);
}

static bool direction_read(struct dials_request *r, size_t at, const char *value)
{
	static const char *const names[] = {
		[DIALS_A_TO_B] = "a-to-b", [DIALS_B_TO_A] = "b-to-a", [DIALS_BOTH] = "both"};

	for (r->direction = DIALS_A_TO_B; r->direction <= DIALS_BOTH; r->direction++)
		if (strcmp(value, names[r->direction]) == 0)
			return true;
	return false;
}

static bool only_read(struct dials_request *r, size_t at, const char *value)
{
	r->dials.only_udp = strcmp(value, "udp") == 0;
	return r->dials.only_udp || strcmp(value, "all") == 0;
}

static bool seed_read(struct dials_request *r, size_t at, const char *value)
{
	size_t n = strspn(value, "0123456789");
	unsigned long long v = strtoull(value, NULL, 10);

	r->seeded = true;
	r->seed = (uint32_t)v;
	return n > 0 && value[n] == '\0' && v <= UINT32_MAX;
}

#define SHARE "a share from 0% to 100%, as 8% or 0.5%"
#define TIME  "a time up to 10s, as 80ms or 1.5s (us, ms, s)"
#define AT(x) offsetof(struct dials_request, x)

static const struct key keys[] = {
	{"loss", SHARE, share_read, AT(dials.loss)},
	{"burst", "a mean number of packets from 1 to 1000, as 4 or 2.5", burst_read,
		AT(dials.burst)},
	{"delay", TIME, delay_read, AT(dials.delay_ns)},
	{"jitter", TIME, delay_read, AT(dials.jitter_ns)},
	{"reorder", SHARE, share_read, AT(dials.reorder)},
	{"reorder-by", TIME, delay_read, AT(dials.reorder_by_ns)},
	{"duplicate", SHARE, share_read, AT(dials.duplicate)},
	{"direction", "a-to-b, b-to-a or both", direction_read, 0},
	{"only", "all or udp", only_read, 0},
	{"from-time", "a time up to an hour, as 10s (us, ms, s)", from_read, 0},
	{"seed", "a number from 0 to 4294967295", seed_read, 0},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int word_read(
	struct dials_request *r, char *word, unsigned int *seen, char *err, size_t size)
{
	char *value = strchr(word, '=');

	if (value != NULL)
		*value++ = '\0';
	for (size_t i = 0; value != NULL && i < N_KEYS; i++) {
		if (strcmp(word, keys[i].name) != 0)
			continue;
		if (*seen & 1u << i) {
			snprintf(err, size, "%s: found twice, expected once", word);
			return -EINVAL;
		}
		*seen |= 1u << i;
		if (keys[i].read(r, keys[i].at, value))
			return 0;
		snprintf(err, size, "%s: found \"%s\", expected %s", word, value, keys[i].expected);
		return -EINVAL;
	}
	snprintf(err, size, "found \"%s\", expected loss=, burst=, delay=, jitter=, ...", word);
	return -EINVAL;
}

// What each key alone cannot know.
static int whole_check(const struct dials *d, char *err, size_t size)
{
	if (d->jitter_ns > d->delay_ns) {
		snprintf(err, size,
			"jitter: found %.6gms with a delay of %.6gms, expected no more than the "
			"delay, from which the jitter takes and to which it adds",
			(double)d->jitter_ns / 1e6, (double)d->delay_ns / 1e6);
		return -EINVAL;
	}
	if (d->burst > 0 && d->loss == 0) {
		snprintf(err, size, "burst: found %.6g without a loss, expected loss, too",
			d->burst);
		return -EINVAL;
	}
	// At least one good packet stands between two bursts.
	if (d->burst > 0 && d->loss < 1 && d->loss > d->burst / (d->burst + 1)) {
		snprintf(err, size,
			"loss: found %.6g%% in bursts of %.6g, expected %.6g%% at most, or longer "
			"bursts",
			d->loss * 100, d->burst, d->burst / (d->burst + 1) * 100);
		return -EINVAL;
	}
	return 0;
}

int dials_parse(struct dials_request *out, const char *words, char *err, size_t size)
{
	struct dials_request r = {
		.direction = DIALS_BOTH, .dials.reorder_by_ns = DIALS_REORDER_BY_NS};
	char copy[WORDS_MAX], *next, *word;
	unsigned int seen = 0;
	int rc;

	if (strlen(words) >= sizeof(copy)) {
		snprintf(err, size, "found %zu octets, expected less than %zu", strlen(words),
			sizeof(copy));
		return -EINVAL;
	}
	strcpy(copy, words);
	for (word = strtok_r(copy, " ", &next); word != NULL; word = strtok_r(NULL, " ", &next)) {
		rc = word_read(&r, word, &seen, err, size);
		if (rc < 0)
			return rc;
	}
	rc = whole_check(&r.dials, err, size);
	if (rc == 0)
		*out = r;
	return rc;
}
