// SPDX-License-Identifier: BSD-3-Clause
// The connection of `callgate map`; see map.h. Every wait has an end.
#include "tools/callgate/map.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Whether there is something to do on the socket before the deadline.
static bool ready(int fd, short events, double deadline_s)
{
	struct pollfd p = {.fd = fd, .events = events};
	double left_ms = (deadline_s - now_s()) * 1000;

	return left_ms > 0 && poll(&p, 1, (int)left_ms + 1) > 0;
}

static int failed(const struct map_link *l, const char *what, const char *remedy)
{
	fprintf(stderr, "callgate: %s: %s%s\n", l->name, what, remedy);
	return -1;
}

// ---- connection timer ---------------------------------------------------------------------------

static socklen_t sockaddr_of(const struct endpoint *e, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (ip_is_v4(&e->ip)) {
		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		in->sin_addr.s_addr = ip_to_v4_be(&e->ip);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(e->port);
	memcpy(&in6->sin6_addr, e->ip.b, sizeof(e->ip.b));
	return sizeof(*in6);
}

static int refused(const struct map_link *l, int error)
{
	return failed(l, strerror(error),
		error == ECONNREFUSED ? "; does a mapping-service listen there, on "
					"listening-interface's address and listening-port?"
				      : "");
}

int map_connect(
	struct map_link *l, const char *name, const struct endpoint *service, double seconds)
{
	struct sockaddr_storage to;
	socklen_t n = sockaddr_of(service, &to), size = sizeof(int);
	int error = 0;

	*l = (struct map_link){.name = name};
	l->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return refused(l, errno);
	if (connect(l->fd, (struct sockaddr *)&to, n) < 0)
		error = errno;
	if (error == EINPROGRESS) {
		if (!ready(l->fd, POLLOUT, now_s() + seconds)) {
			close(l->fd);
			return failed(l, "no connection in time",
				"; is it callgate's inside address, and does a route lead there?");
		}
		getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	}
	if (error != 0) {
		close(l->fd);
		return refused(l, error);
	}
	return 0;
}

// ---- transaction timer --------------------------------------------------------------------------

// A whole message to the front of the buffer, in place of the `done` octets there.
static int message_read(struct map_link *l, size_t done, double deadline_s)
{
	l->n -= done;
	memmove(l->buf, l->buf + done, l->n);
	for (;;) {
		int size = mapping_msg_frame(l->buf, l->n);
		ssize_t got;

		if (size < 0)
			return failed(l, "what it answers is no message of a mapping-service",
				"; is this listening-port, or another service's?");
		if (size > 0)
			return size;
		if (!ready(l->fd, POLLIN, deadline_s))
			return failed(l, "no answer in time",
				"; callgate may be busy, or the connection is broken. Ask again");
		got = recv(l->fd, l->buf + l->n, sizeof(l->buf) - l->n, 0);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return failed(l, "closed the connection without an answer",
				"; it serves call managers alone: ask from a host of "
				"ucm-addresses");
		l->n += (size_t)got;
	}
}

int map_ask(struct map_link *l, const struct mapping_msg *request, struct str key, double seconds,
	struct mapping_msg *answer)
{
	const double deadline_s = now_s() + seconds;
	uint8_t out[MAPPING_MSG_MAX];
	size_t n = mapping_msg_write(request, key, out, sizeof(out));
	int done = 0;

	// An empty socket takes so little at once.
	if (n == 0 || send(l->fd, out, n, MSG_NOSIGNAL) != (ssize_t)n)
		return failed(l, "the request could not be sent", "; ask again");
	do {
		enum mapping_error bad;

		done = message_read(l, (size_t)done, deadline_s);
		if (done < 0)
			return -1;
		bad = mapping_msg_read(l->buf, (size_t)done, answer);
		// What was told before a request of somebody else's is not for us.
		if (memcmp(answer->transaction, request->transaction,
			    sizeof(answer->transaction)) != 0 ||
			answer->class == MAPPING_REQUEST || answer->class == MAPPING_INDICATION)
			continue;
		if (bad != MAPPING_OK || (answer->class == MAPPING_ERROR) != (answer->code != 0))
			return failed(l, "its answer makes no sense",
				"; is it a mapping-service of this version?");
		if (answer->class == MAPPING_SUCCESS && key.n > 0 &&
			!mapping_msg_signed(l->buf, answer, key))
			return failed(l, "its answer is not signed with the key",
				"; compare the key with the one of its mapping-service, and who "
				"answers there");
		return 0;
	} while (true);
}
