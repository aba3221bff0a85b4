// SPDX-License-Identifier: BSD-3-Clause
// URIs and addresses as SIP headers carry them (RFC 3261 section 25): sip, sips and tel URIs,
// parameter lists, name-addr and comma lists. Everything is a slice of the text that was given;
// nothing is unescaped. Pure, for any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

enum uri_scheme { URI_OTHER, URI_SIP, URI_SIPS, URI_TEL };

// One parameter. `whole` includes the ';' in front of it, so that deleting it leaves a good list.
struct uri_param {
	struct str name, value; // the value is raw: a quoted string keeps its quotes
	struct str whole;
};

struct uri {
	enum uri_scheme scheme;
	struct str text; // the whole URI
	struct str
		user; // sip: before '@', with its parameters, without the password; tel: the number
	struct str password;
	struct str hostport;               // sip only: host and port as written
	struct str host;                   // an IPv6 reference keeps its brackets
	uint16_t port;                     // 0: not given
	struct str params;                 // from the first ';' to '?' or the end; may be empty
	struct uri_param transport, maddr; // sip only, of `params`; without a name: not given
	struct str headers;                // after '?'; may be empty
};

// One element of a From, Contact, Route... header: `"Ann" <sip:a@b;x>;tag=1` or `sip:a@b;tag=1`.
struct name_addr {
	struct str display; // with its quotes; may be empty
	struct str uri;
	bool bracketed; // false: parameters belong to the header, never to the URI (RFC 3261 20.10)
	struct str params; // of the header, from the first ';'; may be empty
};

// False when it is no URI, or a sip, sips or tel URI that breaks the grammar in a way that two
// readers could understand differently (spaces, controls, angle brackets, a bad host or port, a second
// transport= or maddr=). A URI of any other scheme is URI_OTHER with only `text` filled in.
bool uri_parse(struct str s, struct uri *out);

// The address in a host as it stands in a URI or Via: dotted quad, or IPv6 with or without
// brackets. False for a name.
bool uri_host_ip(struct str host, struct ip_addr *out);

// host [":" port]; brackets stay in *host, *port is 0 when none is given.
bool uri_hostport_parse(struct str s, struct str *host, uint16_t *port);

// Takes the next parameter of a list like ";a;b=c;d=\"e;f\"". False at the end and at the first
// octet that fits no parameter (*rest is then not empty).
bool uri_param_next(struct str *rest, struct uri_param *out);

// The first parameter of that name (case-insensitive). `out` may be NULL.
bool uri_param_find(struct str params, struct str name, struct uri_param *out);

// Takes the next element of a comma list, minding quotes and angle brackets; elements come
// trimmed (folding too). False at the end.
bool uri_list_next(struct str *rest, struct str *elem);

// One element (not a comma list, not "*").
bool name_addr_parse(struct str s, struct name_addr *out);
