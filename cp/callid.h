// SPDX-License-Identifier: BSD-3-Clause
// call-id-privacy (protocol.md 3.3): call managers write their own address into the Call-IDs that they
// make. With it on, a hash with a key of this process stands there for the Internet, which is the same
// for the same address, so that a Call-ID stays one; and whatever comes back with it is what it was,
// without anything to be remembered: the hash is AES-128 of the address. A Call-ID that a remote made
// is never touched, whatever address it has. Control thread only.
#pragma once

#include "config/config.h"
#include "lib/sip_edit.h"

#define CALLID_MAX 256u // a longer one stays as it is

struct callid;

struct callid *callid_new(void);   // NULL: out of memory
void callid_free(struct callid *); // accepts NULL

// A Call-ID as the Internet knows it: with the hash where an address stands that is not reached by the
// interface `outside_if`. Empty: it is the same.
struct str callid_hide(const struct callid *c, const struct config *cfg, uint16_t outside_if,
	struct str id, char buf[CALLID_MAX]);
// And back. Empty: there is no hash of ours in it.
struct str callid_show(const struct callid *c, struct str id, char buf[CALLID_MAX]);

// The splices for a message that leaves for the Internet: its Call-ID, if `own`, and the dialogs that
// Replaces, Refer-To and the like name.
void callid_hide_all(const struct callid *c, const struct config *cfg, uint16_t outside_if,
	const struct sip_msg *m, bool own, struct sip_edit *e);
// And for one that comes from there.
void callid_show_all(const struct callid *c, const struct sip_msg *m, struct sip_edit *e);
