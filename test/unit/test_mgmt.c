// SPDX-License-Identifier: BSD-3-Clause
// The management socket with real clients: a thread serves, the test asks.
#include "test/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cp/mgmt.h"

static char folder[] = "/tmp/callgate-mgmt-XXXXXX";
static char path[64];
static struct mgmt *mgmt;
static struct event_base *base;
static pthread_t thread;
static int stop_pipe[2];

static cJSON *handler(void *arg, const char *command, const cJSON *args, char *err, size_t err_size)
{
	char *big;
	cJSON *j;

	if (strcmp(command, "echo") == 0)
		return args != NULL ? cJSON_Duplicate(args, true) : cJSON_CreateNull();
	if (strcmp(command, "big") == 0) {
		big = malloc(4000001);
		memset(big, 'x', 4000000);
		big[4000000] = '\0';
		j = cJSON_CreateString(big);
		free(big);
		return j;
	}
	snprintf(err, err_size, "no \"%s\"", command);
	return NULL;
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(base);
}

static void *serve(void *arg)
{
	event_base_dispatch(base);
	return NULL;
}

static int setup(void **state)
{
	static struct event *stop;
	char err[256];

	base = event_base_new();
	assert_int_equal(pipe(stop_pipe), 0);
	assert_int_equal(mgmt_open(&mgmt, path, err, sizeof(err)), 0);
	assert_int_equal(mgmt_start(mgmt, base, handler, NULL), 0);
	stop = event_new(base, stop_pipe[0], EV_READ, on_stop, NULL);
	event_add(stop, NULL);
	*state = stop;
	return pthread_create(&thread, NULL, serve, NULL);
}

static int teardown(void **state)
{
	assert_int_equal(write(stop_pipe[1], "x", 1), 1);
	pthread_join(thread, NULL);
	mgmt_close(mgmt);
	assert_int_equal(access(path, F_OK), -1); // removed
	event_free(*state);
	event_base_free(base);
	close(stop_pipe[0]);
	close(stop_pipe[1]);
	return 0;
}

static int dial(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct timeval limit = {5, 0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

// One line, with its end; returns its length.
static size_t hear(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && recv(fd, buf + n, 1, 0) == 1)
		if (buf[n++] == '\n')
			break;
	buf[n] = '\0';
	return n;
}

static void expect(int fd, const char *want)
{
	char buf[512];

	hear(fd, buf, sizeof(buf));
	assert_string_equal(buf, want);
}

static void test_requests(void **state)
{
	int fd = dial();

	say(fd, "{\"command\": \"echo\", \"args\": {\"a\": [1, \"x\"]}}\n");
	expect(fd, "{\"ok\":true,\"data\":{\"a\":[1,\"x\"]}}\n");
	say(fd, "{\"command\": \"echo\"}\r\n");
	expect(fd, "{\"ok\":true,\"data\":null}\n");
	say(fd, "{\"command\": \"toast\"}\n");
	expect(fd, "{\"ok\":false,\"error\":\"no \\\"toast\\\"\"}\n");
	say(fd, "{\"comm");
	usleep(20000);
	say(fd, "and\": \"echo\"}\n{\"command\": \"echo\", \"args\": {}}\n"); // two at once
	expect(fd, "{\"ok\":true,\"data\":null}\n");
	expect(fd, "{\"ok\":true,\"data\":{}}\n");
	close(fd);
}

static void test_malformed(void **state)
{
	static const char *const lines[] = {"\n", "x\n", "[]\n", "{}\n", "{\"command\": 1}\n",
		"{\"command\": \"echo\", \"args\": 1}\n", "\"command\"\n",
		"{\"command\": \"echo\"\n"};
	int fd = dial();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say(fd, lines[i]);
		expect(fd,
			"{\"ok\":false,\"error\":\"expected {\\\"command\\\": \\\"...\\\", "
			"\\\"args\\\": {...}}\"}\n");
	}
	say(fd, "{\"command\": \"echo\"}\n"); // the connection lives on
	expect(fd, "{\"ok\":true,\"data\":null}\n");
	close(fd);
}

static void test_too_long(void **state)
{
	char text[MGMT_REQUEST_MAX + 2], buf[8];
	int fd = dial();

	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"command\": \"echo\"}", 19);
	text[MGMT_REQUEST_MAX] = '\n';
	assert_int_equal(send(fd, text, MGMT_REQUEST_MAX + 1, 0), MGMT_REQUEST_MAX + 1);
	expect(fd, "{\"ok\":true,\"data\":null}\n"); // the longest there is
	text[MGMT_REQUEST_MAX] = ' ';
	send(fd, text, sizeof(text), MSG_NOSIGNAL);
	expect(fd, "{\"ok\":false,\"error\":\"request is longer than 4096 octets\"}\n");
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 0);
	close(fd);
}

static void test_big_answer(void **state)
{
	static char buf[4000100];
	int fd = dial();

	say(fd, "{\"command\": \"big\"}\n{\"command\": \"echo\"}\n");
	assert_int_equal(hear(fd, buf, sizeof(buf)), 4000000 + 22);
	expect(fd, "{\"ok\":true,\"data\":null}\n");
	close(fd);
}

// More than may be served at once: the others wait, and are served when one leaves.
static void test_many_clients(void **state)
{
	int fds[MGMT_CLIENTS_MAX + 3];

	for (size_t i = 0; i < MGMT_CLIENTS_MAX + 3; i++)
		fds[i] = dial();
	for (size_t i = 0; i < MGMT_CLIENTS_MAX; i++)
		say(fds[i], "{\"command\": \"echo\"}\n");
	for (size_t i = 0; i < MGMT_CLIENTS_MAX; i++)
		expect(fds[i], "{\"ok\":true,\"data\":null}\n");
	for (size_t i = 0; i < MGMT_CLIENTS_MAX; i++)
		close(fds[i]);
	for (size_t i = MGMT_CLIENTS_MAX; i < MGMT_CLIENTS_MAX + 3; i++) {
		say(fds[i], "{\"command\": \"echo\"}\n");
		expect(fds[i], "{\"ok\":true,\"data\":null}\n");
		close(fds[i]);
	}
}

static void test_mode_and_owner(void **state)
{
	struct stat st;
	struct mgmt *second;
	char err[256];

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(mgmt_open(&second, path, err, sizeof(err)), -EADDRINUSE);
	assert_non_null(strstr(err, "another callgated"));
	assert_int_equal(access(path, F_OK), 0); // and it is still there
}

static void test_stale(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct mgmt *m;
	char err[256];

	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd); // as kill -9 leaves it
	assert_int_equal(mgmt_open(&m, path, err, sizeof(err)), 0);
	mgmt_close(m);
	assert_int_equal(access(path, F_OK), -1);

	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(mgmt_open(&m, path, err, sizeof(err)), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0); // somebody's file
	unlink(path);

	assert_int_equal(mgmt_open(&m, "/nonexistent/a/b.sock", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "/nonexistent/a/b.sock: No such file or directory");
	memset(err, 'x', 200);
	err[200] = '\0';
	assert_int_equal(mgmt_open(&m, err, (char[256]){0}, 256), -ENAMETOOLONG);
}

static void test_folder_is_made(void **state)
{
	char deep[96], err[256];
	struct mgmt *m;

	snprintf(deep, sizeof(deep), "%s/new/s.sock", folder);
	assert_int_equal(mgmt_open(&m, deep, err, sizeof(err)), 0);
	mgmt_close(m);
	snprintf(deep, sizeof(deep), "%s/new", folder);
	assert_int_equal(rmdir(deep), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_big_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mode_and_owner, setup, teardown),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_folder_is_made),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s.sock", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
