// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/mapping_steps.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/fake_net.h"

#define WAIT_MS   5000 // for what must come
#define SILENT_MS 20   // for what must not

static void turn(void)
{
	event_base_loop(rig.base, EVLOOP_NONBLOCK);
}

void map_connect(struct map_client *c, const char *ip, uint16_t port)
{
	*c = (struct map_client){
		.fd = fake_net_connect(RIG_A, RIG_INSIDE, ip, port, MAP_US, MAP_PORT)};
	assert_true(c->fd >= 0);
	turn();
}

void map_close(struct map_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	turn();
}

void map_write(struct map_client *c, const void *p, size_t n)
{
	assert_int_equal(write(c->fd, p, n), n);
	turn();
	turn();
}

// Octets that have come; 0: closed; -1: nothing.
static ssize_t receive(struct map_client *c, void *p, size_t n, int flags, int ms)
{
	ssize_t got = recv(c->fd, p, n, flags | MSG_DONTWAIT);

	for (int i = 0; i < ms && got < 0; i++) {
		struct pollfd ready = {.fd = c->fd, .events = POLLIN};

		turn();
		poll(&ready, 1, 1);
		got = recv(c->fd, p, n, flags | MSG_DONTWAIT);
		if (got < 0 && errno != EAGAIN)
			return 0;
	}
	return got;
}

void map_read(struct map_client *c)
{
	int len = 0;

	while (len == 0) { // no octet of the next one
		ssize_t got = receive(c, c->octets, sizeof(c->octets), MSG_PEEK, WAIT_MS);

		assert_true(got > 0);
		len = mapping_msg_frame(c->octets, (size_t)got);
		assert_true(len >= 0);
	}
	c->n = (size_t)len;
	assert_int_equal(recv(c->fd, c->octets, c->n, 0), c->n);
	assert_int_equal(mapping_msg_read(c->octets, c->n, &c->m), MAPPING_OK);
}

void map_silent(struct map_client *c)
{
	uint8_t octet;

	assert_int_equal(receive(c, &octet, 1, 0, SILENT_MS), -1);
}

void map_closed(struct map_client *c)
{
	uint8_t octet;

	assert_int_equal(receive(c, &octet, 1, 0, WAIT_MS), 0);
	map_close(c);
}

size_t map_request(struct map_client *c, const char *remote, uint16_t port, uint8_t *buf)
{
	struct mapping_msg m = {.class = MAPPING_REQUEST,
		.transaction = {++c->transaction},
		.remote = ep(remote, port)};

	return mapping_msg_write(&m, STR_LIT(""), buf, MAPPING_MSG_MAX);
}

uint16_t map_ask(struct map_client *c, const char *remote, uint16_t port)
{
	uint8_t buf[MAPPING_MSG_MAX];

	map_write(c, buf, map_request(c, remote, port, buf));
	map_read(c);
	assert_int_equal(c->m.transaction[0], c->transaction);
	return c->m.class == MAPPING_SUCCESS ? c->m.mapped.port : 0;
}
