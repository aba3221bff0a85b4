// SPDX-License-Identifier: BSD-3-Clause
// Off-path deployment (protocol.md 3.3 and section 6): callgate stands beside the firewall of the
// enterprise, and the remote call managers that its own speaks to are ports of the listening interface's
// address. Who may ask for one, and for which remote; what a SIP connection to one leads to; and which
// addresses in SIP become one. Control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cp/rewrite.h"
#include "lib/mapping_msg.h"

struct call;
struct ime;
struct trunk;

// The address whose ports stand for remotes: the listening interface's.
struct ip_addr offpath_address(const struct ime *ime);

// Whether a connection that came in on `iface` is for the mapping service, or for a port that stands for
// a remote or may do so.
bool offpath_is_service(const struct ime *ime, uint16_t iface, const struct endpoint *dst);
bool offpath_is_port(const struct ime *ime, uint16_t iface, const struct endpoint *dst);

// The index of a call manager; -1: it is none.
int offpath_client(const struct ime *ime, const struct ip_addr *ip);

// Whether this call manager may have a mapping for a remote (6.3): MAPPING_OK, or the error, and why in
// *reason.
enum mapping_error offpath_judge_remote(const struct ime *ime, const struct ip_addr *ucm,
	const struct endpoint *remote, const char **reason);

// ---- SIP -----------------------------------------------------------------------------------------

#define OFFPATH_HOPS_MAX 8 // addresses of one message that become ports of ours

// One message on its way through a trunk that is off-path.
struct offpath_pass {
	struct rewrite_off_path rewrite;
	struct ime *ime;
	struct trunk *t;
	struct call *call; // NULL: none
	unsigned int hops;
	bool full; // a remote has no port, because none is left
};

// What rewrite_headers() needs; the mappings that the message uses are refreshed, and held by its call
// (MAP-4). `p` outlives what is returned.
const struct rewrite_off_path *offpath_pass(
	struct offpath_pass *p, struct ime *ime, struct trunk *t, struct call *call);

// The call is over: it holds none any more.
void offpath_call_over(struct ime *ime, struct call *call);

// A URI of a remote as the inside knows it, in `buf`; as it is when it can have no port of ours.
#define OFFPATH_URI_MAX 1024
struct str offpath_uri(struct ime *ime, struct trunk *t, struct call *call, struct str uri,
	char buf[OFFPATH_URI_MAX]);
