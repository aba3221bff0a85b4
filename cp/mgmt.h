// SPDX-License-Identifier: BSD-3-Clause
// The management socket: a UNIX stream socket that takes one JSON object a line, {"command":
// "show version", "args": {...}}, and answers each with one line, {"ok": true, "data": ...} or
// {"ok": false, "error": "..."}. Who may open the socket's file may ask. Control thread only.
#pragma once

#include <cjson/cJSON.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define MGMT_REQUEST_MAX 4096  // octets of a line
#define MGMT_ERROR_MAX   640   // of a reason why not
#define MGMT_CLIENTS_MAX 16    // more wait in the kernel's queue
#define MGMT_IDLE_S      10    // a client that neither asks nor reads for so long is put out
#define MGMT_STREAM_MAX  65536 // octets that wait for the reader of a stream
#define MGMT_STREAMS_MAX 4     // kinds of them

struct mgmt;

// Answers a command: the data (the caller's to free), or NULL and why not in `err`. `args` is an
// object or NULL.
typedef cJSON *mgmt_handler(
	void *arg, const char *command, const cJSON *args, char *err, size_t err_size);

// Makes the socket, mode 0660, and its folder if only that one is missing. What a dead daemon left
// behind is replaced; a live one, or a file that is no socket, is refused. `err` says what was
// wrong. Call it before any capability is given up. Returns -errno.
int mgmt_open(struct mgmt **out, const char *path, char *err, size_t err_size);

// Whether `names`, which end with NULL, are all that `args` may have: a daemon that passed over what a newer client
// asks would answer another question.
bool mgmt_knows(const cJSON *args, const char *const *names, char *err, size_t err_size);

// Serves clients from now on. -ENOMEM.
int mgmt_start(struct mgmt *m, struct event_base *base, mgmt_handler *fn, void *arg);

struct mgmt_client;

// A command that is answered first as others are, with `true`, and from then on with whatever it is
// that streams until its client leaves, or mgmt_end(). Such a client may be silent, and stop reading,
// for as long as it likes.
struct mgmt_streams {
	const char *command;
	// Begins one, which puts nothing yet; NULL: `err` says why not.
	void *(*open)(
		void *arg, struct mgmt_client *to, const cJSON *args, char *err, size_t err_size);
	void (*drained)(void *stream); // all that was put has left
	// The client has shut down its side, and reads on: the stream puts what is left, then calls
	// mgmt_end(). NULL: it is closed at once.
	void (*finish)(void *stream);
	void (*close)(void *stream);
};

// `s` and `arg`, which its open() is given, outlive the socket. Before mgmt_start().
void mgmt_add_streams(struct mgmt *m, const struct mgmt_streams *s, void *arg);

// Sends octets: a line with its end, as a rule. False, and nothing is sent: MGMT_STREAM_MAX would be
// exceeded.
bool mgmt_put(struct mgmt_client *to, const void *data, size_t n);

// The stream ends, and its client is put out, as soon as all has left.
void mgmt_end(struct mgmt_client *to);

// Puts every client out and removes the socket. Before the base is freed. Accepts NULL.
void mgmt_close(struct mgmt *m);
