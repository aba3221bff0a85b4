// SPDX-License-Identifier: BSD-3-Clause
// What an operator changes about tickets while calls are up; see cp/ime.h.
#include <errno.h>

#include "cp/ime_state.h"
#include "cp/log.h"
#include "cp/teardown.h"

// ---- Epoch and password -------------------------------------------------------------------------

// Derived keys are of a password that may be gone, or of an epoch that may come again with another.
static void use_epochs(struct ime *ime)
{
	ticket_keys_clear(ime->ticket_keys);
	epochs_policy(ime->epochs, &ime->ticket);
}

int ime_ticket_change(
	struct ime *ime, const struct ime_ticket_change *change, char *err, size_t err_size)
{
	uint32_t grace_s =
		change->grace_s == UINT32_MAX ? ime->cfg->ticket_grace_s : change->grace_s;
	unsigned int before = epochs_info(ime->epochs).epoch;
	int e = epochs_change(ime->epochs, change->epoch, change->password, grace_s,
		ime->env.wall_s(), err, err_size);

	if (e != 0)
		return e;
	use_epochs(ime);
	epoch_last_change(ime->epoch_last, &ime->ticket.now, ime_now(ime));
	log_event(TICKET_PASSWORD, log_u64("epoch", change->epoch), log_u64("epoch_before", before),
		log_u64("grace_s", grace_s));
	return 0;
}

struct epochs_info ime_ticket_epoch(const struct ime *ime)
{
	return epochs_info(ime->epochs);
}

void ime_ticket_tick(struct ime *ime)
{
	unsigned int before = epochs_info(ime->epochs).previous;

	if (epochs_expire(ime->epochs, ime->env.wall_s())) {
		use_epochs(ime);
		log_event(TICKET_GRACE_OVER, log_u64("epoch", before));
	}
	callers_tick(ime->callers, ime_now(ime));
}

// ---- Who may call -------------------------------------------------------------------------------

static bool came_with(const struct call *call, const char *name)
{
	if (call->ticket == NULL)
		return false;
	return revoked_is_ticket(name) ? strcmp(call->ticket, name) == 0
				       : domain_matches(str_from(name), str_from(call->granted));
}

static unsigned int calls_with(struct ime *ime, const char *name, bool end)
{
	struct call *call, *next;
	unsigned int n = 0;

	for (call = calls_first(ime->calls); call != NULL; call = next) {
		next = calls_next(call);
		if (!came_with(call, name))
			continue;
		n++;
		if (!end)
			continue;
		count(&ime->counters, CNT_CALLS_REVOKED);
		call->end = CALL_END_REVOKED;
		teardown_call(ime, call, 403);
	}
	return n;
}

int ime_revoke(struct ime *ime, struct str what, bool end_calls, unsigned int *calls)
{
	char name[REVOKED_NAME_MAX];
	int e;

	if (!revoked_name(what, name))
		return -EINVAL;
	e = callers_revoke(ime->callers, name, ime->env.wall_s());
	if (e != 0 && e != -EEXIST)
		return e;
	*calls = calls_with(ime, name, end_calls);
	if (e == 0)
		log_event(REVOKED, log_text("what", name), log_u64("calls", *calls),
			log_bool("ended", end_calls));
	return e;
}

int ime_unrevoke(struct ime *ime, struct str what)
{
	char name[REVOKED_NAME_MAX];
	int e;

	if (!revoked_name(what, name))
		return -EINVAL;
	e = callers_unrevoke(ime->callers, name);
	if (e == 0)
		log_event(UNREVOKED, log_text("what", name));
	return e;
}

const struct callers *ime_callers(const struct ime *ime)
{
	return ime->callers;
}
