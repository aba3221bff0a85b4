// SPDX-License-Identifier: BSD-3-Clause
// callgate capture NAME ...: packets of the firewall in a file for Wireshark, until ^C.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/pcapng.h"
#include "tools/callgate/client.h"

#define USAGE                                                                                      \
	"callgate capture NAME [interface IF] [match PROTOCOL SRC [PORTS] DST [PORTS]]\n"          \
	"       [drop [REASON | any]] [count N] [size OCTETS] --output FILE"

#define BLOCK_MAX (1u << 16) // longer than any that a daemon sends

enum { OPT_OUTPUT, OPT_SOCKET, OPT_JSON, CAPTURE_OPTIONS };

static const struct option_row rows[CAPTURE_OPTIONS] = {
	[OPT_OUTPUT] = {"output", "FILE", "pcapng, for Wireshark; - is standard output", 1},
	[OPT_SOCKET] = {"socket", "PATH", DAEMON_SOCKET_HELP, 1},
	[OPT_JSON] = {"json", NULL, "print at the end how many there were as JSON", 1},
};

static const char help_text[] =
	"\n"
	"  interface IF  only what comes in or goes out there\n"
	"  match         only these packets, in either direction, in the words of an access list:\n"
	"                match tcp any host 192.168.10.30 eq 5061. Addresses and ports are as "
	"they\n"
	"                stand in the packet: mapped ones outside, real ones inside\n"
	"  drop          only packets that are dropped: for that REASON of callgate show drops, or "
	"any\n"
	"  count N       ends after so many packets; else ^C ends it\n"
	"  size OCTETS   keeps so much of each packet; default 1518\n"
	"\n"
	"A packet that passes is there twice: as it was received and as it was sent. So is one "
	"that is\n"
	"dropped: as it was received, and as it was then, with the reason as its comment. What "
	"comes\n"
	"faster than it is written is lost to the capture, never to the traffic; the file's "
	"statistics\n"
	"say how much. A disc that is full ends it, with what fitted. Calls' media is as on the\n"
	"wire: SRTP encrypted outside, RTP in clear inside.\n"
	"Whoever may open the daemon's socket (root, and its group if you give it one) may "
	"capture.\n";

// ---- What is asked ------------------------------------------------------------------------------

static const char *const keywords[] = {"interface", "match", "drop", "count", "size"};

static bool is_keyword(const char *word)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strcmp(word, keywords[i]) == 0)
			return true;
	return false;
}

// The words up to the next keyword, joined; returns how many.
static int words_join(int argc, char **argv, char *buf, size_t size)
{
	size_t len = 0;
	int n = 0;

	buf[0] = '\0';
	for (; n < argc && !is_keyword(argv[n]) && len < size; n++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", n > 0 ? " " : "", argv[n]);
	return len < size ? n : 0;
}

static bool add_number(cJSON *args, const char *name, const char *word)
{
	char *end;
	unsigned long long n = strtoull(word, &end, 10);

	if (word[0] < '0' || word[0] > '9' || *end != '\0')
		return false;
	cJSON_AddNumberToObject(args, name, (double)n);
	return true;
}

// One keyword with what belongs to it; returns how many words, 0: they are wrong.
static int add_clause(cJSON *args, int argc, char **argv)
{
	const char *word = argv[0];
	char text[256];
	int n = words_join(argc - 1, argv + 1, text, sizeof(text));

	if (!is_keyword(word) || cJSON_HasObjectItem(args, word))
		return 0;
	if (strcmp(word, "match") == 0 && n > 0)
		cJSON_AddStringToObject(args, word, text);
	else if (strcmp(word, "drop") == 0 && n <= 1)
		cJSON_AddStringToObject(args, word, n == 1 ? text : "any");
	else if (strcmp(word, "interface") == 0 && n == 1)
		cJSON_AddStringToObject(args, word, text);
	else if (n != 1 || !add_number(args, word, text))
		return 0;
	return n + 1;
}

// NULL: they are wrong, which has been said.
static cJSON *args_of(int argc, char **argv)
{
	cJSON *args;

	if (argc < 1 || is_keyword(argv[0])) {
		usage_error("callgate: capture what? A name comes first\nusage: " USAGE);
		return NULL;
	}
	args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "name", argv[0]);
	for (int i = 1, n; i < argc; i += n) {
		n = add_clause(args, argc - i, argv + i);
		if (n > 0)
			continue;
		usage_error("callgate: capture does not understand \"%s\"\nusage: " USAGE, argv[i]);
		cJSON_Delete(args);
		return NULL;
	}
	return args;
}

// ---- The file -----------------------------------------------------------------------------------

static int daemon_fd; // for on_interrupt()

// The daemon puts what it still has, and ends.
static void on_interrupt(int signal)
{
	shutdown(daemon_fd, SHUT_WR);
}

struct copy {
	const char *path;
	int out;
	off_t written; // of a regular file: what was there before, and whole blocks
	uint64_t packets, lost;
	int unwritten; // errno, 0: all could be written
	bool told;     // the statistics have come: it is whole
	uint8_t buf[BLOCK_MAX];
	size_t n;
};

static bool write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

// So many octets, whole blocks with so many packets. Of those that do not fit, none stays: a block that is cut
// off would make a file that Wireshark complains of.
static bool blocks_put(struct copy *c, size_t n, uint64_t packets)
{
	if (write_all(c->out, c->buf, n)) {
		c->written += (off_t)n;
		c->packets += packets;
		return true;
	}
	c->unwritten = errno;
	c->lost += packets;
	if (ftruncate(c->out, c->written) != 0 && errno != EINVAL) // a pipe
		fprintf(stderr, "callgate: %s: %s: its end is not whole\n", c->path,
			strerror(errno));
	return false;
}

// Whole blocks leave. False: they cannot be written, or are none.
static bool blocks_write(struct copy *c)
{
	size_t at = 0, len;
	uint64_t packets = 0;
	uint32_t type;

	while ((len = pcapng_block(c->buf + at, c->n - at, &type)) != 0 && len <= c->n - at) {
		packets += type == PCAPNG_PACKET;
		c->told |= type == PCAPNG_STATISTICS;
		if (type == PCAPNG_STATISTICS)
			c->lost += pcapng_lost(c->buf + at, len);
		at += len;
	}
	if (!blocks_put(c, at, packets))
		return false;
	c->n -= at;
	memmove(c->buf, c->buf + at, c->n);
	if (len <= BLOCK_MAX)
		return true;
	fprintf(stderr, "callgate: what the daemon sends is no pcapng\n");
	return false;
}

static bool copy_all(struct copy *c, int fd)
{
	ssize_t got;

	while ((got = recv(fd, c->buf + c->n, sizeof(c->buf) - c->n, 0)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		c->n += (size_t)got;
		if (!blocks_write(c))
			return false;
	}
	if (!c->told)
		fprintf(stderr, "callgate: the daemon has ended before the capture\n");
	return c->told;
}

static void summary(const struct copy *c, bool json)
{
	bool piped = strcmp(c->path, "-") == 0;
	FILE *f = json && !piped ? stdout : stderr;

	if (c->unwritten != 0)
		fprintf(stderr,
			"callgate: %s: %s: the capture has ended here; what came before is there, "
			"and "
			"can be read\n",
			c->path, strerror(c->unwritten));

	if (json)
		fprintf(f, "{\"packets\": %llu, \"lost\": %llu}\n", (unsigned long long)c->packets,
			(unsigned long long)c->lost);
	else
		fprintf(f, "%llu packets in %s, %llu lost%s\n", (unsigned long long)c->packets,
			piped ? "standard output" : c->path, (unsigned long long)c->lost,
			c->unwritten != 0 ? " at least: they could not be written"
				: c->lost > 0
				? ": they came faster than they were written; match fewer, or "
				  "keep less of each (size)"
				: "");
}

// Others need not read what passed. A file of before is replaced, unless a capture still writes to it.
static int file_open(const char *path)
{
	bool piped = strcmp(path, "-") == 0;
	int fd = piped ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 &&
		(piped ||
			(flock(fd, LOCK_EX | LOCK_NB) == 0 &&
				(ftruncate(fd, 0) == 0 || errno == EINVAL))))
		return fd;
	fprintf(stderr, "callgate: %s: %s\n", path,
		errno == EWOULDBLOCK ? "another capture writes to it" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int capture(const char *const *v, cJSON *args)
{
	static struct copy c;
	static const struct sigaction interrupt = {.sa_handler = on_interrupt};
	int fd = daemon_begin(v[OPT_SOCKET], "capture", args);
	struct stat before; // of standard output it may be the end (>>)
	bool whole;

	if (fd < 0)
		return CLIENT_FAILED;
	c.path = v[OPT_OUTPUT];
	c.out = file_open(c.path);
	if (c.out < 0) {
		close(fd);
		return CLIENT_FAILED;
	}
	if (fstat(c.out, &before) == 0)
		c.written = before.st_size;
	daemon_fd = fd;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);
	whole = copy_all(&c, fd);
	close(fd);
	if (close(c.out) != 0 && whole) { // of a file that is far away
		c.unwritten = errno;
		whole = false;
	}
	summary(&c, v[OPT_JSON] != NULL);
	return whole ? CLIENT_OK : CLIENT_FAILED;
}

int capture_main(int argc, char **argv)
{
	const char *v[CAPTURE_OPTIONS];
	bool help;
	int code, first;
	cJSON *args;

	code = options_read(rows, CAPTURE_OPTIONS, 1, USAGE, argc, argv, v, &first, &help);
	if (code != CLIENT_OK)
		return code;
	if (help) {
		fputs(help_text, stdout);
		return CLIENT_OK;
	}
	args = args_of(argc - first, argv + first);
	if (args == NULL)
		return CLIENT_USAGE;
	if (v[OPT_OUTPUT] == NULL || (strcmp(v[OPT_OUTPUT], "-") == 0 && isatty(STDOUT_FILENO))) {
		cJSON_Delete(args);
		return usage_error(
			"callgate: capture needs --output FILE, or --output - and a pipe");
	}
	return capture(v, args);
}
