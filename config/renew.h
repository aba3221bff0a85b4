// SPDX-License-Identifier: BSD-3-Clause
// What differs between a configuration in force and the file as it is now, and how the rules of one go
// over into the other while everybody goes on to point to it. Control thread only.
#pragma once

#include "config/config.h"

// A section of the file, or something that follows from several, that is not as it was.
struct config_change {
	const char *section; // the name of a section, a literal or of `is` or `was`
	uint32_t line;       // of the file as it is; 0: the section has gone
	bool live;           // a rule of the firewall, which can be put into force under traffic
};

#define CONFIG_CHANGES_MAX 64

// In the order of the file as it is; how many, at most CONFIG_CHANGES_MAX. Other files that it names
// (keys, passwords, thresholds) are not compared: commands of their own read them.
size_t config_changes(const struct config *was, const struct config *is,
	struct config_change out[CONFIG_CHANGES_MAX]);

// Of these, one is of what a policy map of SIP inspects for (`regex`, `class-maps`, `policy-maps`).
bool config_changes_sip_maps(const struct config_change *c, size_t n);

// Swaps what is live: routes, objects, translations, access lists and where they are asked, what is inspected
// for, timeouts, limits of flows, warnings. The arrays stay where they are, but for those of classes and interfaces. Twice
// is as before. Good only for two whose every change is live.
void config_swap_rules(struct config *a, struct config *b);
