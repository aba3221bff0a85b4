// SPDX-License-Identifier: BSD-3-Clause
// The files that a configuration names: the ticket password, certificates and keys. Called by the
// readers in config/uc_ime.c and config/tls.c; judges everything at load, so that nothing of it
// fails in the middle of a call.
#include <errno.h>
#include <stdlib.h>

#include "config/files.h"
#include "config/schema.h"
#include "config/trustpoint.h"

#define PASSWORD_MIN 10

void secret_password(struct loader *l, const struct node *n, const char *path, char *out)
{
	char why[FILE_WHY_MAX], *text;
	size_t len, size;

	if (file_read(path, CONFIG_PASSWORD_MAX + 2, FILE_SECRET, &text, &size, why) < 0) {
		fault(l, n, "%s", why);
		return;
	}
	len = size;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len < PASSWORD_MIN || len > CONFIG_PASSWORD_MAX) {
		fault(l, n, "found a password of %zu characters, expected %u to %u", len,
			PASSWORD_MIN, CONFIG_PASSWORD_MAX);
		goto out;
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e) {
			fault(l, n,
				"found a password with a blank or an unusual character, expected "
				"characters from ! to ~ (E1)");
			goto out;
		}
	memcpy(out, text, len);
	out[len] = '\0';
out:
	file_wipe(text, size);
}

struct told {
	struct loader *l;
	const struct node *n;
};

static void tell(void *arg, enum trustpoint_file file, const char *why)
{
	const struct told *t = arg;

	fault(t->l, node_get(t->n, trustpoint_file_name(file)), "%s", why);
}

void secret_trustpoint(struct loader *l, const struct node *n, const struct config_trustpoint *t)
{
	struct told told = {l, n};
	struct trustpoint files;

	if (trustpoint_load(&files, t, tell, &told) == -ENOMEM)
		l->no_memory = true;
	trustpoint_free(&files);
}

// The node is the file's own.
static void tell_here(void *arg, enum trustpoint_file file, const char *why)
{
	const struct told *t = arg;

	fault(t->l, t->n, "%s", why);
}

void secret_ca(struct loader *l, const struct node *n, const char *path)
{
	struct config_trustpoint named = {0};
	struct told told = {l, n};
	struct trustpoint files;

	if (n == NULL || !str_copy(str_from(path), named.ca, sizeof(named.ca)))
		return;
	if (trustpoint_load(&files, &named, tell_here, &told) == -ENOMEM)
		l->no_memory = true;
	trustpoint_free(&files);
}
