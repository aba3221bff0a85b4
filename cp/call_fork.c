// SPDX-License-Identifier: BSD-3-Clause
#include "cp/call_fork.h"

#include "cp/call_party.h"

static struct call_dialog *dialog_of(struct call *call, struct str tag)
{
	for (size_t i = 0; i < call->n_dialogs; i++) {
		if (str_eq(str_from(call->dialogs[i].tag), tag))
			return &call->dialogs[i];
	}
	return NULL;
}

static void keep(struct call_dialog *d, struct session_fork *f)
{
	session_fork_free(d->apart);
	d->apart = f;
}

bool call_fork_other_is_up(const struct call *call, struct str tag)
{
	for (size_t i = 0; i < call->n_dialogs; i++) {
		const struct call_dialog *d = &call->dialogs[i];

		if (d->up && !str_eq(str_from(d->tag), tag))
			return true;
	}
	return false;
}

// The media leaves the dialog that has it: what it agreed to is kept.
static void move(struct call *call, struct call_dialog *to)
{
	if (call->talker != NULL && call->talker != to)
		keep(call->talker, session_fork_keep(call->session));
	call->talker = to;
}

struct session_fork **call_fork_apart(struct call *call, struct str tag)
{
	struct call_dialog *d = dialog_of(call, tag);

	if (d == NULL)
		return NULL;
	if (call_fork_other_is_up(call, tag)) {
		keep(d, NULL);
		return &d->apart;
	}
	move(call, d);
	keep(d, NULL);
	return NULL;
}

void call_fork_follow(struct call *call)
{
	if (call->talker == NULL || call->talker->up)
		return;
	for (size_t i = 0; i < call->n_dialogs; i++) {
		struct call_dialog *d = &call->dialogs[i];

		if (!d->up || d->apart == NULL)
			continue;
		move(call, d);
		session_fork_take(call->session, d->apart);
		keep(d, NULL);
		return;
	}
}

static void forget_party(struct call_dialog *d)
{
	call_party_fini(&d->party);
	d->party = (struct call_party){0};
}

void call_fork_speak(struct call *call, struct call_dialog *over)
{
	struct call_party *party = &call->party[side_other(call->caller)];

	if (over->party.address != NULL) { // it was another's
		forget_party(over);
		return;
	}
	for (size_t i = 0; i < call->n_dialogs; i++) {
		struct call_dialog *d = &call->dialogs[i];

		if (!d->up || d->party.address == NULL)
			continue;
		call_party_fini(party);
		*party = d->party;
		d->party = (struct call_party){0};
		return;
	}
}

void call_fork_drop(struct call *call, struct str tag)
{
	struct call_dialog *d = dialog_of(call, tag);

	if (d != NULL) {
		d->up = false;
		keep(d, NULL);
		call_fork_speak(call, d);
	}
}
