// SPDX-License-Identifier: BSD-3-Clause
// Writes the namespace's ruleset as text and gives it to libnftables in one transaction. Called by
// cp/stack.c. Only numbers go into the text, so no name can break out of it.
#include "cp/nft.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Given to packets that a transparent listener or one of its connections takes.
#define MARK_TAKEN 1
// The kernel's own answers are for people who test a cable; more than this is a flood that the
// workers' budgets let through.
#define ICMP_PER_SECOND 200

// tproxy finds an established connection first, then the listener; when there is neither it ends
// the rule, and the packet meets the default drop of `input`.
static void print_prerouting(FILE *f, const struct nft_iface *ifaces, size_t n)
{
	char ip[IP_TEXT_MAX];

	fprintf(f,
		"chain prerouting {\n"
		"type filter hook prerouting priority mangle; policy accept;\n");
	for (size_t i = 0; i < n; i++) {
		const struct nft_iface *x = &ifaces[i];

		fprintf(f,
			"iif %u ip daddr != %s meta l4proto tcp tproxy to 127.0.0.1:%u "
			"meta mark set %u accept\n",
			x->ifindex, ip_format(&x->ip, ip), x->listener, MARK_TAKEN);
		if (x->service != 0)
			fprintf(f,
				"iif %u ip daddr %s tcp dport { %u, %u-%u } tproxy to "
				"127.0.0.1:%u meta mark set %u accept\n",
				x->ifindex, ip, x->service, x->first, x->last, x->listener,
				MARK_TAKEN);
	}
	fprintf(f, "}\n");
}

// No connection tracking: a flood would fill its table, and sockets know their connections.
static void print_input(FILE *f, const struct nft_iface *ifaces, size_t n)
{
	char ip[IP_TEXT_MAX];

	fprintf(f,
		"chain input {\n"
		"type filter hook input priority filter; policy drop;\n"
		"meta mark %u accept\n"
		// Connections from an interface's own address.
		"meta l4proto tcp socket wildcard 0 socket transparent 1 accept\n",
		MARK_TAKEN);
	for (size_t i = 0; i < n; i++)
		fprintf(f,
			"iif %u ip daddr %s icmp type echo-request limit rate %u/second accept\n",
			ifaces[i].ifindex, ip_format(&ifaces[i].ip, ip), ICMP_PER_SECOND);
	// Path MTU discovery and unreachable peers.
	fprintf(f,
		"icmp type { destination-unreachable, time-exceeded } limit rate %u/second accept\n"
		"}\n",
		ICMP_PER_SECOND);
}

static char *ruleset(const struct nft_iface *ifaces, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return NULL;
	fprintf(f, "flush ruleset\ntable ip callgate {\n");
	print_prerouting(f, ifaces, n);
	print_input(f, ifaces, n);
	fprintf(f, "chain forward { type filter hook forward priority filter; policy drop; }\n}\n");
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

int nft_install(const struct nft_iface *ifaces, size_t n, char *err, size_t err_size)
{
	struct nft_ctx *nft = NULL;
	char *text = ruleset(ifaces, n);
	int e = -ENOMEM;

	snprintf(err, err_size, "install packet rules: %s", strerror(ENOMEM));
	if (text == NULL)
		goto out;
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (nft == NULL || nft_ctx_buffer_error(nft) != 0)
		goto out;
	e = 0;
	if (nft_run_cmd_from_buffer(nft, text) != 0) {
		snprintf(err, err_size,
			"install packet rules (kernel options NFT_TPROXY, NFT_SOCKET): %s",
			nft_ctx_get_error_buffer(nft));
		e = -EOPNOTSUPP;
	}
out:
	if (nft != NULL)
		nft_ctx_free(nft);
	free(text);
	return e;
}
