// SPDX-License-Identifier: BSD-3-Clause
// What a message with keys leaves behind in memory (SRTP-4): text in buffers that were given back, and
// copies on the stack. Whoever keeps a key for longer wipes it by itself.
#pragma once

#include <stddef.h>

// So much of the stack may a turn of the event loop use; what it has below this is not wiped.
#define WIPE_STACK (32u << 10)

// Clears the stack below the caller's frame, WIPE_STACK octets of it: what the functions that it
// has called before have left there.
void wipe_stack(void);

// The C library's, with what is given back wiped first: for the heap of the whole process, its libraries'
// too. In cp/wipe_heap.c, for the daemon alone; a sanitizer has a heap of its own.
void free(void *p);
void *realloc(void *p, size_t n);
