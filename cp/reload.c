// SPDX-License-Identifier: BSD-3-Clause
// See cp/reload.h.
#include "cp/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cp/log.h"
#include "cp/netlink.h"
#include "cp/policy.h"
#include "cp/policymap.h"
#include "cp/priv.h"
#include "cp/stack.h"

#define LIST_MAX 256 // of the names of sections in a line

struct reload {
	struct reload_env env;
	int built; // an eventfd
	struct event *on_built;
	// Of the one that is under way. Until `built` speaks, all but `done` and `arg` is the thread's.
	bool running, check;
	pthread_t thread;
	struct reload_result result;
	struct config *fresh;    // NULL: it could not be read
	struct policymaps *maps; // of what it inspects for, if that changes
	reload_done_fn *done;
	void *arg;
};

// ---- The thread ---------------------------------------------------------------------------------

// The first fault, and where the others are told.
static void say_faults(const char *path, const struct config_errors *errs, char *err, size_t size)
{
	const struct config_error *e = &errs->list[0];

	if (errs->n == 1)
		snprintf(err, size, "%s:%u:%u: %s; the old rules stay in force", path, e->line,
			e->column, e->text);
	else
		snprintf(err, size,
			"%s:%u:%u: %s; and %zu more, which callgated --check prints; the old rules "
			"stay in force",
			path, e->line, e->column, e->text, errs->n - 1);
}

// What other files hold is not looked at: no rule comes from there.
static void load(struct reload *r)
{
	const char *path = r->env.path;
	char *err = r->result.err;
	struct config_errors errs;
	int e = config_load_names(path, &r->fresh, &errs);

	if (e == 0)
		return;
	if (errs.n > 0)
		say_faults(path, &errs, err, RELOAD_ERROR_MAX);
	else
		snprintf(err, RELOAD_ERROR_MAX, "read %s: %s", path, strerror(-e));
	config_errors_free(&errs);
}

// The rules in force change on the loop alone, and not while this is under way.
static void compare(struct reload *r)
{
	struct config_change changes[CONFIG_CHANGES_MAX];
	struct reload_result *res = &r->result;

	res->warnings = r->fresh->warnings.n;
	res->n = config_changes(r->env.config, r->fresh, changes);
	for (size_t i = 0; i < res->n; i++) {
		struct reload_change *c = &res->changes[i];

		snprintf(c->section, sizeof(c->section), "%s", changes[i].section);
		c->line = changes[i].line;
		c->live = changes[i].live;
		res->restart |= !c->live;
	}
	if (!res->restart && r->env.inspect != NULL && config_changes_sip_maps(changes, res->n))
		policymaps_new(&r->maps, r->fresh, res->err, RELOAD_ERROR_MAX);
}

static void *work(void *arg)
{
	struct reload *r = arg;
	const uint64_t one = 1;

	priv_shed_worker();
	load(r);
	if (r->fresh != NULL)
		compare(r);
	while (write(r->built, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

// ---- The loop's side ----------------------------------------------------------------------------

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

static int apply(struct reload *r, const struct config *was, char *err, size_t err_size)
{
	const struct config *is = r->env.config;
	int e = policy_apply(is, err, err_size);

	if (e == 0)
		e = stack_set_routes(r->env.stack, was, is, err, err_size);
	if (e < 0)
		return e;
	e = netlink_set_routes(r->env.netlink, is);
	if (e < 0)
		snprintf(err, err_size, "%s", strerror(-e));
	return e;
}

// Whatever of the new rules is in force by now gives way to the old ones.
static void undo(struct reload *r)
{
	char err[256];

	config_swap_rules(r->env.config, r->fresh);
	if (apply(r, r->fresh, err, sizeof(err)) < 0)
		log_event(CONFIG_REFUSED, log_text("error", err));
}

// The old ones are what is let go of, in the new ones' place.
static void inspect_anew(struct reload *r)
{
	if (r->maps == NULL)
		return;
	policymaps_move(r->maps, r->env.config);
	r->maps = r->env.inspect(r->env.inspect_arg, r->maps);
}

static void put_into_force(struct reload *r)
{
	struct reload_result *res = &r->result;
	char names[LIST_MAX];

	if (res->restart) {
		list(res, false, names, sizeof(names));
		snprintf(res->err, RELOAD_ERROR_MAX,
			"%s: changed, and takes a restart of callgated, which ends calls: %s. Put "
			"it back as it was, or restart; nothing has changed",
			r->env.path, names);
		return;
	}
	config_swap_rules(r->env.config, r->fresh);
	if (apply(r, r->fresh, res->err, RELOAD_ERROR_MAX) < 0)
		undo(r);
	else
		inspect_anew(r);
}

static void tell_log(const struct reload *r)
{
	const struct reload_result *res = &r->result;
	char names[LIST_MAX];

	if (res->err[0] != '\0') {
		log_event(CONFIG_REFUSED, log_text("error", res->err));
		return;
	}
	list(res, true, names, sizeof(names));
	log_event(CONFIG_RELOADED, log_text("changed", res->n > 0 ? names : "nothing"));
	policy_log_warnings(r->env.config);
}

static void let_go(struct reload *r)
{
	policymaps_free(r->maps);
	config_free(r->fresh);
	r->maps = NULL;
	r->fresh = NULL;
	r->running = false;
}

static void on_built(evutil_socket_t fd, short what, void *arg)
{
	struct reload *r = arg;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return;
	pthread_join(r->thread, NULL);
	if (!r->check && r->result.err[0] == '\0')
		put_into_force(r);
	if (!r->check)
		tell_log(r);
	let_go(r);
	if (r->done != NULL)
		r->done(&r->result, r->arg);
}

int reload_begin(struct reload *r, bool check, reload_done_fn *done, void *arg)
{
	int e;

	if (r->running)
		return -EBUSY;
	r->result = (struct reload_result){0};
	r->check = check;
	r->done = done;
	r->arg = arg;
	e = -pthread_create(&r->thread, NULL, work, r);
	r->running = e == 0;
	return e;
}

void reload_forget(struct reload *r, const void *arg)
{
	if (r->arg == arg)
		r->done = NULL;
}

int reload_new(struct reload **out, const struct reload_env *env)
{
	struct reload *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return -ENOMEM;
	r->env = *env;
	r->built = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->built >= 0)
		r->on_built = event_new(env->base, r->built, EV_READ | EV_PERSIST, on_built, r);
	if (r->on_built == NULL || event_add(r->on_built, NULL) < 0) {
		reload_free(r);
		return -ENOMEM;
	}
	*out = r;
	return 0;
}

void reload_free(struct reload *r)
{
	if (r == NULL)
		return;
	if (r->running)
		pthread_join(r->thread, NULL);
	let_go(r);
	if (r->on_built != NULL)
		event_free(r->on_built);
	if (r->built >= 0)
		close(r->built);
	free(r);
}
