// SPDX-License-Identifier: BSD-3-Clause
// One trunk as the proxy's own modules see it (all of them: cp/trunks.h): two legs, the accepted one
// and the one the proxy opens when there is a message for it. Nothing is freed inside a callback: what
// is over is marked and reaped from the loop, so a trunk found in a callback stays good until it
// returns. A trunk owns its legs and their connections, the table owns the trunk. Control thread only.
#pragma once

#include <sys/queue.h>

#include "config/config.h"
#include "cp/conn.h"
#include "cp/trunk.h"
#include "lib/domain.h"
#include "lib/sip.h"

struct call;
struct ime;

enum leg_state {
	LEG_NONE,    // not open; opened with the next request
	LEG_OPENING, // connect or handshake under way
	LEG_UP,
	LEG_FAILED,  // the last attempt failed; see retry_ns
	LEG_CLOSING, // over; the reaper frees its connection
};

struct leg_waiting;

struct leg {
	struct trunk *trunk;
	enum side side;
	enum leg_state state;
	struct conn *conn;
	struct sip_frame frame;
	bool tls;            // counted as a TLS session
	bool trusted;        // the workers were told of it
	bool finish;         // closing: let the output drain
	bool reset;          // closing: by a TCP reset
	bool unjudged;       // by the trust-points in force
	bool retired;        // its peer would be refused now: no new call
	bool proven;         // this connection has brought a message
	uint64_t opened_ns;  // when its opening began
	uint64_t retry_ns;   // a failed one is not tried again sooner; 0: the last attempt was good
	uint64_t partial_ns; // when an unfinished message began
	uint64_t first_by_ns;     // an accepted TLS peer says something until then; 0: it has
	uint64_t messages, bytes; // received
	struct evbuffer *backlog; // requests of our own that wait for LEG_UP; NULL: none
	// Received messages for legs that are being opened, oldest first; what came after them for
	// other legs has gone on.
	STAILQ_HEAD(, leg_waiting) waiting;
	size_t waiting_bytes;
};

struct trunk {
	TAILQ_ENTRY(trunk) all;
	TAILQ_ENTRY(trunk) lru; // by active_ns
	LIST_ENTRY(trunk) by_id;
	uint64_t id; // never 0, never used again
	struct ime *ime;
	const struct config_inspect *class;
	enum side accepted;
	uint16_t iface[SIDES];
	struct endpoint peer[SIDES]; // the remote; the call manager's real address
	struct endpoint mapped;      // the call manager as the outside knows it
	bool inside_secure;          // trunk-security-mode: TLS inside too (TLS-2)
	bool off_path;               // the inside knows the remote as a port of ours (3.3)
	uint16_t mapping;            // the one that this connection was opened to; 0: none
	struct leg leg[SIDES];
	struct domain_ids remote_ids; // of the outside leg's certificate
	uint64_t born_ns, active_ns;
	uint32_t calls; // whose last message it carried
	bool dead;      // the reaper frees it
	bool owed;      // TLS-9: sessions are kept free for the other direction
	// A stand-in leads to another call manager than the one that was addressed, and shares the
	// accepted connection of the trunk that it stands in for.
	struct trunk *of;                        // NULL: none
	struct trunk *stand_ins, *next_stand_in; // for this one
};

// The leg of a side, of a stand-in too.
static inline struct leg *trunk_leg(struct trunk *t, enum side side)
{
	return t->of != NULL && side == t->accepted ? &t->of->leg[side] : &t->leg[side];
}

// The first identity of the remote's certificate, or empty.
static inline struct str trunk_identity(const struct trunk *t)
{
	if (t->remote_ids.n == 0)
		return STR_LIT("");
	return (struct str){t->remote_ids.id[0].name, t->remote_ids.id[0].n};
}

// What an accepted connection is about: filled in by cp/accept.c, `conn` by cp/embryonic.c.
struct trunk_open {
	int fd;            // TCP
	struct conn *conn; // or TLS, up; NULL: it is TCP
	const struct config_inspect *class;
	enum side accepted;
	uint16_t iface[SIDES];
	struct endpoint peer[SIDES], mapped;
	bool inside_secure, off_path;
	uint16_t mapping; // held by the trunk (MAP-4)
};

// Takes over an accepted connection, which is owned in any case. False when it was refused (and
// counted). Allowed in a callback of the connection.
bool trunk_start(struct ime *ime, const struct trunk_open *o);
// Takes it out of the table, too. By cp/trunks.c, and where one that has just begun comes to nothing.
void trunk_free(struct trunk *t);

// The stand-in of an accepted trunk toward this call manager, made if it is new. It lives as long as
// the trunk. NULL: no room, which is counted.
struct trunk *trunk_stand_in(struct trunk *t, const struct endpoint *ucm);

// Sends a message to one side. -ENOTCONN: the leg is not up. -ENOBUFS: too slow, it is closed.
int trunk_send(struct trunk *t, enum side to, const void *p, size_t n);
// Sends a request of our own; opens the leg when it has to. -ENOTCONN: it cannot. -ENOMEM.
int trunk_send_own(struct trunk *t, enum side to, const void *p, size_t n);

// Closes one leg; the accepted one takes the trunk with it. Output drains.
void trunk_close_leg(struct trunk *t, enum side side);
// Ends the trunk with a TCP reset to both sides; nothing drains.
void trunk_reset(struct trunk *t);

// Whether one of its peers is retired; judges it when that has not been done yet.
bool trunk_is_retired(struct trunk *t);
