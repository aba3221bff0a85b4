// SPDX-License-Identifier: BSD-3-Clause
// What a uc-ime says of calls that go on over the PSTN (protocol.md section 5). Called from
// config/uc_ime.c.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/files.h"
#include "config/schema.h"
#include "lib/fbs.h"

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define RETRIES_MAX 10
#define RATE_MAX    1000

static const char *const refer_modes[] = {[REFER_AUTO] = "auto",
	[REFER_OUT_OF_DIALOG] = "out-of-dialog",
	[REFER_IN_DIALOG] = "in-dialog",
	NULL};

// ---- .fbs --------------------------------------------------------------------------------------

int config_fbs_read(const char *path, struct rma_table *out, char *err, size_t err_size)
{
	char why[FILE_WHY_MAX], *text = NULL;
	struct fbs_fault fault;
	size_t n = 0;
	int e = file_read(path, FBS_SIZE_MAX, FILE_PUBLIC, &text, &n, why);

	if (e != 0) {
		snprintf(err, err_size, "%s", why);
		return e;
	}
	if (!fbs_parse((struct str){text, n}, out, &fault)) {
		snprintf(err, err_size, "%s:%u:%u: %s", path, fault.line, fault.column, fault.text);
		e = -EINVAL;
	}
	free(text);
	return e;
}

static bool is_fbs(struct str name)
{
	return name.n > 4 && memcmp(name.p + name.n - 4, ".fbs", 4) == 0;
}

static bool leads_up(struct str path)
{
	struct str part;

	while (path.n > 0) {
		path = str_split(path, '/', &part);
		if (str_eq(part, STR_LIT("..")))
			return true;
	}
	return false;
}

// FB-11.
static void read_sensitivity_file(struct loader *l, const struct node *n, void *obj)
{
	static const struct field path = {.kind = FIELD_PATH, .size = CONFIG_PATH_MAX};
	struct config_fallback *m = obj;
	char why[CONFIG_PATH_MAX + FILE_WHY_MAX];

	if (!want_scalar(l, n, "the name of an .fbs file"))
		return;
	if (!is_fbs(n->text) || leads_up(n->text)) {
		fault_expected(l, n, "a name that ends in .fbs and has no .. in it (FB-11)");
		return;
	}
	read_field(l, n, &path, m->sensitivity_file);
	if (m->sensitivity_file[0] != '\0' && l->read_files &&
		config_fbs_read(m->sensitivity_file, &m->table, why, sizeof(why)) != 0)
		fault(l, n, "%s", why);
}

// ---- Headers (FB-1) ----------------------------------------------------------------------------

static void read_header(struct loader *l, const struct node *n, struct config_fb_header *h)
{
	static const struct field fields[] = {
		{"header", .kind = FIELD_NAME, .required = true,
			FIELD_AT(struct config_fb_header, header), .min = 1},
		{"param", .kind = FIELD_NAME, FIELD_AT(struct config_fb_header, param), .min = 1},
	};

	read_map(l, n, fields, COUNT(fields), h);
}

#define ITEM(item)                                                                                 \
	static void read_##item(struct loader *l, const struct node *n, void *obj)                 \
	{                                                                                          \
		read_header(l, n, &((struct config_fallback *)obj)->map[item]);                    \
	}
ITEM(FB_LEVEL)
ITEM(FB_SESSION)
ITEM(FB_TRUNK)
ITEM(FB_DID)
#undef ITEM

static void read_header_map(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"level", .kind = FIELD_READ, .read = read_FB_LEVEL},
		{"session", .kind = FIELD_READ, .read = read_FB_SESSION},
		{"trunk", .kind = FIELD_READ, .read = read_FB_TRUNK},
		{"did", .kind = FIELD_READ, .read = read_FB_DID},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// ---- Storms ------------------------------------------------------------------------------------

static void read_fallback_limits(struct loader *l, const struct node *n, void *obj)
{
#define LIMIT(key, member)                                                                         \
	{                                                                                          \
		key, .kind = FIELD_UINT, FIELD_AT(struct config_fallback, member), .max = RATE_MAX \
	}
	static const struct field fields[] = {
		LIMIT("calls-per-second", rate),
		LIMIT("calls-per-second-per-domain", domain_rate),
		LIMIT("alarm-calls-per-domain", alarm_calls),
	};
#undef LIMIT

	read_map(l, n, fields, COUNT(fields), obj);
}

void read_fallback(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"monitoring-timer", .kind = FIELD_UINT,
			FIELD_AT(struct config_fallback, monitoring_ms), .min = 10, .max = 600,
			.expected = "milliseconds"},
		{"hold-down-timer", .kind = FIELD_UINT,
			FIELD_AT(struct config_fallback, hold_down_s), .min = 10, .max = 360,
			.expected = "seconds"},
		{"sensitivity-file", .kind = FIELD_READ, .read = read_sensitivity_file},
		{"default-sensitivity", .kind = FIELD_UINT,
			FIELD_AT(struct config_fallback, default_level), .max = RMA_LEVELS - 1},
		{"refer-mode", .kind = FIELD_ENUM, FIELD_AT(struct config_fallback, refer_mode),
			.names = refer_modes},
		{"refer-retries", .kind = FIELD_UINT,
			FIELD_AT(struct config_fallback, refer_retries), .max = RETRIES_MAX},
		{"header-map", .kind = FIELD_READ, .read = read_header_map},
		{"limits", .kind = FIELD_READ, .read = read_fallback_limits},
	};

	read_map(l, n, fields, COUNT(fields), &((struct config_ime *)obj)->fallback);
}

struct config_fallback fallback_default(void)
{
	return (struct config_fallback){.monitoring_ms = 100,
		.hold_down_s = 20,
		.default_level = 3,
		.refer_retries = 3,
		.rate = 20,
		.domain_rate = 5,
		.alarm_calls = 5,
		.table = rma_table_default};
}
