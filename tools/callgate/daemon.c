// SPDX-License-Identifier: BSD-3-Clause
// Asks the daemon over its socket; see client.h.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tools/callgate/client.h"
#include "tools/callgate/layout.h"

#define ANSWER_MAX  (64u << 20)
#define TIMEOUT_S   5
#define REQUEST_MAX 4096 // octets that a daemon reads of one

static int daemon_connect(const char *path)
{
	static const struct timeval limit = {TIMEOUT_S, 0};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (!str_copy(str_from(path), addr.sun_path, sizeof(addr.sun_path))) {
		fprintf(stderr, "callgate: %s: longer than a socket's name can be\n", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		return fd;
	}
	fprintf(stderr, "callgate: %s: %s%s\n", path, strerror(errno),
		errno == ENOENT || errno == ECONNREFUSED
			? "; is callgated running? (--socket PATH, $CALLGATE_SOCKET)"
			: "");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

// One line, without its end; NULL when the daemon closes, is silent for too long or says too much.
static char *line_read(int fd)
{
	size_t n = 0, size = 0;
	char *line = NULL;

	for (;;) {
		ssize_t got;

		if (size - n < 4096) {
			char *more = size < ANSWER_MAX ? realloc(line, 2 * size + 8192) : NULL;

			if (more == NULL)
				break;
			line = more;
			size = 2 * size + 8192;
		}
		got = recv(fd, line + n, size - n - 1, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		if (line[n - 1] == '\n') {
			line[n - 1] = '\0';
			return line;
		}
	}
	free(line);
	return NULL;
}

static const char *path_of(const char *option)
{
	const char *env = getenv("CALLGATE_SOCKET");

	return option != NULL ? option : env != NULL ? env : DAEMON_SOCKET;
}

// A line; a password may be in it, so the caller wipes it.
static char *request_text(const char *command, cJSON *args)
{
	cJSON *request = cJSON_CreateObject(), *i;
	char *text = malloc(REQUEST_MAX);

	cJSON_AddStringToObject(request, "command", command);
	cJSON_AddItemToObject(request, "args", args);
	if (text != NULL && !cJSON_PrintPreallocated(request, text, REQUEST_MAX - 1, false)) {
		free(text);
		text = NULL;
	}
	cJSON_ArrayForEach (i, args) {
		if (cJSON_IsString(i))
			OPENSSL_cleanse(i->valuestring, strlen(i->valuestring));
	}
	cJSON_Delete(request);
	if (text != NULL)
		strcat(text, "\n");
	return text;
}

static cJSON *answer_of(const char *path, char *line)
{
	cJSON *answer = line != NULL ? cJSON_Parse(line) : NULL;

	if (answer == NULL)
		fprintf(stderr, "callgate: %s: no answer\n", path);
	free(line);
	return answer;
}

static cJSON *exchange(const char *path, const char *text)
{
	int fd = daemon_connect(path);
	char *line = NULL;

	if (fd < 0)
		return NULL;
	if (send_all(fd, text, strlen(text)))
		line = line_read(fd);
	close(fd);
	return answer_of(path, line);
}

// The data of an answer, which it deletes; NULL: why not has been said.
static cJSON *data_of(cJSON *answer)
{
	cJSON *data = NULL;

	if (json_true(answer, "ok"))
		data = cJSON_DetachItemFromObjectCaseSensitive(answer, "data");
	if (answer != NULL && data == NULL)
		fprintf(stderr, "callgate: %s\n", json_text(answer, "error"));
	cJSON_Delete(answer);
	return data;
}

cJSON *daemon_ask(const char *socket_option, const char *command, cJSON *args)
{
	char *text = request_text(command, args);
	cJSON *answer;

	if (text == NULL) {
		fprintf(stderr, "callgate: longer than any request\n");
		return NULL;
	}
	answer = exchange(path_of(socket_option), text);
	OPENSSL_cleanse(text, REQUEST_MAX);
	free(text);
	return data_of(answer);
}

// The first line answers: it is read octet by octet, so that nothing of what follows is.
static bool answer_read(FILE *in, const char *path)
{
	static const struct timeval no_limit = {0};
	size_t size = 0;
	char *line = NULL;
	cJSON *answer = NULL, *data;

	setvbuf(in, NULL, _IONBF, 0);
	if (getline(&line, &size, in) > 0)
		answer = cJSON_Parse(line);
	if (answer == NULL)
		fprintf(stderr, "callgate: %s: no answer\n", path);
	free(line);
	data = data_of(answer);
	cJSON_Delete(data);
	setsockopt(fileno(in), SOL_SOCKET, SO_RCVTIMEO, &no_limit, sizeof(no_limit));
	return data != NULL;
}

int daemon_begin(const char *socket_option, const char *command, cJSON *args)
{
	char *text = request_text(command, args);
	const char *path = path_of(socket_option);
	int fd = text != NULL ? daemon_connect(path) : -1;
	FILE *in = fd >= 0 ? fdopen(dup(fd), "r") : NULL;
	bool begun = in != NULL && send_all(fd, text, strlen(text)) && answer_read(in, path);

	if (in != NULL)
		fclose(in);
	free(text);
	if (begun)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

cJSON *daemon_result(const char *socket_option, int fd)
{
	char *line = line_read(fd);

	close(fd);
	return data_of(answer_of(path_of(socket_option), line));
}

int daemon_follow(const char *socket_option, const char *command, cJSON *args)
{
	int fd = daemon_begin(socket_option, command, args);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	size_t size = 0;
	char *line = NULL;

	if (in == NULL)
		return CLIENT_FAILED;
	while (getline(&line, &size, in) > 0) {
		fputs(line, stdout);
		fflush(stdout);
	}
	fprintf(stderr, "callgate: %s: the daemon has ended\n", path_of(socket_option));
	free(line);
	fclose(in);
	return CLIENT_FAILED; // it is the reader who ends it
}
