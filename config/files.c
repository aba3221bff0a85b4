// SPDX-License-Identifier: BSD-3-Clause
// Reading files; see config/files.h. Judges the open file, never its name, so that nobody can
// change it in between.
#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int judge(int fd, const char *path, size_t max, enum file_kind kind, char *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		int err = -errno;

		snprintf(why, FILE_WHY_MAX, "found %s (%s), expected a file", path, strerror(-err));
		return err;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, FILE_WHY_MAX, "found %s, expected a regular file", path);
		return -EINVAL;
	}
	if (kind == FILE_SECRET && (st.st_mode & 07777 & ~0600U) != 0) {
		snprintf(why, FILE_WHY_MAX, "found %s with mode %04o, expected 0600 or less", path,
			(unsigned int)st.st_mode & 07777);
		return -EPERM;
	}
	if (kind == FILE_SECRET && st.st_uid != 0 && st.st_uid != geteuid()) {
		snprintf(why, FILE_WHY_MAX,
			"found %s owned by user %u, expected root or the user of the daemon", path,
			(unsigned int)st.st_uid);
		return -EPERM;
	}
	if ((uintmax_t)st.st_size > max) {
		snprintf(why, FILE_WHY_MAX, "found %s with %ju octets, expected at most %zu", path,
			(uintmax_t)st.st_size, max);
		return -EFBIG;
	}
	return 0;
}

static int read_all(int fd, char *buf, size_t size, size_t *n)
{
	ssize_t got;

	for (*n = 0; *n < size; *n += (size_t)got) {
		got = read(fd, buf + *n, size - *n);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return -errno;
		else if (got == 0)
			return 0;
	}
	return -EFBIG; // it grew since it was judged
}

int file_read(const char *path, size_t max, enum file_kind kind, char **out, size_t *n,
	char why[static FILE_WHY_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	char *buf = NULL;

	if (fd < 0) {
		err = -errno;
		snprintf(why, FILE_WHY_MAX, "found %s (%s), expected a file that can be read", path,
			strerror(-err));
		return err;
	}
	err = judge(fd, path, max, kind, why);
	if (err < 0)
		goto out;
	buf = malloc(max + 1);
	if (buf == NULL) {
		err = -ENOMEM;
		goto out;
	}
	err = read_all(fd, buf, max + 1, n);
	if (err < 0) {
		snprintf(why, FILE_WHY_MAX, "found %s (%s), expected a file that can be read", path,
			strerror(-err));
		file_wipe(buf, max + 1);
		goto out;
	}
	buf[*n] = '\0';
	*out = buf;
out:
	close(fd);
	return err;
}

void file_wipe(char *text, size_t n)
{
	if (text != NULL)
		OPENSSL_cleanse(text, n);
	free(text);
}
