// SPDX-License-Identifier: BSD-3-Clause
// Called by cp/main.c after each turn of the event loop.
#include "cp/wipe.h"

#include <stdint.h>
#include <string.h>

__attribute__((noinline)) void wipe_stack(void)
{
	uint8_t below[WIPE_STACK];

	explicit_bzero(below, sizeof(below));
}
