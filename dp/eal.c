// SPDX-License-Identifier: BSD-3-Clause
// Cold: control thread.
// DPDK's environment; see dp/eal.h. Called by dp/dp.c.
#include "dp/eal.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_alarm.h>
#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_malloc.h>

#include "dp/kernel_mtu.h"

#define AFPACKET "net_af_packet"
// What the kernel puts before a frame in af_packet's ring, generously.
#define AFPACKET_HEAD    128u
#define AFPACKET_FRAMESZ 2048
#define AFPACKET_FRAMES  4u // of a block
#define PAGE             4096u

#define ETHER_OVERHEAD      (RTE_ETHER_HDR_LEN + 4u) // with one VLAN tag
#define DESCRIPTORS_DEFAULT 1024
#define MTU_DEFAULT         1500
// Per worker: the rings that end there, and what is in vectors and caches.
#define BUFFERS_PER_WORKER 4096
#define POOL_CACHE         256

#define RX_L4_CHECKSUMS (RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)

#define INTR_THREAD_WAIT_MS 1000

__attribute__((format(printf, 4, 5))) static int fail(
	int code, char *err, size_t err_size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err, err_size, format, ap);
	va_end(ap);
	return code;
}

bool eal_device_is_pci(const char *device)
{
	unsigned int a, b, c, d;
	int used = 0;

	if (sscanf(device, "%x:%x:%x.%x%n", &a, &b, &c, &d, &used) == 4 && device[used] == '\0')
		return true;
	used = 0;
	return sscanf(device, "%x:%x.%x%n", &a, &b, &c, &used) == 3 && device[used] == '\0';
}

unsigned int eal_port_first(const struct dp_options *o, unsigned int i)
{
	unsigned int first = 0;

	while (strcmp(o->ifaces[first].device, o->ifaces[i].device) != 0)
		first++;
	return first;
}

__attribute__((format(printf, 2, 3))) static int arg_add(
	struct eal_args *a, const char *format, ...)
{
	va_list ap;
	int n;

	if (a->n == EAL_ARGS_MAX)
		return -EINVAL;
	va_start(ap, format);
	n = vsnprintf(a->text[a->n++], EAL_ARG_MAX, format, ap);
	va_end(ap);
	return n < EAL_ARG_MAX ? 0 : -EINVAL;
}

// '0@C,1@c1,2@c2': lcore 0 is the control thread, the others are the workers in order.
static int lcores_make(char *out, size_t size, const struct dp_options *o)
{
	int n = snprintf(out, size, "0@%d", o->control_core);

	for (unsigned int i = 0; i < o->n_workers && n >= 0 && (size_t)n < size; i++)
		n += snprintf(out + n, size - (size_t)n, ",%u@%d", eal_worker_lcore(i),
			o->worker_cores[i]);
	return n >= 0 && (size_t)n < size ? 0 : -EINVAL;
}

// No --force-max-simd-bitwidth=512: rules are looked up for one flow at a time (dp/acl.c), while rte_acl uses
// AVX-512 from 16 at once on.
int eal_args_make(struct eal_args *a, const struct dp_options *o)
{
	char lcores[EAL_ARG_MAX - 16];
	bool pci = false;
	int bad = lcores_make(lcores, sizeof(lcores), o);

	a->n = 0;
	bad |= arg_add(a, "callgate") | arg_add(a, "--lcores=%s", lcores) |
		arg_add(a, "--main-lcore=0") | arg_add(a, "--no-telemetry") |
		arg_add(a, "--log-level=warning") |
		arg_add(a, "--file-prefix=%s",
			o->instance_name != NULL ? o->instance_name : "callgate");
	if (o->hugepages) {
		bad |= arg_add(a, "--in-memory");
		if (o->memory_mb > 0)
			bad |= arg_add(a, "--socket-limit=%u", o->memory_mb);
	} else {
		bad |= arg_add(a, "--no-huge") | arg_add(a, "--no-shconf") | arg_add(a, "-m") |
			arg_add(a, "%u", o->memory_mb);
	}
	for (unsigned int i = 0; i < o->n_ifaces; i++) {
		if (!eal_device_is_pci(o->ifaces[i].device) || eal_port_first(o, i) != i)
			continue;
		pci = true;
		bad |= arg_add(a, "--allow=%s", o->ifaces[i].device);
	}
	if (!pci)
		bad |= arg_add(a, "--no-pci");
	return bad != 0 ? -EINVAL : 0;
}

// The EAL's own thread, for interrupts, is as privileged as the one that started it. An alarm is
// the way to run something there.
static int (*intr_thread_start)(void);
static int intr_thread_result; // 1: done, -1: failed

static void on_intr_thread(void *arg)
{
	int result = intr_thread_start() == 0 ? 1 : -1;

	__atomic_store_n(&intr_thread_result, result, __ATOMIC_RELEASE);
}

static int intr_thread_shed(int (*thread_start)(void))
{
	int result = 0;

	if (thread_start == NULL)
		return 0;
	intr_thread_start = thread_start;
	if (rte_eal_alarm_set(1, on_intr_thread, NULL) != 0)
		return -EIO;
	for (int ms = 0; result == 0 && ms < INTR_THREAD_WAIT_MS; ms++) {
		rte_delay_us_sleep(1000);
		result = __atomic_load_n(&intr_thread_result, __ATOMIC_ACQUIRE);
	}
	return result == 1 ? 0 : -EPERM;
}

int eal_open(const struct dp_options *o, char *err, size_t err_size)
{
	struct eal_args a;
	char *argv[EAL_ARGS_MAX + 1] = {NULL};

	if (o->n_workers == 0 || o->n_workers > WORKERS_MAX || o->n_ifaces == 0 ||
		o->n_ifaces > DP_IFACES_MAX)
		return fail(-EINVAL, err, err_size, "1 to %d workers and 1 to %d interfaces",
			WORKERS_MAX, DP_IFACES_MAX);
	if (eal_args_make(&a, o) != 0)
		return fail(-EINVAL, err, err_size, "arguments for the EAL are too long");
	for (int i = 0; i < a.n; i++)
		argv[i] = a.text[i];
	if (rte_eal_init(a.n, argv) < 0)
		return fail(-rte_errno, err, err_size,
			"DPDK does not start (%s): do the CPUs of `control` and `workers` exist, "
			"is there memory for memory-mb %u, %s?",
			rte_strerror(rte_errno), o->memory_mb,
			o->hugepages ? "are hugepages mounted" : "as ordinary pages");
	if (intr_thread_shed(o->thread_start) < 0)
		return fail(-EPERM, err, err_size, "the EAL's thread keeps its privileges");
	return 0;
}

void eal_close(void)
{
	rte_eal_cleanup();
}

static uint16_t descriptors_of(const struct dp_iface_options *i)
{
	return i->descriptors != 0 ? i->descriptors : DESCRIPTORS_DEFAULT;
}

static uint16_t mtu_of(const struct dp_iface_options *i)
{
	return i->mtu != 0 ? i->mtu : MTU_DEFAULT;
}

static bool is_af_packet(const struct dp_iface_options *i)
{
	return strncmp(i->device, AFPACKET, strlen(AFPACKET)) == 0;
}

struct dp_iface_options eal_port_options(const struct dp_options *o, unsigned int i)
{
	struct dp_iface_options all = o->ifaces[i];

	for (unsigned int k = 0; k < o->n_ifaces; k++) {
		if (eal_port_first(o, k) != eal_port_first(o, i))
			continue;
		all.mtu = RTE_MAX(mtu_of(&all), mtu_of(&o->ifaces[k]));
		all.vlan = RTE_MAX(all.vlan, o->ifaces[k].vlan);
	}
	return all;
}

// Of what af_packet shares with the kernel; and of our buffers, because it wants one to hold a whole frame of
// its ring, head and all. In quarters of a page, so that four make blocks that fit without a gap: the driver
// knows none.
static unsigned int framesz_for(uint16_t mtu)
{
	return RTE_MAX(RTE_ALIGN(mtu + ETHER_OVERHEAD + AFPACKET_HEAD, PAGE / AFPACKET_FRAMES),
		(unsigned int)AFPACKET_FRAMESZ);
}

struct rte_mempool *eal_pool(const struct dp_options *o, uint16_t priv, char *err, size_t err_size)
{
	unsigned int n = 0, mtu = MTU_DEFAULT, room;
	struct rte_mempool *pool;

	for (unsigned int i = 0; i < o->n_ifaces; i++) {
		if (eal_port_first(o, i) == i)
			n += 2u * o->n_workers * descriptors_of(&o->ifaces[i]);
		mtu = RTE_MAX(mtu, mtu_of(&o->ifaces[i]));
	}
	n += (o->n_workers + 1) * BUFFERS_PER_WORKER;
	room = RTE_PKTMBUF_HEADROOM + framesz_for((uint16_t)mtu);
	pool = rte_pktmbuf_pool_create(
		"packets", n, POOL_CACHE, priv, (uint16_t)room, SOCKET_ID_ANY);
	if (pool == NULL)
		fail(-rte_errno, err, err_size,
			"no room for %u packet buffers of %u octets (%s): raise memory-mb or lower "
			"descriptors",
			n, room + priv, rte_strerror(rte_errno));
	return pool;
}

// ---- Devices -----------------------------------------------------------------------------------

// What the user says of a key in a device string, or `otherwise`.
static unsigned int vdev_value(const char *device, const char *key, unsigned int otherwise)
{
	char with[32];
	const char *at;

	snprintf(with, sizeof(with), ",%s=", key);
	at = strstr(device, with);
	return at != NULL ? (unsigned int)strtoul(at + strlen(with), NULL, 10) : otherwise;
}

int eal_vdev_make(char *out, size_t size, const struct dp_iface_options *i, unsigned int n_workers)
{
	unsigned int framesz = vdev_value(i->device, "framesz", framesz_for(mtu_of(i)));
	const struct {
		const char *key;
		unsigned int value;
	} want[] = {
		{"qpairs", n_workers},
		{"framecnt", descriptors_of(i)},
		{"framesz", framesz},
		{"blocksz", framesz * AFPACKET_FRAMES},
	};
	int n = snprintf(out, size, "%s", i->device);

	if (!is_af_packet(i))
		return n >= 0 && (size_t)n < size ? 0 : -EINVAL;
	for (size_t k = 0; k < RTE_DIM(want) && n >= 0 && (size_t)n < size; k++)
		if (vdev_value(i->device, want[k].key, UINT_MAX) == UINT_MAX)
			n += snprintf(
				out + n, size - (size_t)n, ",%s=%u", want[k].key, want[k].value);
	return n >= 0 && (size_t)n < size ? 0 : -EINVAL;
}

static int device_probe(const struct dp_iface_options *i, unsigned int n_workers, uint16_t *id,
	char *err, size_t err_size)
{
	char text[EAL_ARG_MAX], *args;
	int bad;

	if (eal_device_is_pci(i->device)) {
		if (rte_eth_dev_get_port_by_name(i->device, id) == 0)
			return 0;
		return fail(-ENODEV, err, err_size,
			"interface %s: no DPDK device %s; is it bound to vfio-pci?", i->name,
			i->device);
	}
	if (eal_vdev_make(text, sizeof(text), i, n_workers) != 0)
		return fail(
			-EINVAL, err, err_size, "interface %s: device string is too long", i->name);
	args = strchr(text, ',');
	if (args != NULL)
		*args++ = '\0';
	bad = rte_eal_hotplug_add("vdev", text, args != NULL ? args : "");
	if (bad == 0)
		bad = rte_eth_dev_get_port_by_name(text, id);
	if (bad != 0)
		return fail(bad, err, err_size,
			"interface %s: device %s with %s does not open (%s): does the network "
			"interface exist, is it up?",
			i->name, text, args != NULL ? args : "nothing", rte_strerror(-bad));
	return 0;
}

static int queues_setup(struct eal_port *p, const struct dp_iface_options *i,
	unsigned int n_workers, struct rte_mempool *pool)
{
	uint16_t n_rx = descriptors_of(i), n_tx = descriptors_of(i);
	int socket = rte_eth_dev_socket_id(p->id);
	int bad = rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &n_rx, &n_tx);

	for (uint16_t q = 0; q < p->rx_queues && bad == 0; q++)
		bad = rte_eth_rx_queue_setup(p->id, q, n_rx, (unsigned int)socket, NULL, pool);
	for (uint16_t q = 0; q < n_workers && bad == 0; q++)
		bad = rte_eth_tx_queue_setup(p->id, q, n_tx, (unsigned int)socket, NULL);
	return bad;
}

// A virtual device also calls good what another guest left for hardware to fill in, and such a packet must
// not go out on a wire.
uint64_t eal_rx_offloads(const char *device, const struct rte_eth_dev_info *info)
{
	if (eal_device_is_pci(device) &&
		(info->rx_offload_capa & RX_L4_CHECKSUMS) == RX_L4_CHECKSUMS &&
		strcmp(info->driver_name, "net_virtio") != 0 &&
		strcmp(info->driver_name, "net_vmxnet3") != 0)
		return RX_L4_CHECKSUMS;
	return 0;
}

// The largest that rte_eth_dev_configure() takes, by the same calculation.
static uint32_t most_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	return RTE_MIN(info->max_rx_pktlen - overhead, (uint32_t)info->max_mtu);
}

// To some drivers a tag is payload; others count it themselves, and may have no room for more. What
// af_packet says of itself is a default: its frames are as long as `framesz` lets them.
static uint32_t frame_mtu(const struct dp_iface_options *i, const struct rte_eth_dev_info *info)
{
	const uint32_t mtu = mtu_of(i), tagged = mtu + RTE_VLAN_HLEN, most = most_mtu(info);

	if (i->vlan != 0 && tagged <= most)
		return tagged;
	return is_af_packet(i) ? RTE_MIN(mtu, most) : mtu;
}

static int port_setup(struct eal_port *p, const struct dp_iface_options *i, unsigned int n_workers,
	struct rte_mempool *pool, char *err, size_t err_size)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {.rxmode.mtu = 0};
	bool fanout = is_af_packet(i);
	uint16_t wanted = i->rx_queues != 0 ? i->rx_queues : (uint16_t)n_workers;
	int bad = rte_eth_dev_info_get(p->id, &info);

	if (bad != 0)
		return fail(bad, err, err_size, "interface %s: device says nothing", i->name);
	if (info.max_tx_queues < n_workers)
		return fail(-ENOTSUP, err, err_size,
			"interface %s: device has %u transmit queues for %u workers; use fewer "
			"workers",
			i->name, info.max_tx_queues, n_workers);
	conf.rxmode.mtu = frame_mtu(i, &info);
	p->pollers = (uint16_t)RTE_MIN((unsigned int)wanted, n_workers);
	p->rx_queues = RTE_MIN(p->pollers, info.max_rx_queues);
	// The kernel deals packets out to every socket of the fanout, read or not.
	if (fanout)
		p->rx_queues = info.max_rx_queues;
	if (p->rx_queues > 1 && info.flow_type_rss_offloads != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads &
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
	}
	conf.rxmode.offloads = eal_rx_offloads(i->device, &info);
	p->judges_l4 = conf.rxmode.offloads != 0;
	bad = rte_eth_dev_configure(p->id, p->rx_queues, (uint16_t)n_workers, &conf);
	if (bad == 0)
		bad = queues_setup(p, i, n_workers, pool);
	if (bad == 0)
		bad = rte_eth_dev_start(p->id);
	if (bad != 0)
		return fail(bad, err, err_size,
			"interface %s: %u receive and %u transmit queues do not start (%s)",
			i->name, p->rx_queues, n_workers, rte_strerror(-bad));
	return 0;
}

static int kernel_setup(const struct dp_iface_options *i, char *err, size_t err_size)
{
	unsigned int found;
	int bad = kernel_mtu_raise(i->device, mtu_of(i), &found);

	if (bad == 0)
		return 0;
	return fail(bad, err, err_size,
		"interface %s: found an MTU of %u at the network interface of %s, expected %u, "
		"which it "
		"does not take (%s): lower mtu",
		i->name, found, i->device, mtu_of(i), rte_strerror(-bad));
}

int eal_port_open(struct eal_port *out, const struct dp_iface_options *i, unsigned int n_workers,
	struct rte_mempool *pool, char *err, size_t err_size)
{
	int bad = device_probe(i, n_workers, &out->id, err, err_size);

	if (bad != 0)
		return bad;
	if (is_af_packet(i))
		bad = kernel_setup(i, err, err_size);
	if (bad == 0)
		bad = port_setup(out, i, n_workers, pool, err, err_size);
	if (bad != 0)
		rte_eth_dev_close(out->id);
	return bad;
}

void eal_port_close(uint16_t id)
{
	rte_eth_dev_stop(id);
	rte_eth_dev_close(id);
}
