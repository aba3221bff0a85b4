// SPDX-License-Identifier: BSD-3-Clause
// The heap of the daemon: whatever is given back is wiped first. A key passes through buffers of
// libevent, OpenSSL and libyaml, and nobody could name all of them.
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cp/wipe.h"

// glibc's own, under the names that stay when others are put in their place.
void __libc_free(void *p);
void *__libc_realloc(void *p, size_t n);

#define CHUNK_IS_MAPPED 2 // of the size in front of a block (glibc: IS_MMAPPED)

// A mapping of its own: the kernel takes its pages away, and moves them without a copy.
static bool is_mapped(const void *p)
{
	return (((const size_t *)p)[-1] & CHUNK_IS_MAPPED) != 0;
}

void free(void *p)
{
	if (p != NULL && !is_mapped(p))
		explicit_bzero(p, malloc_usable_size(p));
	__libc_free(p);
}

void *realloc(void *p, size_t n)
{
	size_t had = p != NULL ? malloc_usable_size(p) : 0;
	void *q;

	if (p == NULL || is_mapped(p))
		return __libc_realloc(p, n);
	if (n <= had) {
		explicit_bzero((char *)p + n, had - n);
		return __libc_realloc(p, n);
	}
	q = malloc(n);
	if (q == NULL)
		return NULL;
	memcpy(q, p, had);
	free(p);
	return q;
}
