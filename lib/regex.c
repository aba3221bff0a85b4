// SPDX-License-Identifier: BSD-3-Clause
#include "lib/regex.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>

// Found or not is all that is asked, and what matches nothing at all (".*") is allowed to.
#define FLAGS (HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)

struct regex_set {
	hs_database_t *db;
};

bool regex_supported(void)
{
	return hs_valid_platform() == HS_SUCCESS;
}

static int failed(hs_error_t e, hs_compile_error_t *error, char why[REGEX_WHY_MAX])
{
	if (error != NULL)
		snprintf(why, REGEX_WHY_MAX, "%s", error->message);
	else
		snprintf(why, REGEX_WHY_MAX, "Hyperscan error %d", e);
	hs_free_compile_error(error);
	return e == HS_NOMEM ? -ENOMEM : -EINVAL;
}

// What a short text can ask for without end is repetition.
static int check_width(const char *pattern, char why[REGEX_WHY_MAX])
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;
	unsigned int width;
	hs_error_t e = hs_expression_info(pattern, FLAGS, &info, &error);

	if (e != HS_SUCCESS)
		return failed(e, error, why);
	width = info->min_width;
	free(info);
	if (width <= REGEX_WIDTH_MAX)
		return 0;
	snprintf(why, REGEX_WHY_MAX,
		"no match has less than %u octets; at most %u may be asked for", width,
		REGEX_WIDTH_MAX);
	return -EINVAL;
}

int regex_check(const char *pattern, char why[REGEX_WHY_MAX])
{
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	size_t size = 0;
	hs_error_t e;
	int err;

	if (strlen(pattern) > REGEX_PATTERN_MAX) {
		snprintf(why, REGEX_WHY_MAX, "it has more than %d octets", REGEX_PATTERN_MAX);
		return -EINVAL;
	}
	err = check_width(pattern, why);
	if (err != 0)
		return err;
	e = hs_compile(pattern, FLAGS, HS_MODE_BLOCK, NULL, &db, &error);
	if (e != HS_SUCCESS)
		return failed(e, error, why);
	hs_database_size(db, &size);
	hs_free_database(db);
	if (size <= REGEX_ALONE_MAX)
		return 0;
	snprintf(why, REGEX_WHY_MAX, "it compiles to %zu octets; at most %u are allowed", size,
		REGEX_ALONE_MAX);
	return -EINVAL;
}

int regex_set_new(struct regex_set **out, const char *const *patterns, const unsigned int *ids,
	size_t n, char why[REGEX_WHY_MAX])
{
	struct regex_set *s = calloc(1, sizeof(*s));
	unsigned int *flags = calloc(n, sizeof(*flags));
	hs_compile_error_t *error = NULL;
	hs_error_t e = HS_NOMEM;

	for (size_t i = 0; flags != NULL && i < n; i++)
		flags[i] = FLAGS;
	if (s != NULL && flags != NULL)
		e = hs_compile_multi(
			patterns, flags, ids, (unsigned int)n, HS_MODE_BLOCK, NULL, &s->db, &error);
	free(flags);
	if (e == HS_SUCCESS) {
		*out = s;
		return 0;
	}
	free(s);
	return failed(e, error, why);
}

void regex_set_free(struct regex_set *s)
{
	if (s == NULL)
		return;
	hs_free_database(s->db);
	free(s);
}

int regex_scratch_fit(struct hs_scratch **scratch, const struct regex_set *s)
{
	return hs_alloc_scratch(s->db, scratch) == HS_SUCCESS ? 0 : -ENOMEM;
}

void regex_scratch_free(struct hs_scratch *scratch)
{
	hs_free_scratch(scratch);
}

static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
	unsigned int flags, void *arg)
{
	uint64_t *found = arg;

	found[id / 64] |= 1ull << (id % 64);
	return 0;
}

bool regex_set_search(
	const struct regex_set *s, struct hs_scratch *scratch, struct str subject, uint64_t *found)
{
	const char *p = subject.n > 0 ? subject.p : "";

	return subject.n <= UINT32_MAX &&
		hs_scan(s->db, p, (unsigned int)subject.n, 0, scratch, on_match, found) ==
		HS_SUCCESS;
}
