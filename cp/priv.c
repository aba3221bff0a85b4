// SPDX-License-Identifier: BSD-3-Clause
// Sheds what the process does not need. Called by cp/main.c, and by each worker at its start.
#include "cp/priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int priv_start(void)
{
	const struct rlimit none = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return 0;
}

// Keeps the capabilities listed up to -1, here and in the bounding set.
static int keep_only(const int *caps)
{
	capng_clear(CAPNG_SELECT_ALL);
	for (; *caps >= 0; caps++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			(unsigned int)*caps);
	return capng_apply(CAPNG_SELECT_ALL) == 0 ? 0 : -EPERM;
}

int priv_shed_control(void)
{
	return keep_only((const int[]){CAP_NET_ADMIN, CAP_NET_RAW, -1});
}

int priv_shed_worker(void)
{
	return keep_only((const int[]){-1});
}
