// SPDX-License-Identifier: BSD-3-Clause
// impair: the dial of the lab's Internet; `tools/lab impair` starts it in the router's namespace, leads
// traffic through its two devices, and asks it things over its socket.
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tools/impair/path.h"

#define REQUEST_MAX 1024

enum { A_TO_B, B_TO_A, N_PATHS };

static const char *const names[N_PATHS] = {"a-to-b", "b-to-a"};

static const char usage[] =
	"usage: impair SOCKET\n"
	"\n"
	"Makes the TUN devices a-to-b and b-to-a and sends back what is routed into them, with "
	"the\n"
	"losses and delays that were asked for. Until then, and when it has ended, packets pass.\n"
	"`tools/lab impair --help` lists the dials. A request is one message on SOCKET, a UNIX\n"
	"socket of kind SOCK_SEQPACKET, and so is its answer, in JSON:\n"
	"\n"
	"  set loss=8% burst=4 delay=80ms direction=a-to-b   all dials of these directions anew\n"
	"  stats                                             dials and counters\n"
	"  stop                                              ends when all on its way has arrived\n"
	"\n"
	"Exit: 0 stopped, 1 the devices or the socket cannot be had, 2 usage.\n";

struct impair {
	struct path *paths[N_PATHS];
	int listener, client; // -1: no client
	bool stopping;
};

static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
	ended = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// ---- Requests -----------------------------------------------------------------------------------

static cJSON *failure(const char *what)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "error", what);
	return j;
}

static cJSON *stats(struct impair *m)
{
	cJSON *j = cJSON_CreateObject();

	for (int i = 0; i < N_PATHS; i++) {
		cJSON *path = path_json(m->paths[i], now_ns());

		if (path == NULL || !cJSON_AddItemToObject(j, names[i], path)) {
			cJSON_Delete(path);
			cJSON_Delete(j);
			return NULL;
		}
	}
	return j;
}

static cJSON *set(struct impair *m, const char *words)
{
	struct dials_request r;
	char err[256];

	if (dials_parse(&r, words, err, sizeof(err)) < 0)
		return failure(err);
	if (!r.seeded && getrandom(&r.seed, sizeof(r.seed), 0) != sizeof(r.seed))
		return failure("no seed to be had from the kernel");
	for (int i = 0; i < N_PATHS; i++)
		if (r.direction & 1 << i)
			path_set(m->paths[i], &r, now_ns());
	return stats(m);
}

static cJSON *answer(struct impair *m, const char *request)
{
	if (strcmp(request, "set") == 0 || strncmp(request, "set ", 4) == 0)
		return set(m, request + 3);
	if (strcmp(request, "stats") == 0)
		return stats(m);
	if (strcmp(request, "stop") == 0) {
		m->stopping = true;
		return stats(m);
	}
	return failure("expected set, stats or stop");
}

static void client_close(struct impair *m)
{
	if (m->client >= 0)
		close(m->client);
	m->client = -1;
}

static void client_serve(struct impair *m)
{
	char request[REQUEST_MAX + 1], *text;
	ssize_t n = recv(m->client, request, REQUEST_MAX, 0);
	cJSON *j;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(m);
		return;
	}
	request[n] = '\0';
	j = answer(m, request);
	text = cJSON_PrintUnformatted(j);
	// A client that does not read its answers gets no more of them.
	if (text == NULL || send(m->client, text, strlen(text), MSG_NOSIGNAL) < 0)
		client_close(m);
	cJSON_free(text);
	cJSON_Delete(j);
}

// One client at a time; who comes later takes the place of one that sits there.
static void client_accept(struct impair *m)
{
	int fd = accept4(m->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	client_close(m);
	m->client = fd;
}

// ---- The loop -----------------------------------------------------------------------------------

static void wait_any(struct impair *m, struct pollfd *fds)
{
	uint64_t due = UINT64_MAX, now = now_ns();
	struct timespec t = {.tv_sec = 1};

	for (int i = 0; i < N_PATHS; i++) {
		fds[i] = (struct pollfd){.fd = path_fd(m->paths[i]), .events = POLLIN};
		if (path_due_ns(m->paths[i]) < due)
			due = path_due_ns(m->paths[i]);
	}
	fds[N_PATHS] = (struct pollfd){.fd = m->listener, .events = POLLIN};
	fds[N_PATHS + 1] = (struct pollfd){.fd = m->client, .events = POLLIN};
	if (due <= now)
		t = (struct timespec){0};
	else if (due - now < 1000000000)
		t = (struct timespec){.tv_nsec = (long)(due - now)};
	if (ppoll(fds, N_PATHS + 2, &t, NULL) < 0) // a signal
		for (int i = 0; i < N_PATHS + 2; i++)
			fds[i].revents = 0;
}

static void run(struct impair *m)
{
	struct pollfd fds[N_PATHS + 2];
	bool busy = true;

	while (!ended && (busy || !m->stopping)) {
		wait_any(m, fds);
		busy = false;
		for (int i = 0; i < N_PATHS; i++) {
			struct path *p = m->paths[i];

			busy |= path_receive(p, now_ns());
			path_send(p, now_ns());
			busy |= path_due_ns(p) != UINT64_MAX;
		}
		if (fds[N_PATHS + 1].revents)
			client_serve(m);
		if (fds[N_PATHS].revents)
			client_accept(m);
	}
}

static int listener_open(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	umask(077);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 8) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int start(struct impair *m, const char *path)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	for (int i = 0; i < N_PATHS; i++) {
		int err = path_open(&m->paths[i], names[i], (uint32_t)i);

		if (err < 0) {
			fprintf(stderr, "impair: device %s: %s\n", names[i], strerror(-err));
			return err;
		}
	}
	m->listener = listener_open(path);
	if (m->listener < 0)
		fprintf(stderr, "impair: %s: %s\n", path, strerror(-m->listener));
	return m->listener;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	struct impair m = {.listener = -1, .client = -1};
	int c, rc;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		fputs(usage, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	if (argc - optind != 1) {
		fputs(usage, stderr);
		return 2;
	}
	rc = start(&m, argv[optind]);
	if (rc >= 0) {
		run(&m);
		unlink(argv[optind]);
		close(m.listener);
	}
	client_close(&m);
	for (int i = 0; i < N_PATHS; i++)
		path_close(m.paths[i]);
	return rc < 0;
}
