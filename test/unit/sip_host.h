// SPDX-License-Identifier: BSD-3-Clause
// A SIP peer of the proxy in tests: a TCP or TLS connection that sends text and waits for whole
// messages. Every wait runs the event loop and fails the test after some seconds.
#pragma once

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

struct sip_host {
	struct event_base *base;
	struct bufferevent *bev; // NULL: not connected
	SSL *ssl;
	bool up, closed, reset;
	char msg[16384]; // the last message that host_expect() took
	struct str body; // of msg
};

// Plain TCP over a connected descriptor.
void host_tcp(struct sip_host *h, struct event_base *base, int fd);
// TLS over a connected descriptor; `name` is a pair of pki.h in `dir`, NULL: no certificate;
// `ca` a file name.
void host_tls(struct sip_host *h, struct event_base *base, int fd, bool server, const char *dir,
	const char *name, const char *ca);
void host_close(struct sip_host *h);
// Closes when the next octets come, unread: as if the host had been restarted.
void host_close_on_next(struct sip_host *h);

// Sends octets as they are.
void host_send_raw(struct sip_host *h, const char *p, size_t n);
// Sends head lines and a body, both written with \n, as a message with its Content-Length.
void host_send(struct sip_host *h, const char *head, const char *body);

// Waits for a message that starts with `start` and returns it (NUL-terminated, in h->msg).
const char *host_expect(struct sip_host *h, const char *start);
// Whatever octets come next, at least `n`.
void host_expect_raw(struct sip_host *h, const char *octets);
// Nothing comes in some milliseconds.
void host_expect_silence(struct sip_host *h);
void host_expect_closed(struct sip_host *h);
void host_wait_up(struct sip_host *h);

// The value of a header in h->msg, copied; fails when it is not there.
const char *host_header(struct sip_host *h, const char *name);

// Runs the loop until *flag, or fails with `what`.
void host_wait(struct event_base *base, const bool *flag, const char *what);
// Runs the loop for a while.
void host_idle(struct event_base *base);
