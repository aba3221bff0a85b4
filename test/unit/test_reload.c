// SPDX-License-Identifier: BSD-3-Clause
// `callgate config reload` and `config check` over a real private network stack (test/unit/wire.h): what
// is in force afterwards, in the configuration, at the workers and in the kernel's routes.
#include "test/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp/reload.h"
#include "test/unit/wire.h"

static char path[] = "/tmp/test_reload.XXXXXX";
static struct reload *reload;
static const char *err;

static void write_file(const char *find, const char *put)
{
	const char *at = strstr(wire_text, find);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_non_null(at);
	fprintf(f, "%.*s%s%s", (int)(at - wire_text), wire_text, put, at + strlen(find));
	assert_int_equal(fclose(f), 0);
}

static struct reload_result result;

// "nat 7 live,interfaces 4 restart" of a result.
static const char *changes(void)
{
	static char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < result.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %u %s",
			i > 0 ? "," : "", result.changes[i].section, result.changes[i].line,
			result.changes[i].live ? "live" : "restart");
	return text;
}

static void on_done(const struct reload_result *r, void *arg)
{
	result = *r;
	*(bool *)arg = true;
}

// While the loop runs.
static int await(bool is_check)
{
	bool done = false;

	assert_int_equal(reload_begin(reload, is_check, on_done, &done), 0);
	assert_int_equal(reload_begin(reload, is_check, NULL, NULL), -EBUSY);
	for (int i = 0; i < 500 && !done; i++)
		wire_turn_ms(10);
	assert_true(done);
	err = result.err;
	return result.err[0] == '\0' ? 0 : -1;
}

static int check(void)
{
	return await(true);
}

static int run(void)
{
	return await(false);
}

// Through which gateway the stack's kernel would send to an address.
static const char *gateway_of(const char *ip)
{
	static char line[256];
	char command[128];
	FILE *f;

	snprintf(command, sizeof(command), "ip -o route get %s 2>&1", ip);
	f = popen(command, "r");
	assert_non_null(f);
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	pclose(f);
	return line;
}

static int up(void **state)
{
	int fd;

	if (wire_up(state) != 0)
		return -1;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return reload_new(&reload,
		&(struct reload_env){.base = wire_base,
			.config = wire_config,
			.path = path,
			.stack = wire_stack,
			.netlink = wire_netlink});
}

static int down(void **state)
{
	reload_free(reload);
	unlink(path);
	return wire_down(state);
}

static void test_same(void **state)
{
	write_file("hostname", "# the same\nhostname");
	assert_int_equal(check(), 0);
	assert_string_equal(changes(), "");
	assert_int_equal(run(), 0);
	assert_string_equal(changes(), "");
}

static void test_rules(void **state)
{
	static const char edit[] =
		"nat:\n"
		"  - {from: inside, to: outside-with-a-long-name, source: {dynamic: {real: any, "
		"mapped: interface}}}\n"
		"access-lists:\n"
		"  in:\n"
		"    - permit tcp any any eq 80\n"
		"access-groups:\n"
		"  - {access-list: in, direction: in, interface: outside-with-a-long-name}\n"
		"routes:\n";
	unsigned int applied = wire_workers.applied;

	write_file("routes:\n", edit);
	assert_int_equal(check(), 0);
	assert_string_equal(changes(), "nat 7 live,access-lists 9 live,access-groups 12 live");
	assert_false(result.restart);
	assert_int_equal(wire_workers.applied, applied);
	assert_int_equal(run(), 0);
	assert_int_equal(wire_workers.applied, applied + 1);
	assert_int_equal(wire_workers.nat, 1);
	assert_int_equal(wire_workers.acls, 1);
	assert_int_equal(wire_config->n_nat, 1);
	assert_int_equal(wire_config->ifaces[1].acl_in, 0);
	assert_int_equal(wire_config->nat[0].line, 8);
}

static void test_routes(void **state)
{
	assert_non_null(strstr(gateway_of("10.1.1.1"), "via 192.168.10.2"));
	write_file("destination: 10.0.0.0/8, gateway: 192.168.10.2",
		"destination: 10.0.0.0/8, gateway: 192.168.10.7");
	assert_int_equal(run(), 0);
	assert_non_null(strstr(gateway_of("10.1.1.1"), "via 192.168.10.7"));
	write_file("  - {interface: inside, destination: 10.0.0.0/8, gateway: 192.168.10.2}\n",
		"  - {interface: inside, destination: 172.16.0.0/12, gateway: 192.168.10.3}\n");
	assert_int_equal(run(), 0);
	assert_non_null(strstr(gateway_of("10.1.1.1"), "via 203.0.113.9"));
	assert_non_null(strstr(gateway_of("172.16.1.1"), "via 192.168.10.3"));
	assert_int_equal(netlink_resolve(wire_netlink, 0, &(struct ip_addr){0}), -ENETUNREACH);
	{
		const struct ip_addr was = ip("10.1.1.1"), is = ip("172.16.1.1");

		assert_int_equal(netlink_resolve(wire_netlink, 0, &was), -ENETUNREACH);
		assert_int_equal(netlink_resolve(wire_netlink, 0, &is), 0);
	}
}

// Whatever is wrong with a file, the rules in force stay, and the answer says what to do.
static void test_refused(void **state)
{
	unsigned int applied;

	write_file("hostname", "hostname");
	assert_int_equal(run(), 0);
	applied = wire_workers.applied;
	write_file("gateway: 192.168.10.2", "gateway: 192.168.10.x");
	assert_true(run() < 0);
	assert_non_null(strstr(err, ":8:"));
	assert_non_null(strstr(err, "192.168.10.x"));
	assert_non_null(strstr(err, "the old rules stay in force"));
	write_file("security-level: 100", "security-level: 90");
	assert_true(run() < 0);
	assert_non_null(
		strstr(err, "takes a restart of callgated, which ends calls: interfaces (line 4)"));
	assert_int_equal(check(), 0); // a check says so, and is no failure
	assert_true(result.restart);
	unlink(path);
	assert_true(run() < 0);
	assert_non_null(strstr(err, path));
	assert_int_equal(wire_workers.applied, applied);
	assert_int_equal(wire_config->n_routes, 2);
	assert_non_null(strstr(gateway_of("10.1.1.1"), "via 192.168.10.2"));
}

// Whoever asked has gone before the answer; and the daemon ends while a thread reads.
static void test_forgotten(void **state)
{
	bool done = false;

	write_file("hostname", "hostname");
	assert_int_equal(reload_begin(reload, true, on_done, &done), 0);
	reload_forget(reload, &done);
	wire_turn_ms(100);
	assert_false(done);
	assert_int_equal(check(), 0);
}

// Rules that the workers have no memory for; and a route that the kernel refuses, after the workers
// took theirs.
static void test_undone(void **state)
{
	const struct ip_addr gateway = ip("192.168.10.2");
	unsigned int applied;

	write_file("gateway: 192.168.10.2", "gateway: 192.168.10.8");
	wire_workers.refuse = true;
	assert_true(run() < 0);
	assert_string_equal(err, "no memory for rules");
	assert_non_null(strstr(gateway_of("10.1.1.1"), "via 192.168.10.2"));
	// The kernel knows no way to a gateway behind a device that is down.
	assert_int_equal(system("ip link set inside down"), 0);
	applied = wire_workers.applied;
	assert_true(run() < 0);
	assert_non_null(strstr(err, "add the route to 10.0.0.0/8: "));
	assert_int_equal(wire_workers.applied, applied + 2);
	assert_true(ip_eq(&wire_config->routes[0].gateway, &gateway));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_undone),
	};

	return cmocka_run_group_tests(tests, up, down);
}
