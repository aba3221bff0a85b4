// SPDX-License-Identifier: BSD-3-Clause
#include "cp/own_request.h"

#include <stdio.h>

#include "cp/debug.h"
#include "cp/media_why.h"
#include "cp/offpath.h"

#define COOKIE "z9hG4bK"

struct trunk *own_trunk(struct ime *ime, const struct call *call)
{
	struct trunk *t = trunks_by_id(ime->trunks, call->trunk);

	return t != NULL ? t : trunks_like(ime->trunks, call->peer);
}

struct request_via own_via(const struct trunk *t, enum side to, const char *tag)
{
	struct endpoint remote = t->peer[SIDE_OUTSIDE];

	if (t->off_path) // the answer comes by the connection, and must not take another way
		remote = (struct endpoint){
			.ip = offpath_address(t->ime), .port = t->mapping != 0 ? t->mapping : 5060};
	return (struct request_via){
		.transport = to == SIDE_OUTSIDE || t->inside_secure ? "TLS" : "TCP",
		.sent_by = to == SIDE_OUTSIDE ? t->mapped : remote,
		.branch = tag,
	};
}

static struct str first_word(const char *p, size_t n)
{
	struct str word;

	str_split((struct str){p, n}, ' ', &word);
	return word;
}

bool own_send(struct ime *ime, struct trunk *t, enum side to, size_t n)
{
	bool sent = n > 0 && trunk_send_own(t, to, ime->out, n) == 0;

	debug_event(SIGNALING_TRUNK, "request of our own", log_text("side", side_name(to)),
		log_endpoint("peer", &t->peer[to]), log_u64("trunk", t->id),
		log_str("request", first_word(ime->out, n)), log_bool("sent", sent));
	count(&ime->counters, sent ? CNT_REQUESTS_SENT : CNT_PEER_GONE);
	return sent;
}

// Remembers it, so that its response is known.
static struct txn *remember(
	struct ime *ime, struct trunk *t, enum side to, const char *tag, enum sip_method method)
{
	char branch[sizeof(COOKIE) + REPLY_TAG_MAX];

	snprintf(branch, sizeof(branch), COOKIE "%s", tag);
	return txn_add_own(ime->txns, t->id, to, str_from(branch), method, ime_now(ime));
}

void own_bye(struct ime *ime, struct trunk *t, enum side to, const struct request_dialog *d)
{
	char tag[REPLY_TAG_MAX];
	struct request_via via;

	reply_tag(tag);
	via = own_via(t, to, tag);
	remember(ime, t, to, tag, SIP_BYE);
	own_send(ime, t, to, request_bye(d, &via, ime->out, ime->out_size));
}

bool own_refer(struct ime *ime, struct call *call, const struct request_refer *what)
{
	struct trunk *t = own_trunk(ime, call);
	struct request_dialog d;
	struct request_via via;
	char tag[REPLY_TAG_MAX];
	char contact[OFFPATH_URI_MAX];
	struct txn *x;

	if (t == NULL || !call_dialog_insert(call, &d)) {
		count(&ime->counters, CNT_PEER_GONE);
		return false;
	}
	reply_tag(tag);
	via = own_via(t, SIDE_INSIDE, tag);
	x = remember(ime, t, SIDE_INSIDE, tag, SIP_REFER);
	if (x == NULL)
		return false; // its answer would not be known
	txn_join(ime->txns, x, call->id);
	return own_send(ime, t, SIDE_INSIDE,
		request_refer(&d, &via,
			offpath_uri(
				ime, t, call, str_from(call->party[SIDE_OUTSIDE].target), contact),
			what, ime->out, ime->out_size));
}
