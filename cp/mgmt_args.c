// SPDX-License-Identifier: BSD-3-Clause
// mgmt_knows() of cp/mgmt.h.
#include <stdio.h>
#include <string.h>

#include "cp/mgmt.h"

bool mgmt_knows(const cJSON *args, const char *const *names, char *err, size_t err_size)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, args) {
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], x->string) != 0)
			i++;
		if (names[i] != NULL)
			continue;
		snprintf(err, err_size,
			"%.40s: this daemon (callgate " CALLGATE_VERSION
			") does not know it; is the client a newer one (callgate --version)?",
			x->string);
		return false;
	}
	return true;
}
