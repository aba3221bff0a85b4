// SPDX-License-Identifier: BSD-3-Clause
// Reading small files whole, with a reason in words when that fails. Inside config/ only.
#pragma once

#include <stddef.h>

#define FILE_WHY_MAX 400

enum file_kind {
	FILE_PUBLIC,
	FILE_SECRET, // owned by root or the user, and nobody else may so much as read it
};

// Reads a regular file of at most `max` octets. On success *out (NUL-terminated, to be freed; a
// secret one with file_wipe) and *n. Else -errno, and `why` says "found ..., expected ...".
int file_read(const char *path, size_t max, enum file_kind kind, char **out, size_t *n,
	char why[static FILE_WHY_MAX]);

void file_wipe(char *text, size_t n); // wipes and frees; accepts NULL
