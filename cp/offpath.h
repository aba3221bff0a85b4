// SPDX-License-Identifier: BSD-3-Clause
// Off-path deployment (protocol.md 3.3 and section 6): callgate stands beside the firewall of the
// enterprise, and the remote call managers that its own speaks to are ports of the listening interface's
// address. Who may ask for one, and for which remote; what a SIP connection to one leads to; and which
// addresses in SIP become one. Control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/mapping_msg.h"

struct ime;

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
