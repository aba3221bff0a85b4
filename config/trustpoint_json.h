// SPDX-License-Identifier: BSD-3-Clause
// Certificates and CRLs of trust-points as JSON: what `show crypto ca certificates` answers and
// `callgate pki show --json` prints, so that both say the same.
#pragma once

#include <cjson/cJSON.h>

#include "config/trustpoint.h"

// A certificate on its own: subject, issuer, serial, key, bits, identities, not_before, not_after,
// days_left, status, sha256, sha1, self_signed, ca.
cJSON *cert_json(X509 *x, int64_t now_s);

// The same with trustpoint, kind (identity, intermediate, ca or crl) and used_by; a CRL has issuer,
// not_before, not_after, days_left, status, revoked and has_issuer. `c` may be NULL: nothing is said
// of use. `name` is the trust-point's, `index` its in `c`.
cJSON *trustpoint_json(const struct config *c, size_t index, const char *name,
	const struct trustpoint_item *item, int64_t now_s);
