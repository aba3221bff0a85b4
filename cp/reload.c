// SPDX-License-Identifier: BSD-3-Clause
// See cp/reload.h.
#include "cp/reload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cp/log.h"
#include "cp/netlink.h"
#include "cp/policy.h"
#include "cp/stack.h"
#include "dp/dp.h"

#define LIST_MAX 256 // of the names of sections in a line

// The first fault, and where the others are told.
static void say_faults(const char *path, const struct config_errors *errs, char *err, size_t size)
{
	const struct config_error *e = &errs->list[0];

	if (errs->n == 1)
		snprintf(err, size, "%s:%u:%u: %s; the old rules stay in force", path, e->line,
			e->column, e->text);
	else
		snprintf(err, size,
			"%s:%u:%u: %s; and %zu more, which callgated --check prints; the "
			"old rules stay in force",
			path, e->line, e->column, e->text, errs->n - 1);
}

// What other files hold is not looked at: no rule comes from there.
static int load(const struct reload *r, struct config **out, char *err, size_t err_size)
{
	struct config_errors errs;
	int e = config_load_names(r->path, out, &errs);

	if (e == 0)
		return 0;
	if (errs.n > 0)
		say_faults(r->path, &errs, err, err_size);
	else
		snprintf(err, err_size, "read %s: %s", r->path, strerror(-e));
	config_errors_free(&errs);
	return e;
}

static void compare(const struct reload *r, const struct config *fresh, struct reload_result *out)
{
	struct config_change changes[CONFIG_CHANGES_MAX];

	*out = (struct reload_result){.warnings = fresh->warnings.n};
	out->n = config_changes(r->config, fresh, changes);
	for (size_t i = 0; i < out->n; i++) {
		struct reload_change *c = &out->changes[i];

		snprintf(c->section, sizeof(c->section), "%s", changes[i].section);
		c->line = changes[i].line;
		c->live = changes[i].live;
		out->restart |= !c->live;
	}
}

// "nat, access-lists": of those that can change under traffic, or of those that cannot.
static void list(const struct reload_result *res, bool live, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < res->n && len < size; i++) {
		const struct reload_change *c = &res->changes[i];

		if (c->live != live)
			continue;
		len += (size_t)snprintf(
			buf + len, size - len, "%s%s", len > 0 ? ", " : "", c->section);
		if (!live && c->line != 0 && len < size)
			len += (size_t)snprintf(buf + len, size - len, " (line %u)", c->line);
	}
}

int reload_check(const struct reload *r, struct reload_result *out, char *err, size_t err_size)
{
	struct config *fresh;
	int e = load(r, &fresh, err, err_size);

	if (e < 0)
		return e;
	compare(r, fresh, out);
	config_free(fresh);
	return 0;
}

static int apply(struct reload *r, const struct config *was, char *err, size_t err_size)
{
	int e = policy_apply(r->config, err, err_size);

	if (e == 0)
		e = stack_set_routes(r->stack, was, r->config, err, err_size);
	if (e < 0)
		return e;
	e = netlink_set_routes(r->netlink, r->config);
	if (e < 0)
		snprintf(err, err_size, "%s", strerror(-e));
	return e;
}

// Whatever of the new rules is in force by now gives way to the old ones.
static void undo(struct reload *r, struct config *fresh)
{
	char err[256];

	config_swap_rules(r->config, fresh);
	if (apply(r, fresh, err, sizeof(err)) < 0)
		log_event(CONFIG_REFUSED, log_text("error", err));
}

static int put_into_force(struct reload *r, struct config *fresh, const struct reload_result *res,
	char *err, size_t err_size)
{
	char names[LIST_MAX];
	int e;

	if (res->restart) {
		list(res, false, names, sizeof(names));
		snprintf(err, err_size,
			"%s: changed, and takes a restart of callgated, which ends calls: %s. Put "
			"it back as it was, or restart; nothing has changed",
			r->path, names);
		return -EBUSY;
	}
	config_swap_rules(r->config, fresh);
	e = apply(r, fresh, err, err_size);
	if (e < 0)
		undo(r, fresh);
	return e;
}

int reload_run(struct reload *r, struct reload_result *out, char *err, size_t err_size)
{
	char names[LIST_MAX];
	struct config *fresh;
	int e = load(r, &fresh, err, err_size);

	if (e == 0) {
		compare(r, fresh, out);
		e = put_into_force(r, fresh, out, err, err_size);
		config_free(fresh);
	}
	if (e < 0) {
		log_event(CONFIG_REFUSED, log_text("error", err));
		return e;
	}
	list(out, true, names, sizeof(names));
	log_event(CONFIG_RELOADED, log_text("changed", out->n > 0 ? names : "nothing"));
	policy_log_warnings(r->config);
	return 0;
}
