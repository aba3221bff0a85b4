// SPDX-License-Identifier: BSD-3-Clause
// Neighbours and worker messages against a real host (test/unit/wire.h).
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp/netlink.h"
#include "test/unit/wire.h"

#define MEDIA_ID 77

static void ask_worker(const char *address)
{
	struct dp_msg m = {.version = DP_MSG_VERSION, .type = DP_MSG_NEIGH_MISS};

	m.neigh.ip = ip(address);
	wire_worker_says(&m);
}

static int change_mac(void)
{
	return wire_exec((const char *const[]){"sh", "-c",
		"ip link set h0 address 02:00:00:00:00:03 && "
		"arping -c1 -w2 -Ih0 192.168.10.1",
		NULL});
}

static int restore_mac(void)
{
	return wire_exec((const char *const[]){"sh", "-c",
		"ip link set h0 address 02:00:00:00:00:02 && "
		"arping -c1 -w2 -Ih0 192.168.10.1",
		NULL});
}

static void test_neighbour(void **state)
{
	const struct ip_addr host = ip("192.168.10.2");
	const uint8_t mac[6] = WIRE_HOST_MAC;

	memset(&wire_workers, 0, sizeof(wire_workers));
	ask_worker("192.168.10.2");
	wire_turn_ms(300);
	assert_int_equal(wire_workers.sets, 1);
	assert_true(ip_eq(&wire_workers.last.neigh.ip, &host));
	assert_memory_equal(wire_workers.last.neigh.mac, mac, 6);
	// A worker that came late asks again, and is answered from the table.
	ask_worker("192.168.10.2");
	wire_turn_ms(50);
	assert_int_equal(wire_workers.sets, 2);
	// Full rings: said as soon as there is room.
	wire_workers.full = true;
	ask_worker("192.168.10.2");
	wire_turn_ms(50);
	assert_int_equal(wire_workers.sets, 2);
	wire_workers.full = false;
	wire_turn_ms(1200);
	assert_int_equal(wire_workers.sets, 3);
}

static void test_neighbour_moves(void **state)
{
	const uint8_t moved[6] = {0x02, 0, 0, 0, 0, 0x03};

	// Below the second that the kernel holds on to an entry it has just heard from.
	wire_turn_ms(1200);
	assert_int_equal(wire_host_run(change_mac), 0);
	wire_turn_ms(1200);
	assert_int_equal(wire_workers.last.type, DP_MSG_NEIGH_SET);
	assert_memory_equal(wire_workers.last.neigh.mac, moved, 6);
	assert_int_equal(wire_host_run(restore_mac), 0);
	wire_turn_ms(1200);
}

static void test_neighbour_silent(void **state)
{
	memset(&wire_workers, 0, sizeof(wire_workers));
	ask_worker("192.168.10.99");
	wire_turn_ms(100);
	ask_worker("172.16.0.1"); // not of this subnet
	wire_turn_ms(4000);       // three probes
	assert_int_equal(wire_workers.sets, 0);
	assert_int_equal(wire_workers.dels, 0);
	// The kernel keeps no memory of it.
	assert_int_equal(system("test -z \"$(ip neigh show 192.168.10.99)\""), 0);
}

// A stranger's scan of the subnet does not use up the questions of others.
static void test_neighbours_scanned(void **state)
{
	struct ip_addr host = ip("192.168.10.2");

	memset(&wire_workers, 0, sizeof(wire_workers));
	for (unsigned int i = 0; i < 2 * 240; i++) {
		host.b[15] = (uint8_t)(10 + i % 240);
		netlink_miss(wire_netlink, 0, &host, false);
	}
	host.b[15] = 2;
	netlink_miss(wire_netlink, 0, &host, true);
	wire_turn_ms(300);
	assert_int_equal(wire_workers.sets, 1);
}

static size_t neighbours(struct netlink_neigh out[static NETLINK_NEIGHS_MAX], const char *address)
{
	const struct ip_addr host = ip(address);
	size_t n = netlink_neighs(wire_netlink, out), found = 0;

	for (size_t i = 0; i < n; i++)
		if (ip_eq(&out[i].ip, &host))
			out[found++] = out[i];
	return found;
}

// Who has answered, and when; who has not; and all are forgotten, by the workers too, and asked for anew.
static void test_neighbours_told(void **state)
{
	static struct netlink_neigh n[NETLINK_NEIGHS_MAX];
	const uint8_t mac[6] = WIRE_HOST_MAC;

	ask_worker("192.168.10.2");
	ask_worker("192.168.10.98");
	wire_turn_ms(300);
	assert_int_equal(neighbours(n, "192.168.10.98"), 1);
	assert_false(n[0].known);
	assert_int_equal(neighbours(n, "192.168.10.2"), 1);
	assert_true(n[0].known);
	assert_int_equal(n[0].iface, 0);
	assert_memory_equal(n[0].mac, mac, 6);
	assert_in_range(n[0].age_s, 0, 60);
	memset(&wire_workers, 0, sizeof(wire_workers));
	assert_true(netlink_clear(wire_netlink) >= 1);
	wire_turn_ms(100);
	assert_int_equal(neighbours(n, "192.168.10.2"), 0);
	assert_int_equal(neighbours(n, "192.168.10.98"), 0);
	assert_true(wire_workers.dels >= 1);
	wire_turn_ms(2100);
	assert_int_equal(wire_workers.sets, 0); // nobody has needed it
	ask_worker("192.168.10.2");
	wire_turn_ms(300);
	assert_int_equal(wire_workers.sets, 1);
	assert_int_equal(neighbours(n, "192.168.10.2"), 1);
	assert_in_range(n[0].age_s, 0, 1);
	wire_turn_ms(2100);
	assert_int_equal(neighbours(n, "192.168.10.2"), 1);
	assert_in_range(n[0].age_s, 2, 3);
}

static void test_resolve(void **state)
{
	const struct ip_addr near = ip("192.168.10.2"), behind = ip("10.4.4.4");
	const struct ip_addr nowhere = ip("172.16.0.1");

	assert_int_equal(netlink_resolve(wire_netlink, 0, &near), 0);
	assert_int_equal(netlink_resolve(wire_netlink, 0, &behind), 0);
	assert_int_equal(netlink_resolve(wire_netlink, 0, &nowhere), -ENETUNREACH);
	assert_int_equal(netlink_resolve(wire_netlink, 1, &nowhere), 0); // default route
	assert_int_equal(netlink_resolve(wire_netlink, 2, &near), -ENETUNREACH);
	wire_turn_ms(100);
	assert_true(netlink_resolved(wire_netlink, 0, &near));
	assert_false(netlink_resolved(wire_netlink, 0, &nowhere));
	assert_false(netlink_resolved(wire_netlink, 1, &nowhere)); // its gateway is silent
	assert_false(netlink_resolved(wire_netlink, 2, &near));
}

// 20 MACs in turn for each of 200 addresses, in the stack's namespace: far more events than the
// socket's buffer holds while nobody reads.
#define MANY                                                                                       \
	"for m in $(seq 10 29); do for i in $(seq 20 219); do "                                    \
	"echo neigh replace 192.168.10.$i lladdr 02:00:00:00:00:$m dev inside nud permanent; "     \
	"done; done | ip -batch -"
#define NONE                                                                                       \
	"for i in $(seq 20 219); do echo neigh del 192.168.10.$i dev inside; done | ip -batch -"

// Events that were lost are made up for by reading the whole table.
static void test_events_lost(void **state)
{
	memset(&wire_workers, 0, sizeof(wire_workers));
	assert_int_equal(system(MANY), 0);
	wire_turn_ms(500);
	for (unsigned int i = 20; i < 220; i++)
		assert_int_equal(wire_workers.mac5[i], 0x29);
	assert_true(wire_workers.sets < 20 * 200); // or nothing was lost, and nothing shown
	assert_int_equal(system(MANY " && " NONE), 0);
	wire_turn_ms(500);
	for (unsigned int i = 20; i < 220; i++)
		assert_int_equal(wire_workers.mac5[i], 0);
}

// A host of a large subnet that has all its addresses learned, or answers for them when a stranger scans it.
#define CROWD                                                                                      \
	"for i in $(seq 2 20); do for k in $(seq 1 250); do "                                      \
	"echo neigh $DO 203.0.$i.$k $MAC dev $DEV $NUD; done; done | ip -batch -"
#define DO(what, mac, nud)                                                                         \
	"DO=" what " MAC='" mac "' NUD='" nud "' DEV=$(ip -o -4 addr show to 203.0.113.1 | "       \
	"awk '{print $2}'); "
#define CROWD_COMES DO("replace", "lladdr 02:00:00:00:00:66", "nud permanent") CROWD
#define CROWD_GOES  DO("del", "", "") CROWD
#define GATEWAY                                                                                    \
	DO("replace", "lladdr 02:00:00:00:00:09", "nud permanent")                                 \
	"ip neigh $DO 203.0.113.9 $MAC dev $DEV $NUD"

// A gateway that is needed for the first time still finds a place; and who was there before stays.
static void test_crowd(void **state)
{
	const struct ip_addr host = ip("192.168.10.2"), far = ip("172.16.0.1");

	assert_int_equal(netlink_resolve(wire_netlink, 0, &host), 0);
	wire_turn_ms(300);
	assert_true(netlink_resolved(wire_netlink, 0, &host));
	memset(&wire_workers, 0, sizeof(wire_workers));
	assert_int_equal(system(CROWD_COMES), 0);
	wire_turn_ms(1500);
	assert_in_range(wire_workers.sets, 3500, 4096 - 256);
	assert_int_equal(netlink_resolve(wire_netlink, 1, &far), 0);
	assert_int_equal(system(GATEWAY), 0);
	wire_turn_ms(300);
	assert_true(netlink_resolved(wire_netlink, 1, &far));
	assert_true(netlink_resolved(wire_netlink, 0, &host));
	assert_int_equal(system(CROWD_GOES), 0);
	wire_turn_ms(1500);
	assert_true(netlink_resolved(wire_netlink, 1, &far));
}

static void test_media(void **state)
{
	struct dp_msg gone = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_GONE};
	struct dp_msg key = {.version = DP_MSG_VERSION, .type = DP_MSG_MEDIA_KEY};

	gone.media.stream = MEDIA_ID;
	wire_worker_says(&gone);
	wire_turn_ms(50);
	assert_int_equal(wire_media.type, DP_MSG_MEDIA_GONE);
	assert_int_equal(wire_media.media.stream, MEDIA_ID);
	key.key = (struct dp_msg_key){.stream = MEDIA_ID, .leg = 1, .used_up = true};
	wire_worker_says(&key);
	wire_turn_ms(50);
	assert_int_equal(wire_media.type, DP_MSG_MEDIA_KEY);
	assert_true(wire_media.key.used_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours_scanned), // first: nobody is known yet
		cmocka_unit_test(test_neighbour),
		cmocka_unit_test(test_neighbour_moves),
		cmocka_unit_test(test_neighbour_silent),
		cmocka_unit_test(test_neighbours_told),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_events_lost),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_media),
	};

	if (geteuid() != 0) {
		puts("skipped: network namespaces and TAPs need root");
		return 77; // meson's word for it
	}
	return cmocka_run_group_tests(tests, wire_up, wire_down);
}
