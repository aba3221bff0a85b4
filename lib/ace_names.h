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

// The value of a name, in any case; false when there is none such.
bool ace_name_find(const struct ace_names *names, struct str word, uint16_t *value);

// The first name of a value, or NULL.
const char *ace_name_of(const struct ace_names *names, uint16_t value);
