// SPDX-License-Identifier: BSD-3-Clause
// The management socket; see mgmt.h. A client has one request in work: the next line is read when
// the answer is out, so a client that does not read costs one answer of memory.
#include "cp/mgmt.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cp/log.h"
#include "lib/str.h"

struct mgmt_client {
	TAILQ_ENTRY(mgmt_client) all;
	struct mgmt *m;
	struct bufferevent *bev;
	bool ending;  // closes when its last answer is out
	void *stream; // NULL: it gets answers only
	const struct mgmt_streams *of;
};

struct mgmt {
	struct sockaddr_un addr;
	int fd;
	ino_t inode;                     // of our socket: at the end nobody else's is removed
	struct evconnlistener *listener; // owns fd once it is there
	TAILQ_HEAD(, mgmt_client) clients;
	unsigned int n_clients;
	mgmt_handler *fn;
	void *arg;
	struct {
		const struct mgmt_streams *s;
		void *arg;
	} streams[MGMT_STREAMS_MAX];
	size_t n_streams;
};

static const struct timeval idle = {MGMT_IDLE_S, 0};

// ---- Clients ------------------------------------------------------------------------------------

static void client_free(struct mgmt_client *c)
{
	struct mgmt *m = c->m;

	if (c->stream != NULL)
		c->of->close(c->stream);
	TAILQ_REMOVE(&m->clients, c, all);
	m->n_clients--;
	bufferevent_free(c->bev);
	free(c);
	evconnlistener_enable(m->listener);
}

static cJSON *failure(const char *text)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddFalseToObject(j, "ok");
	cJSON_AddStringToObject(j, "error", text);
	return j;
}

// A request may hold a password.
static void request_free(cJSON *j)
{
	cJSON *i;

	cJSON_ArrayForEach (i, cJSON_GetObjectItemCaseSensitive(j, "args")) {
		if (cJSON_IsString(i))
			OPENSSL_cleanse(i->valuestring, strlen(i->valuestring));
	}
	cJSON_Delete(j);
}

static cJSON *run(
	struct mgmt_client *c, const char *command, const cJSON *args, char *err, size_t err_size)
{
	struct mgmt *m = c->m;

	size_t i = 0;

	while (i < m->n_streams && strcmp(command, m->streams[i].s->command) != 0)
		i++;
	if (i == m->n_streams)
		return m->fn(m->arg, command, args, err, err_size);
	c->of = m->streams[i].s;
	c->stream = c->of->open(m->streams[i].arg, c, args, err, err_size);
	if (c->stream == NULL)
		return NULL;
	bufferevent_set_timeouts(c->bev, NULL, NULL);
	return cJSON_CreateTrue();
}

static cJSON *answer(struct mgmt_client *c, const char *line, size_t n)
{
	cJSON *request = cJSON_ParseWithLength(line, n), *data, *j;
	const cJSON *command = cJSON_GetObjectItemCaseSensitive(request, "command");
	const cJSON *args = cJSON_GetObjectItemCaseSensitive(request, "args");
	char err[MGMT_ERROR_MAX] = "";

	if (!cJSON_IsString(command) || (args != NULL && !cJSON_IsObject(args))) {
		j = failure("expected {\"command\": \"...\", \"args\": {...}}");
	} else {
		data = run(c, command->valuestring, args, err, sizeof(err));
		if (data == NULL) {
			j = failure(err);
		} else {
			j = cJSON_CreateObject();
			cJSON_AddTrueToObject(j, "ok");
			cJSON_AddItemToObject(j, "data", data);
		}
	}
	request_free(request);
	return j;
}

static void send_answer(struct mgmt_client *c, cJSON *j)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	char *text = cJSON_PrintUnformatted(j);

	cJSON_Delete(j);
	if (text == NULL) {
		client_free(c);
		return;
	}
	evbuffer_add_printf(out, "%s\n", text);
	cJSON_free(text);
	if (c->stream == NULL)                        // else its end is to be seen
		bufferevent_disable(c->bev, EV_READ); // until it is out
}

static void on_readable(struct bufferevent *bev, void *arg)
{
	struct mgmt_client *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer_ptr end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
	ev_ssize_t n = end.pos;
	char *line;
	cJSON *j;

	if (c->stream != NULL) {
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (c->ending || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (n < 0 && evbuffer_get_length(in) <= MGMT_REQUEST_MAX)
		return; // not all of it is here
	if (n < 0 || n > MGMT_REQUEST_MAX) {
		c->ending = true;
		send_answer(c, failure("request is longer than 4096 octets"));
		return;
	}
	// Read where it is: no copy of it is left behind.
	line = (char *)evbuffer_pullup(in, n + 1);
	if (line == NULL) {
		client_free(c);
		return;
	}
	j = answer(c, line, (size_t)n);
	OPENSSL_cleanse(line, (size_t)n + 1);
	evbuffer_drain(in, (size_t)n + 1);
	send_answer(c, j);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct mgmt_client *c = arg;

	if (c->ending) {
		client_free(c);
		return;
	}
	if (c->stream != NULL) {
		c->of->drained(c->stream);
		return;
	}
	bufferevent_enable(bev, EV_READ);
	on_readable(bev, c); // the next line may be here already
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct mgmt_client *c = arg;

	// Somebody may send a line and shut down his side; he still gets the answer, if he reads it.
	if ((what & BEV_EVENT_EOF) && c->stream == NULL &&
		evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		c->ending = true;
	} else if ((what & BEV_EVENT_EOF) && c->stream != NULL && c->of->finish != NULL) {
		bufferevent_set_timeouts(bev, NULL, &idle);
		c->of->finish(c->stream);
	} else {
		client_free(c);
	}
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr,
	int addr_len, void *arg)
{
	struct mgmt *m = arg;
	struct mgmt_client *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->bev = bufferevent_socket_new(
			evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		close(fd);
		free(c);
		return;
	}
	c->m = m;
	TAILQ_INSERT_TAIL(&m->clients, c, all);
	if (++m->n_clients == MGMT_CLIENTS_MAX)
		evconnlistener_disable(listener);
	bufferevent_setwatermark(c->bev, EV_READ, 0, MGMT_REQUEST_MAX + 2);
	bufferevent_set_timeouts(c->bev, &idle, &idle);
	bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

// ---- The socket ---------------------------------------------------------------------------------

// -EADDRINUSE when a daemon answers there, or when it is something else than a socket.
static int stale_remove(const struct sockaddr_un *addr, char *err, size_t err_size)
{
	struct stat st;
	int fd, e;

	if (lstat(addr->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, err_size, "%s: is there, and no socket", addr->sun_path);
		return -EADDRINUSE;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	e = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? errno : 0;
	close(fd);
	if (e == 0 || e == EAGAIN) { // EAGAIN: its queue is full
		snprintf(err, err_size, "%s: another callgated listens there", addr->sun_path);
		return -EADDRINUSE;
	}
	if (e != ECONNREFUSED)
		return -e;
	return unlink(addr->sun_path) < 0 ? -errno : 0;
}

static int folder_make(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return 0;
	*slash = '\0';
	return mkdir(folder, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int socket_listen(struct mgmt *m)
{
	mode_t mask;
	struct stat st;
	int e = 0;

	m->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->fd < 0)
		return -errno;
	mask = umask(0117); // there is no moment in which it is wider
	if (bind(m->fd, (struct sockaddr *)&m->addr, sizeof(m->addr)) < 0)
		e = -errno;
	umask(mask);
	if (e < 0)
		return e;
	if (lstat(m->addr.sun_path, &st) < 0 || listen(m->fd, MGMT_CLIENTS_MAX) < 0)
		return -errno;
	m->inode = st.st_ino;
	return 0;
}

int mgmt_open(struct mgmt **out, const char *path, char *err, size_t err_size)
{
	struct mgmt *m = calloc(1, sizeof(*m));
	int e = -ENOMEM;

	err[0] = '\0';
	if (m == NULL)
		goto out;
	m->fd = -1;
	m->addr.sun_family = AF_UNIX;
	TAILQ_INIT(&m->clients);
	e = -ENAMETOOLONG;
	if (!str_copy(str_from(path), m->addr.sun_path, sizeof(m->addr.sun_path)))
		goto out;
	e = folder_make(path);
	if (e == 0)
		e = stale_remove(&m->addr, err, err_size);
	if (e == 0)
		e = socket_listen(m);
	if (e < 0)
		goto out;
	*out = m;
	return 0;
out:
	if (err[0] == '\0')
		snprintf(err, err_size, "%s: %s", path, strerror(-e));
	mgmt_close(m);
	return e;
}

int mgmt_start(struct mgmt *m, struct event_base *base, mgmt_handler *fn, void *arg)
{
	m->fn = fn;
	m->arg = arg;
	m->listener = evconnlistener_new(
		base, on_accept, m, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, m->fd);
	return m->listener != NULL ? 0 : -ENOMEM;
}

void mgmt_add_streams(struct mgmt *m, const struct mgmt_streams *s, void *arg)
{
	m->streams[m->n_streams].s = s;
	m->streams[m->n_streams++].arg = arg;
}

bool mgmt_put(struct mgmt_client *to, const void *data, size_t n)
{
	struct evbuffer *out = bufferevent_get_output(to->bev);

	return evbuffer_get_length(out) + n <= MGMT_STREAM_MAX && evbuffer_add(out, data, n) == 0;
}

void mgmt_end(struct mgmt_client *to)
{
	to->ending = true;
	bufferevent_set_timeouts(to->bev, NULL, &idle);
	// Also where all has left already.
	bufferevent_trigger(to->bev, EV_WRITE, BEV_OPT_DEFER_CALLBACKS);
}

void mgmt_close(struct mgmt *m)
{
	struct stat st;

	if (m == NULL)
		return;
	while (!TAILQ_EMPTY(&m->clients))
		client_free(TAILQ_FIRST(&m->clients));
	if (m->listener != NULL)
		evconnlistener_free(m->listener);
	else if (m->fd >= 0)
		close(m->fd);
	if (m->inode != 0 && lstat(m->addr.sun_path, &st) == 0 && st.st_ino == m->inode &&
		unlink(m->addr.sun_path) < 0)
		log_event(SOCKET_LEFT, log_text("path", m->addr.sun_path),
			log_text("error", strerror(errno)));
	free(m);
}
