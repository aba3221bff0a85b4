// SPDX-License-Identifier: BSD-3-Clause
// The EAL's arguments and device strings from dp_options: dp/eal.h. No EAL is started.
#include "test/unit/test.h"

#include <string.h>

#include <rte_ethdev.h>

#include "dp/eal.h"

static bool has(const struct eal_args *a, const char *text)
{
	for (int i = 0; i < a->n; i++)
		if (strcmp(a->text[i], text) == 0)
			return true;
	return false;
}

static struct dp_options options(void)
{
	struct dp_options o = {
		.n_ifaces = 2,
		.n_workers = 3,
		.control_core = 0,
		.worker_cores = {1, 0, 1},
		.memory_mb = 256,
		.instance_name = "a",
	};

	strcpy(o.ifaces[0].device, "net_af_packet0,iface=outside");
	strcpy(o.ifaces[1].device, "net_af_packet1,iface=inside");
	return o;
}

static void test_args(void **state)
{
	struct dp_options o = options();
	struct eal_args a;

	assert_int_equal(eal_args_make(&a, &o), 0);
	assert_true(has(&a, "--lcores=0@0,1@1,2@0,3@1"));
	assert_true(has(&a, "--no-huge") && has(&a, "-m") && has(&a, "256"));
	assert_false(has(&a, "--in-memory")); // the two exclude each other
	assert_true(has(&a, "--no-pci") && has(&a, "--no-telemetry"));
	assert_true(has(&a, "--file-prefix=a"));
	o.hugepages = true;
	strcpy(o.ifaces[1].device, "0000:03:00.1");
	assert_int_equal(eal_args_make(&a, &o), 0);
	assert_true(has(&a, "--in-memory") && !has(&a, "--no-huge") && !has(&a, "-m"));
	assert_true(has(&a, "--allow=0000:03:00.1") && !has(&a, "--no-pci"));
}

static void test_offloads(void **state)
{
#define L4 (RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
	static const struct {
		const char *device, *driver;
		uint64_t can, want;
	} t[] = {
		{"0000:03:00.0", "net_ixgbe", L4 | RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, L4},
		{"03:00.0", "mlx5_pci", UINT64_MAX, L4},
		{"0000:03:00.0", "net_ixgbe", 0, 0},
		{"0000:03:00.0", "net_ixgbe", RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0},
		{"0000:03:00.0", "net_ixgbe", RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0},
		// Another guest's unfinished checksums are good there.
		{"0000:03:00.0", "net_virtio", UINT64_MAX, 0},
		{"0000:03:00.0", "net_vmxnet3", UINT64_MAX, 0},
		{"net_tap0,iface=x", "net_tap", UINT64_MAX, 0},
		{"net_af_packet0,iface=x", "net_af_packet", UINT64_MAX, 0},
		{"net_virtio_user0,path=/dev/vhost-net", "net_virtio_user", UINT64_MAX, 0},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		const struct rte_eth_dev_info info = {
			.driver_name = t[i].driver, .rx_offload_capa = t[i].can};

		if (eal_rx_offloads(t[i].device, &info) != t[i].want)
			fail_msg("%s of %s", t[i].device, t[i].driver);
	}
}

// Interfaces of one device: opened once, with room for the largest of them and a tag.
static void test_shared(void **state)
{
	struct dp_options o = options();
	struct dp_iface_options all;
	struct eal_args a;
	unsigned int n = 0;

	o.n_ifaces = 4;
	strcpy(o.ifaces[0].device, "0000:03:00.1");
	strcpy(o.ifaces[2].device, "0000:03:00.1");
	strcpy(o.ifaces[3].device, "0000:03:00.1");
	o.ifaces[2].mtu = 9000;
	o.ifaces[2].vlan = 7;
	o.ifaces[3].mtu = 1400;
	o.ifaces[3].vlan = 5;
	assert_int_equal(eal_port_first(&o, 0), 0);
	assert_int_equal(eal_port_first(&o, 1), 1);
	assert_int_equal(eal_port_first(&o, 2), 0);
	assert_int_equal(eal_port_first(&o, 3), 0);
	all = eal_port_options(&o, 0);
	assert_int_equal(all.mtu, 9000);
	assert_int_not_equal(all.vlan, 0);
	all = eal_port_options(&o, 1);
	assert_int_equal(all.mtu, 1500);
	assert_int_equal(all.vlan, 0);
	assert_int_equal(eal_args_make(&a, &o), 0);
	for (int i = 0; i < a.n; i++)
		n += strcmp(a.text[i], "--allow=0000:03:00.1") == 0;
	assert_int_equal(n, 1);
}

static void test_pci(void **state)
{
	assert_true(eal_device_is_pci("0000:03:00.1"));
	assert_true(eal_device_is_pci("af:00.0"));
	assert_false(eal_device_is_pci("net_af_packet0,iface=outside"));
	assert_false(eal_device_is_pci("0000:03:00.1x"));
	assert_false(eal_device_is_pci(""));
}

static void test_vdev(void **state)
{
	const struct {
		const char *device;
		uint16_t mtu, descriptors;
		unsigned int workers;
		const char *want;
	} cases[] = {
		{"net_af_packet0,iface=x", 1500, 512, 1,
			"net_af_packet0,iface=x,qpairs=1,framecnt=512,framesz=2048,blocksz=8192"},
		{"net_af_packet0,iface=x", 9000, 512, 4,
			"net_af_packet0,iface=x,qpairs=4,framecnt=512,framesz=9216,blocksz=36864"},
		{"net_af_packet0,iface=x,qpairs=2,framesz=8192", 0, 0, 4,
			"net_af_packet0,iface=x,qpairs=2,framesz=8192,framecnt=1024,blocksz=32768"},
		{"net_ring0", 1500, 512, 4, "net_ring0"},
	};
	char out[EAL_ARG_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dp_iface_options o = {
			.mtu = cases[i].mtu, .descriptors = cases[i].descriptors};

		strcpy(o.device, cases[i].device);
		assert_int_equal(eal_vdev_make(out, sizeof(out), &o, cases[i].workers), 0);
		assert_string_equal(out, cases[i].want);
	}
	assert_int_equal(eal_vdev_make(out, 20,
				 &(struct dp_iface_options){.device = "net_af_packet0,iface=x"}, 1),
		-22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_offloads),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_pci),
		cmocka_unit_test(test_vdev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
