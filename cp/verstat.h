// SPDX-License-Identifier: BSD-3-Clause
// The verdict on a caller's number as a parameter of the number itself (3GPP TS 24.229 7.2A.20):
// sip:+12125550199;verstat=TN-Validation-Passed@host, tel:+12125550199;verstat=... (STIR-1). Pure,
// any thread.
#pragma once

#include "lib/did.h"
#include "lib/sip.h"
#include "lib/sip_edit.h"

// Whether a URI's user part is a name, or reads like a telephone number: a tel: URI, or one that
// does not begin with a letter.
bool verstat_is_number(const struct uri *u);

// Takes `verstat` out of From, To, P-Asserted-Identity and Remote-Party-ID. Where `value` is not
// NULL, it is then put on the numbers of From and P-Asserted-Identity. SIP_OK, or BAD_ADDRESS for
// an element that cannot be read, so that nobody can tell what the other side would find in it.
enum sip_reason verstat_rewrite(const struct sip_msg *m, const char *value, struct sip_edit *e);
