// SPDX-License-Identifier: BSD-3-Clause
// One non-blocking TCP or TLS connection with deadlines and byte limits, over libevent's
// bufferevents. The owner (cp/embryonic.c, then cp/trunk.c) is told when it is up, has input, has room
// again, or closed. Control thread only. No callback comes before conn_new() has returned.
//
// An accepted TLS connection costs a descriptor and some hundred octets until the peer's whole
// ClientHello has come, and nothing of OpenSSL before the owner says so: see `hello`.
#pragma once

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cp/counters.h"
#include "lib/str.h"

#define CONN_HELLO_S     4            // from accept to a whole ClientHello
#define CONN_SETUP_S     5            // the handshake then; or connect and handshake, together
#define CONN_CONTROL_MAX 32           // messages of TLS itself after the handshake, ever
#define CONN_OUTPUT_BUSY (256u << 10) // stop taking more for it
#define CONN_OUTPUT_MAX  (4u << 20)   // too slow: closed
#define CONN_FINISH_S    5            // conn_finish() gives up on a peer that does not read

enum conn_kind { CONN_TCP, CONN_TLS_SERVER, CONN_TLS_CLIENT };

struct conn;

struct conn_events {
	// Accepted TLS: a whole ClientHello waits for conn_handshake().
	void (*hello)(struct conn *c, void *arg);
	void (*up)(struct conn *c, void *arg);      // connected, handshake done
	void (*input)(struct conn *c, void *arg);   // see conn_input()
	void (*drained)(struct conn *c, void *arg); // no longer conn_busy()
	// Nothing more will come; the owner calls conn_free(). CNT_NONE: the peer closed it. `text`
	// is for the log. The reason is not counted yet.
	void (*closed)(struct conn *c, enum counter_id why, const char *text, void *arg);
};

struct conn_options {
	struct event_base *base;
	int fd;          // owned by the connection, also when conn_new fails
	bool connecting; // a connect is under way
	enum conn_kind kind;
	unsigned int setup_s; // connect and handshake, together; 0: CONN_SETUP_S
	SSL_CTX *tls;         // TLS kinds
	size_t input_max;     // octets held back from the peer's window at most
	const struct conn_events *events;
	void *arg;
};

int conn_new(struct conn **out, const struct conn_options *o);
// Accepted TLS, after `hello`: goes on with the handshake. -ENOMEM: the owner calls conn_free().
int conn_handshake(struct conn *c);
// Another owner from now on; allowed in a callback.
void conn_set_owner(struct conn *c, const struct conn_events *events, void *arg);
// Closes at once (with a close_notify where TLS is up). Accepts NULL; allowed in a callback.
void conn_free(struct conn *c);
// Closes at once by a TCP reset; what is queued, and a close_notify, is not sent.
void conn_reset(struct conn *c);
// Sends what is queued, then closes and frees by itself; no callback comes any more.
void conn_finish(struct conn *c);

bool conn_is_up(const struct conn *c);
bool conn_busy(const struct conn *c);      // more than CONN_OUTPUT_BUSY is queued
size_t conn_queued(const struct conn *c);  // octets not sent yet
const SSL *conn_ssl(const struct conn *c); // NULL for TCP and before the handshake began

// What was received and not consumed yet, in one piece; good until conn_consume().
struct str conn_input(struct conn *c);
void conn_consume(struct conn *c, size_t n);
// Backpressure: whether the peer's octets are read. conn_new() reads.
void conn_read(struct conn *c, bool on);

// Queues octets; only when up. -ENOBUFS: the peer is too slow, close it.
int conn_send(struct conn *c, const void *p, size_t n);
