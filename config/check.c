// SPDX-License-Identifier: BSD-3-Clause
// What can only be judged when everything has been read. Called at the end of config/load.c.
#include "config/schema.h"

void check_config(struct loader *l)
{
}
