// SPDX-License-Identifier: BSD-3-Clause
// What every benchmark shares: the clock, the median, and a figure as one JSON object per line.
// Compare only what ran interleaved in one process: the speed of a shared machine changes by the
// minute.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

#define BENCH_ROUNDS_MAX 101

// One value per round.
struct bench_series {
	unsigned int n;
	double v[BENCH_ROUNDS_MAX];
};

static inline void bench_add(struct bench_series *s, double v)
{
	if (s->n < BENCH_ROUNDS_MAX)
		s->v[s->n++] = v;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(const struct bench_series *s)
{
	struct bench_series c = *s;

	if (c.n == 0)
		return 0;
	qsort(c.v, c.n, sizeof(c.v[0]), bench_compare);
	return c.n % 2 != 0 ? c.v[c.n / 2] : (c.v[c.n / 2 - 1] + c.v[c.n / 2]) / 2;
}

// The median of a / b, round by round.
static inline double bench_ratio(const struct bench_series *a, const struct bench_series *b)
{
	struct bench_series r = {.n = 0};

	for (unsigned int i = 0; i < a->n && i < b->n; i++)
		bench_add(&r, a->v[i] / b->v[i]);
	return bench_median(&r);
}

// `goal` 0: none. `against` says what the value was measured against.
static inline void bench_print(const char *name, double value, const char *unit, double goal,
	bool at_most, const char *against)
{
	const bool met = at_most ? value <= goal : value >= goal;

	printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", ", name, value, unit);
	if (goal > 0)
		printf("\"goal\": %g, \"at_most\": %s, \"met\": %s, ", goal,
			at_most ? "true" : "false", met ? "true" : "false");
	else
		printf("\"goal\": null, \"at_most\": false, \"met\": null, ");
	printf("\"against\": \"%s\"}\n", against);
}

// A goal that is a lower bound, and one that is an upper.
static inline void bench_figure(
	const char *name, double value, const char *unit, double goal, const char *against)
{
	bench_print(name, value, unit, goal, false, against);
}

static inline void bench_limit(
	const char *name, double value, const char *unit, double goal, const char *against)
{
	bench_print(name, value, unit, goal, true, against);
}

static inline void bench_need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}
