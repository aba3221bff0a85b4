// SPDX-License-Identifier: BSD-3-Clause
// The steps of a call whose caller's number is signed, or is not: rig.remote calls call manager A, which
// has a stir-verify.
#pragma once

#include "test/unit/call_steps.h"
#include "test/unit/stir_pki.h"

#define ON(how)    "stir: {certificates: stir, anchors: stir.pem, verify: " how ","
#define FROM       "<sip:+12125550199@enterprise-b.example>;tag=rtag\n"
#define FROM_ALONE "<sip:+12125550199@enterprise-b.example>;tag=rtag\r\n"
#define NOW        STIR_TIME
#define IDENTITY   "Identity: %s\n"
#define CALL_TAIL  B_TO "\n" R_CALL_ID "CSeq: 101 INVITE\n" R_CONTACT "Max-Forwards: 69\n"

// A good PASSporT, as the value of an Identity header.
extern char good[STIR_TEXT_MAX];

// The proxies; `how` is ON() or, NULL, as in the sample, which is off.
void up(const char *how);

// An INVITE with this value of From, and these header lines.
void invite_from(const char *from, const char *lines);
void invite(const char *lines);

// The header line. Valid until the next call.
const char *identity(const char *value);

// Adds the header line of a PASSporT of this signer to `text`.
void signed_by(char *text, size_t size, enum stir_signer s, const char *orig, const char *dest,
	uint64_t iat);

// What A knows of the caller.
struct call_caller caller(void);

// Adds the header lines of the compact form (RFC 8225 7) of a call at STIR_TIME, signed by STIR_spc,
// and these lines.
void signed_compact(char *text, size_t size, const char *orig, const char *lines);
#define DATE "Date: Sun, 01 Mar 2026 00:00:00 GMT\n" // STIR_TIME
