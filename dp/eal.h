// SPDX-License-Identifier: BSD-3-Clause
// The environment: DPDK's EAL, its devices and the packet buffers, from dp_options.
#pragma once

#include "dp/dp.h"

struct rte_eth_dev_info;
struct rte_mempool;

#define EAL_ARGS_MAX 64
#define EAL_ARG_MAX  256

// The EAL's command line. Pure, so that tests can read it.
struct eal_args {
	int n;
	char text[EAL_ARGS_MAX][EAL_ARG_MAX];
};
// -EINVAL when something does not fit.
int eal_args_make(struct eal_args *out, const struct dp_options *o);

// The vdev string of a device with what a worker count and an MTU ask of it, unless the user has
// said it himself. Pure. -EINVAL when it does not fit.
int eal_vdev_make(char *out, size_t size, const struct dp_iface_options *i, unsigned int n_workers);
bool eal_device_is_pci(const char *device);

// What the device does for us: it checks TCP and UDP checksums, which cost as much as a packet is long. Not
// the IPv4 header's, 20 octets that are read anyway. Pure.
// It makes none (txmode.offloads stays 0). What passes has right sums already, and a translation changes them
// by what it changes (RFC 1624), a few additions on lines that are written anyway. A device would want more of
// the worker: the sum of the pseudo header in the packet, flags and lengths in both cache lines of the buffer,
// and of i40e, ixgbe and others their vector path to send would be lost, for all packets. Media is summed
// whole where it is sealed, while it is in the nearest cache: three wide reads a packet of voice (dp/pkt_sum.h).
// ICMP errors, resets and fragments are rare.
uint64_t eal_rx_offloads(const char *device, const struct rte_eth_dev_info *info);

// The first interface that has the device of interface `i`; `i` itself where it is the first, or alone.
unsigned int eal_port_first(const struct dp_options *o, unsigned int i);

// What all interfaces of that device together ask of it: the largest MTU, and a tag if any has one. Pure.
struct dp_iface_options eal_port_options(const struct dp_options *o, unsigned int i);

// The EAL's lcore of a worker.
static inline unsigned int eal_worker_lcore(unsigned int worker)
{
	return worker + 1;
}

// What became of one interface.
struct eal_port {
	uint16_t id; // ethdev
	uint16_t rx_queues;
	uint16_t pollers; // how many workers share these queues: queue q is worker q % pollers'
	// Other interfaces are on it, or this one has a tag; `lent`: an earlier one has opened it.
	bool by_tag, lent;
	bool judges_l4; // RTE_MBUF_F_RX_L4_CKSUM_GOOD of TCP and UDP can be believed
};

// Control thread; each returns 0, or -errno with what was tried and what to do in `err`.
int eal_open(const struct dp_options *o, char *err, size_t err_size);
// Buffers for all queues, rings and caches; `priv` octets of metadata each.
struct rte_mempool *eal_pool(const struct dp_options *o, uint16_t priv, char *err, size_t err_size);
int eal_port_open(struct eal_port *out, const struct dp_iface_options *i, unsigned int n_workers,
	struct rte_mempool *pool, char *err, size_t err_size);
void eal_port_close(uint16_t id);
void eal_close(void);
