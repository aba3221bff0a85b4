// SPDX-License-Identifier: BSD-3-Clause
// stir in a uc-ime (protocol.md section 13). Called from config/uc_ime.c.
#include <dirent.h>
#include <errno.h>

#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void read_anchors(struct loader *l, const struct node *n, void *obj)
{
	static const struct field path = {.kind = FIELD_PATH, .size = CONFIG_PATH_MAX};
	struct config_stir *s = obj;

	read_field(l, n, &path, s->anchors);
	if (s->anchors[0] != '\0' && l->read_files)
		secret_ca(l, n, s->anchors);
}

// What is in it is judged when it is read: a certificate too many, or one too few, is no reason
// not to start.
static void read_certificates(struct loader *l, const struct node *n, void *obj)
{
	static const struct field path = {.kind = FIELD_PATH, .size = CONFIG_PATH_MAX};
	struct config_stir *s = obj;
	DIR *dir;

	read_field(l, n, &path, s->certificates);
	if (s->certificates[0] == '\0' || !l->read_files)
		return;
	dir = opendir(s->certificates);
	if (dir == NULL)
		fault(l, n, "found %s (%s), expected a folder", s->certificates, strerror(errno));
	else
		closedir(dir);
}

void read_stir(struct loader *l, const struct node *n, void *obj)
{
	static const char *const verifies[] = {[STIR_OFF] = "off",
		[STIR_LOG] = "log",
		[STIR_TAG] = "tag",
		[STIR_ENFORCE] = "enforce",
		NULL};
	static const struct field fields[] = {
		{"verify", .kind = FIELD_ENUM, FIELD_AT(struct config_stir, verify),
			.names = verifies},
		{"certificates", .kind = FIELD_READ, .read = read_certificates},
		{"anchors", .kind = FIELD_READ, .read = read_anchors},
		{"freshness", .kind = FIELD_UINT, FIELD_AT(struct config_stir, freshness_s),
			.min = 1, .max = 600, .expected = "seconds"},
		{"strip-outbound", .kind = FIELD_BOOL,
			FIELD_AT(struct config_stir, strip_outbound)},
	};
	struct config_stir *s = &((struct config_ime *)obj)->stir;

	read_map(l, n, fields, COUNT(fields), s);
	if (n->kind != NODE_MAP || s->verify == STIR_OFF)
		return;
	if (node_get(n, "certificates") == NULL)
		fault(l, n,
			"found no certificates, expected the folder of the callers' "
			"certificates, or verify: off");
	if (node_get(n, "anchors") == NULL)
		fault(l, n,
			"found no anchors, expected the file of the authorities' "
			"certificates, or verify: off");
}
