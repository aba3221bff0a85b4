// SPDX-License-Identifier: BSD-3-Clause
// The private network namespace of the control plane (design.md section 2, point 7). It has no
// name: it ends with the process. Control thread only.
#pragma once

#include <stddef.h>

// Moves the calling thread, and no other, into a new namespace and sets the kernel's switches
// there: interfaces made later inherit them. Needs CAP_SYS_ADMIN. On failure returns -errno and
// `err` names the step.
int netns_enter(char *err, size_t err_size);
