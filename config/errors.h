// SPDX-License-Identifier: BSD-3-Clause
// The list of faults while it grows, and the words in them. Inside config/ only.
#pragma once

#include "config/node.h"
#include "lib/suggestion.h"

#define ERRORS_MAX 200 // then the list ends with a note

// Room for every fault is taken at once, so that none is lost for want of memory. Returns -ENOMEM.
int errors_init(struct config_errors *e);

void errors_add(struct config_errors *e, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

// By place; faults of one place stay in the order they were found in.
void errors_sort(struct config_errors *e);

// What the user wrote, made fit for a terminal: cut at 60 octets, control characters as '?', and
// "nothing" when empty. Writes FOUND_MAX octets at most and returns `buf`.
#define FOUND_MAX 64
const char *found_text(struct str s, char *buf);
const char *found_node(const struct node *n, char *buf);
