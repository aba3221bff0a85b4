// SPDX-License-Identifier: BSD-3-Clause
#include "config/config.h"

int config_iface_toward(const struct config *c, const struct ip_addr *ip)
{
	int best = -1, best_len = -1;

	for (size_t i = 0; i < c->n_ifaces; i++) {
		if (prefix_has(&c->ifaces[i].subnet, ip) && c->ifaces[i].subnet.len > best_len) {
			best = (int)i;
			best_len = c->ifaces[i].subnet.len;
		}
	}
	for (size_t i = 0; i < c->n_routes; i++) {
		const struct config_route *r = &c->routes[i];

		if (prefix_has(&r->dst, ip) && r->dst.len > best_len && r->iface < c->n_ifaces) {
			best = r->iface;
			best_len = r->dst.len;
		}
	}
	return best;
}
