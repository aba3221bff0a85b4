// SPDX-License-Identifier: BSD-3-Clause
// The manual's names for protocols, ports and ICMP types.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

struct ace_name {
	const char *name;
	uint16_t value;
};

struct ace_names {
	const struct ace_name *list;
	size_t n;
};

extern const struct ace_names ace_protocols, ace_ports, ace_icmp_types;

// The value of a name, in any case of letters, or of a number up to `max`; false when it is neither.
bool ace_number(const struct ace_names *names, struct str word, uint16_t max, uint16_t *value);

#define ACE_PORT_EXPECTED "a port: 0 to 65535 or a name such as sip"

// The first name of a value, or NULL.
const char *ace_name_of(const struct ace_names *names, uint16_t value);
