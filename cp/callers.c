// SPDX-License-Identifier: BSD-3-Clause
#include "cp/callers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp/alarm.h"
#include "cp/saver.h"

#define RETRY_NS 10000000000ull

struct callers {
	const struct config_ime *cfg;
	struct revoked *revoked;
	struct saver *saver;
	bool no_memory; // for the text of the last save
	bool alarmed;
	uint64_t retry_ns; // when to try again
};

static void save(struct callers *c)
{
	size_t n = 0;
	char *text = revoked_print(c->revoked, &n);

	c->no_memory = text == NULL;
	if (text != NULL)
		saver_put(c->saver, text, n);
}

static int load(struct callers *c, const char *folder, const char *name, char *err, size_t size)
{
	unsigned int line;
	size_t n;
	char *text = saver_load(c->saver, REVOKED_TEXT_MAX, &n, err, size);
	int e = -EIO;

	if (text == NULL)
		return e;
	e = revoked_parse(c->revoked, (struct str){text, n}, &line);
	if (e != 0)
		snprintf(err, size,
			"%s/%s:%u: found no revoked ticket or domain with its time; without this "
			"file nothing is revoked",
			folder, name, line);
	free(text);
	return e;
}

int callers_new(struct callers **out, const struct config_ime *cfg, const char *state_folder,
	char *err, size_t err_size)
{
	struct callers *c = calloc(1, sizeof(*c));
	char name[CONFIG_NAME_MAX + 16];
	int e = -ENOMEM;

	snprintf(err, err_size, "out of memory");
	if (c == NULL)
		return e;
	c->cfg = cfg;
	c->revoked = revoked_new();
	snprintf(name, sizeof(name), "%s.revoked", cfg->name);
	if (c->revoked != NULL)
		e = saver_new(&c->saver, state_folder, name, err, err_size);
	if (e == 0)
		e = load(c, state_folder, name, err, err_size);
	if (e == 0)
		*out = c;
	else
		callers_free(c);
	return e;
}

void callers_free(struct callers *c)
{
	if (c == NULL)
		return;
	saver_free(c->saver);
	revoked_free(c->revoked);
	free(c);
}

static bool list_has(const struct config_domains *d, struct str name)
{
	for (size_t i = 0; i < d->n; i++)
		if (domain_matches(str_from(d->list[i].name), name))
			return true;
	return false;
}

enum counter_id callers_judge(const struct callers *c, const char *uuid_text, struct str granted)
{
	const struct config_domains *allow = &c->cfg->callers[CALLERS_ALLOW];

	if (revoked_has_ticket(c->revoked, uuid_text))
		return CNT_TICKET_REVOKED;
	if (revoked_has_domain(c->revoked, granted))
		return CNT_DOMAIN_REVOKED;
	if (list_has(&c->cfg->callers[CALLERS_DENY], granted))
		return CNT_DOMAIN_DENIED;
	return allow->n == 0 || list_has(allow, granted) ? CNT_NONE : CNT_DOMAIN_NOT_ALLOWED;
}

int callers_revoke(struct callers *c, const char *name, uint64_t now_s)
{
	int e = revoked_add(c->revoked, name, now_s);

	if (e == 0)
		save(c);
	return e;
}

int callers_unrevoke(struct callers *c, const char *name)
{
	int e = revoked_remove(c->revoked, name);

	if (e == 0)
		save(c);
	return e;
}

const struct revoked *callers_revoked(const struct callers *c)
{
	return c->revoked;
}

int callers_saved(const struct callers *c)
{
	return c->no_memory ? -ENOMEM : saver_state(c->saver);
}

void callers_tick(struct callers *c, uint64_t now_ns)
{
	int err = callers_saved(c);

	if (err == 0 && c->alarmed) {
		alarm_clear(ALARM_STATE_NOT_SAVED, now_ns);
		c->alarmed = false;
	}
	if (err == 0 || err == -EINPROGRESS || now_ns < c->retry_ns)
		return;
	alarm_raise(ALARM_STATE_NOT_SAVED, now_ns,
		"what was revoked is not on the disk: %s; it works until callgated ends",
		strerror(-err));
	c->alarmed = true;
	c->retry_ns = now_ns + RETRY_NS;
	save(c);
}
