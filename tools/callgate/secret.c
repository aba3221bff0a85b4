// SPDX-License-Identifier: BSD-3-Clause
// A secret that a command is given in a file; see client.h.
#include "tools/callgate/client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/ticket.h"

// It may be in nobody else's reach; only what stands before the first line's end counts.
int secret_read(const char *path, const char *what, char out[SECRET_MAX + 1], size_t *n)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char buf[SECRET_MAX + 2];
	struct stat st;
	ssize_t got;
	int code = CLIENT_OK;

	if (fd < 0 || fstat(fd, &st) < 0)
		return usage_error("%s: cannot be read", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
		close(fd);
		return usage_error("%s: group or others may use it; chmod 600 it", path);
	}
	got = read(fd, buf, sizeof(buf));
	if (fd != STDIN_FILENO)
		close(fd);
	for (*n = 0; got > 0 && *n < (size_t)got; ++*n)
		if (buf[*n] < 0x21 || buf[*n] > 0x7e)
			break;
	if (got < 0 || !ticket_password_ok((struct str){buf, *n}, false) ||
		(*n < (size_t)got && buf[*n] != '\n'))
		code = usage_error("%s: %s is 10 to 64 characters from ! to ~", path, what);
	else
		memcpy(out, buf, *n);
	OPENSSL_cleanse(buf, sizeof(buf));
	return code;
}
