// SPDX-License-Identifier: BSD-3-Clause
// Keeps one small file as new as what it is given, without stopping the event loop: a thread of its
// own writes it beside the old one, has it on the disk, and puts it in its place. Control thread.
#pragma once

#include <stddef.h>

struct saver;

// A file of `folder`. Makes the folder (mode 0700) if only its last part is missing, and judges it:
// its owner is the user of the daemon, and nobody else may write there. On failure returns -errno
// and `err` says why. Before privileges are shed: the thread sheds its own.
int saver_new(struct saver **out, const char *folder, const char *name, char *err, size_t err_size);

// What the file held at the start: malloc'd and NUL-terminated, empty when there was none; NULL: it
// cannot be read, and `err` says why. Blocks: for the time before the first call.
char *saver_load(struct saver *s, size_t max, size_t *n, char *err, size_t err_size);

// Takes `text` (malloc'd); the newest wins.
void saver_put(struct saver *s, char *text, size_t n);

// 0: the last text is on the disk; -EINPROGRESS: not yet; else why it is not.
int saver_state(struct saver *s);

// Waits until the last text is written. Accepts NULL.
void saver_free(struct saver *s);
