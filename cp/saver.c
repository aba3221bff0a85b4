// SPDX-License-Identifier: BSD-3-Clause
// A thread that waits for a text and writes it; see cp/saver.h.
#include "cp/saver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp/priv.h"

#define NAME_MAX_OCTETS 128

struct saver {
	char name[NAME_MAX_OCTETS], beside[NAME_MAX_OCTETS + 4];
	int folder;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	// Under the lock.
	char *text; // NULL: nothing to write
	size_t n;
	unsigned int put, written; // texts given, and those that are written or overtaken
	int err;
	bool stop;
};

// ---- The thread ---------------------------------------------------------------------------------

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno != EINTR)
			return -errno;
		p += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

// After a crash at any moment the file is the old one or the new one.
static int replace(const struct saver *s, const char *text, size_t n)
{
	int fd, err;

	fd = openat(
		s->folder, s->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, n);
	if (err == 0 && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (err == 0 && renameat(s->folder, s->beside, s->folder, s->name) < 0)
		err = -errno;
	if (err == 0 && fsync(s->folder) < 0)
		err = -errno;
	if (err != 0)
		unlinkat(s->folder, s->beside, 0);
	return err;
}

static void *work(void *arg)
{
	struct saver *s = arg;

	priv_shed_worker();
	pthread_mutex_lock(&s->lock);
	while (s->text != NULL || !s->stop) {
		unsigned int put = s->put;
		char *text = s->text;
		size_t n = s->n;
		int err;

		if (text == NULL) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		s->text = NULL;
		pthread_mutex_unlock(&s->lock);
		err = replace(s, text, n);
		free(text);
		pthread_mutex_lock(&s->lock);
		s->written = put;
		s->err = err;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

// ---- The loop's side ----------------------------------------------------------------------------

static int folder_open(struct saver *s, const char *folder, char *err, size_t err_size)
{
	struct stat st;
	int e;

	if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
		e = -errno;
		snprintf(err, err_size, "make the state-folder %s: %s", folder, strerror(-e));
		return e;
	}
	s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0 || fstat(s->folder, &st) < 0) {
		e = -errno;
		snprintf(err, err_size, "open the state-folder %s: %s", folder, strerror(-e));
		return e;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 0300) != 0300 || (st.st_mode & 022) != 0) {
		snprintf(err, err_size,
			"found the state-folder %s of user %u with mode %04o, expected one of user "
			"%u with mode 0700",
			folder, (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777,
			(unsigned int)geteuid());
		return -EPERM;
	}
	return 0;
}

int saver_new(struct saver **out, const char *folder, const char *name, char *err, size_t err_size)
{
	struct saver *s = calloc(1, sizeof(*s));
	int e;

	snprintf(err, err_size, "out of memory");
	if (s == NULL)
		return -ENOMEM;
	s->folder = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->beside, sizeof(s->beside), "%s.new", s->name);
	e = folder_open(s, folder, err, err_size);
	if (e == 0) {
		e = -pthread_create(&s->thread, NULL, work, s);
		s->running = e == 0;
		snprintf(err, err_size, "start the thread that saves %s: %s", name, strerror(-e));
	}
	if (e == 0)
		*out = s;
	else
		saver_free(s);
	return e;
}

char *saver_load(struct saver *s, size_t max, size_t *n, char *err, size_t err_size)
{
	int fd = openat(s->folder, s->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *text = malloc(max + 2);
	ssize_t got = 1;

	*n = 0;
	if (fd < 0 && errno != ENOENT)
		got = -1;
	while (fd >= 0 && text != NULL && got > 0 && *n <= max) {
		got = read(fd, text + *n, max + 1 - *n);
		*n += got > 0 ? (size_t)got : 0;
	}
	if (text == NULL || got < 0 || *n > max) {
		snprintf(err, err_size, "read %s in the state-folder: %s", s->name,
			got < 0                ? strerror(errno)
				: text == NULL ? "out of memory"
					       : "longer than it can be");
		free(text);
		text = NULL;
	} else {
		text[*n] = '\0';
	}
	if (fd >= 0)
		close(fd);
	return text;
}

void saver_put(struct saver *s, char *text, size_t n)
{
	pthread_mutex_lock(&s->lock);
	free(s->text);
	s->text = text;
	s->n = n;
	s->put++;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

int saver_state(struct saver *s)
{
	int state;

	pthread_mutex_lock(&s->lock);
	state = s->written != s->put ? -EINPROGRESS : s->err;
	pthread_mutex_unlock(&s->lock);
	return state;
}

void saver_free(struct saver *s)
{
	if (s == NULL)
		return;
	if (s->running) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_signal(&s->wake);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	if (s->folder >= 0)
		close(s->folder);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
