// SPDX-License-Identifier: BSD-3-Clause
// A strict reader of JSON (RFC 8259) for signed tokens: what two readers could take in two ways is
// no JSON here. No object may name a member twice, at any depth, and no name may be written with
// escapes. Everything is a slice of the text; nothing is unescaped or allocated. Pure, any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define JSON_DEPTH_MAX   8  // objects and arrays in each other
#define JSON_MEMBERS_MAX 32 // of one object

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_WORD, JSON_OBJECT, JSON_ARRAY };

struct json {
	enum json_kind kind;
	struct str text; // as written, without the quotes, braces or brackets around it
};

// The whole slice is one value, perhaps with white space around it.
bool json_parse(struct str s, struct json *out);

// Walks the members of an object or the elements of an array; *rest starts as the value's text. Only
// over what json_parse() has accepted. False at the end.
bool json_member_next(struct str *rest, struct str *name, struct json *value);
bool json_elem_next(struct str *rest, struct json *value);

// A member of that name. False for anything but an object that has it.
bool json_member(const struct json *object, struct str name, struct json *out);

// The same, when it is of that kind.
bool json_member_of(
	const struct json *object, struct str name, enum json_kind kind, struct json *out);

// Whether a string says `s`. Only "\/" is understood of the escapes: any other makes it unequal.
bool json_is(const struct json *string, struct str s);
