// SPDX-License-Identifier: BSD-3-Clause
// The ticket that admits a call: its profiles, decoding, verification and minting (protocol.md
// section 2). Pure; the control plane calls ticket_verify() for each INVITE from outside, the
// client mints and inspects.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bucket.h"
#include "lib/did.h"
#include "lib/domain.h"
#include "lib/str.h"

struct ticket_keys; // lib/ticket_keys.h

#define TICKET_TEXT_MAX      4096                      // characters of a header value (TKT-4)
#define TICKET_MAX           (TICKET_TEXT_MAX / 4 * 3) // octets that they can hold
#define TICKET_TLVS_MAX      32                        // TKT-12
#define TICKET_KEY_MAX       64
#define TICKET_SALT_MAX      64
#define TICKET_UUID_TEXT_MAX 37 // with its NUL

// ---- Profiles (2.3): everything about the format that is our decision, as data ------------------

enum ticket_field {
	TICKET_UUID,
	TICKET_SALT,
	TICKET_VALIDITY,
	TICKET_NUMBER,
	TICKET_GRANTING_NODE,
	TICKET_GRANTING_DOMAIN,
	TICKET_GRANTED_DOMAIN,
	TICKET_EPOCH,
	TICKET_INTEGRITY,
	TICKET_FIELDS,
};

enum ticket_time { TICKET_NTP64, TICKET_UNIX32, TICKET_UNIX64 };
enum ticket_kdf { TICKET_KDF_NONE, TICKET_PBKDF2_SHA1, TICKET_PBKDF2_SHA256 };
enum ticket_mac { TICKET_HMAC_SHA1, TICKET_HMAC_SHA256 };

// Integers are big-endian, the text is base64 of the standard alphabet.
struct ticket_profile {
	const char *name;
	uint8_t type_octets, length_octets; // 1 to 4
	bool length_includes_header;
	uint8_t pad_to; // 1: no padding
	uint16_t code[TICKET_FIELDS];
	uint16_t optional_from; // unknown types from here on are skipped
	uint16_t required;      // bit n: field n
	enum ticket_time time;
	uint8_t epoch_octets; // 1 to 4
	enum ticket_kdf kdf;
	uint32_t iterations;
	uint8_t dk_octets; // at most TICKET_KEY_MAX
	enum ticket_mac mac;
	uint8_t mac_octets;
	bool mac_covers_header; // the MAC also covers type and length of the Integrity TLV
	const char *header[2];  // names under which a request may carry it
};

// "t1" or "t2"; NULL for any other name.
const struct ticket_profile *ticket_profile_find(struct str name);

// Whether a header of this name is a ticket (case-insensitive).
bool ticket_profile_is_header(const struct ticket_profile *p, struct str name);

// What inspection calls a field: "number", "granted domain".
const char *ticket_field_name(enum ticket_field f);

// Fewest and most octets that the field may have (2.4).
void ticket_field_range(
	const struct ticket_profile *p, enum ticket_field f, size_t *min, size_t *max);

// One time of the Validity field, and back. Nanoseconds since 1970-01-01; NTP seconds with the
// most significant bit clear lie after 2036 (TKT-24). False: not representable.
size_t ticket_time_octets(const struct ticket_profile *p);
bool ticket_time_decode(const struct ticket_profile *p, const uint8_t *in, int64_t *unix_ns);
bool ticket_time_encode(const struct ticket_profile *p, int64_t unix_ns, uint8_t *out);

// K of 2.6; `key` holds TICKET_KEY_MAX octets and is the caller's to wipe. Slow on purpose (about
// 0.3 ms for t1, 3 ms for t2). Returns the length of the key, 0 on failure.
size_t ticket_derive(
	const struct ticket_profile *p, struct str password, struct str salt, uint8_t *key);

// MAC of 2.6 over `m`; `out` holds 32 octets, mac_octets are written.
bool ticket_mac(const struct ticket_profile *p, const uint8_t *key, size_t key_n, struct str m,
	uint8_t *out);

// ---- Decoding (2.5) -----------------------------------------------------------------------------

// Why a ticket does not decode: one counter, but a person who inspects wants to know.
// X(name, rule, text)
#define TICKET_FAULTS(X)                                                                           \
	X(NONE, "", "it decodes")                                                                  \
	X(BASE64, "TKT-3", "not strict base64")                                                    \
	X(TOO_LONG, "TKT-4", "header value longer than 4096 characters")                           \
	X(OVERRUN, "TKT-6", "a TLV runs past the end, or octets are left over")                    \
	X(UNKNOWN_TYPE, "TKT-7", "an unknown type that may not be skipped")                        \
	X(DUPLICATE, "TKT-8", "a field occurs twice")                                              \
	X(MISSING, "TKT-8", "a required field is missing")                                         \
	X(LENGTH, "TKT-8", "a field of a length that it cannot have")                              \
	X(NOT_LAST, "TKT-9", "integrity is not the last field")                                    \
	X(NUMBER, "TKT-10", "number is not + and 1 to 15 digits")                                  \
	X(DOMAIN, "TKT-10", "a domain is not a valid DNS name")                                    \
	X(VALIDITY, "TKT-11", "validity ends before it starts, or a time cannot be represented")   \
	X(TOO_MANY, "TKT-12", "more than 32 TLVs")                                                 \
	X(EPOCH, "2.4", "epoch is not 1 to 255")

enum ticket_fault {
#define X(name, rule, text) TICKET_FAULT_##name,
	TICKET_FAULTS(X)
#undef X
};

const char *ticket_fault_rule(enum ticket_fault f);
const char *ticket_fault_text(enum ticket_fault f);

// A decoded ticket. The slices point into its own `raw`: do not copy the struct.
struct ticket {
	uint8_t raw[TICKET_MAX];
	size_t n;
	struct str field[TICKET_FIELDS]; // values; p is NULL where the field is absent
	size_t integrity_at;             // offset of the Integrity TLV's header
	int64_t start_ns, stop_ns;       // since 1970-01-01
	uint8_t epoch;
};

// From the value of the header (folded or not), or from octets (at most TICKET_MAX, else
// TICKET_FAULT_TOO_LONG). Allocates nothing. The content of *t is meaningful only without a fault.
enum ticket_fault ticket_decode_header(
	const struct ticket_profile *p, struct str value, struct ticket *t);
enum ticket_fault ticket_decode(
	const struct ticket_profile *p, const uint8_t *octets, size_t n, struct ticket *t);

// One TLV at *offset (no rule but TKT-6 applied), which moves on; for inspection. False at the end
// or where a TLV runs past it (*offset tells which).
bool ticket_tlv_next(const struct ticket_profile *p, struct str octets, size_t *offset,
	uint32_t *type, struct str *value);

// RFC 4122 text of a decoded ticket's id, the one thing of it that may be logged (LOG-1).
const char *ticket_uuid_text(const struct ticket *t, char buf[TICKET_UUID_TEXT_MAX]);

// ---- Verification (2.7) -------------------------------------------------------------------------

// X(name, counter as `show` prints it, reason word of LOG-1); the order is that of `show`.
#define TICKET_VERDICTS(X)                                                                         \
	X(INTEGRITY, "Ticket integrity check failed", "integrity")                                 \
	X(DECODE, "Ticket decode failed", "decode")                                                \
	X(EPOCH, "Ticket epoch mismatch", "epoch")                                                 \
	X(DID, "Ticket DID mismatch", "DID")                                                       \
	X(TIMESTAMP, "Ticket timestamp invalid", "timestamp")                                      \
	X(DOMAIN, "Ticket domain check failed", "domain")                                          \
	X(NOT_FOUND, "Ticket not found", "not found")                                              \
	X(RATE, "Ticket key derivation rate exceeded", "rate")

enum ticket_verdict {
	TICKET_OK,
#define X(name, counter, reason) TICKET_FAIL_##name,
	TICKET_VERDICTS(X)
#undef X
		TICKET_VERDICT_COUNT,
};

const char *ticket_verdict_counter(enum ticket_verdict v); // "" for TICKET_OK
const char *ticket_verdict_reason(enum ticket_verdict v);

#define TICKET_PASSWORD_MIN 10
#define TICKET_PASSWORD_MAX 64
#define TICKET_GRACE_MAX_S  (90 * 86400u) // as long as a ticket is usually good

// Whether it may be a ticket password: 10 to 64 characters from ! to ~; strictly as the manual says
// (E1) from ! to s.
bool ticket_password_ok(struct str password, bool strict);

// An epoch and its password (2.12).
struct ticket_secret {
	uint8_t epoch; // 0: there is none
	struct str password;
};

// What is configured; slices belong to the caller.
struct ticket_policy {
	const struct ticket_profile *profile;
	struct ticket_secret now, previous; // previous: still good, because it is in its grace
	uint32_t skew_s;                    // TKT-18
	struct str own_domain;
};

// What the request and its connection say.
struct ticket_request {
	unsigned int n_headers;        // ticket headers found, of any configured name (TKT-5)
	struct str header;             // value of the first
	const struct did *called;      // with did-source `both`: empty unless both agree
	const struct domain_ids *peer; // NULL: no certificate (TKT-23)
	int64_t now_unix_ns;
	uint64_t now_ns; // monotonic, for the bucket
};

// The check, in the order of 2.7; the first step that fails is the verdict (TKT-17). A key that is
// not in `keys` costs one token of the peer's bucket; without one: TICKET_FAIL_RATE (TKT-16 c).
// `keys` and `misses` may be NULL: derive always. *t is decoded unless the verdict is NOT_FOUND or
// DECODE; nothing in it is authentic before TIMESTAMP. One thread per `keys`.
enum ticket_verdict ticket_verify(const struct ticket_policy *policy,
	const struct ticket_request *request, struct ticket_keys *keys, struct bucket *misses,
	const struct bucket_rate *rate, struct ticket *t);

// ---- Minting (7, Appendix B) --------------------------------------------------------------------

struct ticket_tlv {
	uint32_t type;
	struct str value;
};

struct ticket_grant {
	uint8_t uuid[16];
	struct str salt, number, granting_node, granting_domain,
		granted_domain;    // node may be empty
	int64_t start_ns, stop_ns; // since 1970-01-01
	uint8_t epoch;
	const struct ticket_tlv *extra; // put before Integrity as they are; may break rules
	size_t n_extra;
};

// Mints into `out` (`size` octets), *n long. On a fault of the grant (its own fields, not the extra
// ones) it names it and writes nothing; TICKET_FAULT_TOO_LONG: does not fit.
enum ticket_fault ticket_mint(const struct ticket_profile *p, const struct ticket_grant *g,
	struct str password, uint8_t *out, size_t size, size_t *n);

// Whether the value is one that the field may have; shared by decoding and minting.
enum ticket_fault ticket_field_check(
	const struct ticket_profile *p, enum ticket_field f, struct str value);
