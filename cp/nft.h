// SPDX-License-Identifier: BSD-3-Clause
// The packet rules of the private namespace: which of the punted packets the kernel may see, and
// which listener takes a connection to an address that nobody owns (design.md section 2, point 3).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

struct nft_iface {
	unsigned int ifindex;
	struct ip_addr ip; // the interface's own address
	uint16_t listener; // port of its transparent listener
	// Ports of its own address that lead there too; 0: none.
	uint16_t service, first, last;
};

// Replaces the whole ruleset of the calling thread's namespace in one transaction. On failure
// nothing has changed, `err` says why. Returns -errno.
int nft_install(const struct nft_iface *ifaces, size_t n, char *err, size_t err_size);
