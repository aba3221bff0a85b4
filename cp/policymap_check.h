// SPDX-License-Identifier: BSD-3-Clause
// What the parameters of a policy map ask of a message, and what they take out of it. Pure.
#pragma once

#include "lib/sip.h"
#include "lib/sip_edit.h"

// strict-header-validation: what the methods' own RFCs demand beyond sip_check(): mandatory
// headers, every Via, one Contact that is a SIP URI.
bool policymap_headers_ok(const struct sip_msg *m);

// software-version: User-Agent or Server is there.
bool policymap_names_software(const struct sip_msg *m);

// uri-non-sip: an Alert-Info or Call-Info leads elsewhere than to SIP.
bool policymap_has_uri_non_sip(const struct sip_msg *m);

// Takes out the headers of POLICY_MASK_SOFTWARE and POLICY_MASK_URI. As the original does, the
// whole line goes: nothing is left that a reader could stumble over, nor its length.
void policymap_mask(const struct sip_msg *m, unsigned int mask, struct sip_edit *e);
