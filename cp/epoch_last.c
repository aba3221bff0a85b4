// SPDX-License-Identifier: BSD-3-Clause
#include "cp/epoch_last.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/alarm.h"
#include "cp/saver.h"

#define SALT_OCTETS 16
#define HASH_OCTETS 32 // of PBKDF2-HMAC-SHA256 with profile t2's rounds
#define TEXT_MAX    256

struct last {
	unsigned int epoch; // 0: nothing is known
	char by[8];         // "file" or "command"
	char salt[2 * SALT_OCTETS + 1], hash[2 * HASH_OCTETS + 1];
};

struct epoch_last {
	struct saver *saver;
	struct last was;
};

static void hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
}

static bool hash(const struct last *l, struct str password, char out[2 * HASH_OCTETS + 1])
{
	const struct ticket_profile *t2 = ticket_profile_find(STR_LIT("t2"));
	uint8_t key[TICKET_KEY_MAX] = {0};
	bool ok = ticket_derive(t2, password, str_from(l->salt), key) == HASH_OCTETS;

	hex(key, HASH_OCTETS, out);
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

static void keep(struct epoch_last *l, const struct ticket_secret *s, const char *by)
{
	struct last now = {.epoch = s->epoch};
	uint8_t salt[SALT_OCTETS];
	char *text = malloc(TEXT_MAX);
	int n;

	if (text == NULL || RAND_bytes(salt, sizeof(salt)) != 1) {
		free(text);
		return;
	}
	hex(salt, sizeof(salt), now.salt);
	hash(&now, s->password, now.hash);
	n = snprintf(text, TEXT_MAX, "%u %s %s %s\n", now.epoch, by, now.salt, now.hash);
	saver_put(l->saver, text, (size_t)n);
}

int epoch_last_new(struct epoch_last **out, const struct config_ime *cfg, const char *state_folder,
	char *err, size_t err_size)
{
	struct epoch_last *l = calloc(1, sizeof(*l));
	char name[CONFIG_NAME_MAX + 16], *text;
	size_t n;
	int e;

	snprintf(err, err_size, "out of memory");
	if (l == NULL)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%s.epoch", cfg->name);
	e = saver_new(&l->saver, state_folder, name, err, err_size);
	if (e < 0) {
		epoch_last_free(l);
		return e;
	}
	text = saver_load(l->saver, TEXT_MAX, &n, err, err_size);
	if (text == NULL ||
		sscanf(text, "%u %7s %32s %64s", &l->was.epoch, l->was.by, l->was.salt,
			l->was.hash) != 4)
		l->was.epoch = 0;
	free(text);
	*out = l;
	return 0;
}

void epoch_last_free(struct epoch_last *l)
{
	if (l == NULL)
		return;
	saver_free(l->saver);
	free(l);
}

void epoch_last_start(struct epoch_last *l, const struct ticket_secret *s, uint64_t now_ns)
{
	char now[2 * HASH_OCTETS + 1];
	bool same_epoch = l->was.epoch == s->epoch;

	if (same_epoch && hash(&l->was, s->password, now) &&
		CRYPTO_memcmp(now, l->was.hash, sizeof(now)) != 0)
		alarm_raise(ALARM_TICKET_EPOCH, now_ns,
			"the configuration has a new password for ticket epoch %u, which is not "
			"new: tickets made with the one before fail their integrity check (CLI-1)",
			s->epoch);
	else if (l->was.epoch != 0 && !same_epoch && strcmp(l->was.by, "command") == 0)
		alarm_raise(ALARM_TICKET_EPOCH, now_ns,
			"a command had put ticket epoch %u in force, but the configuration says "
			"%u: tickets of epoch %u are refused",
			l->was.epoch, s->epoch, l->was.epoch);
	keep(l, s, "file");
}

void epoch_last_change(struct epoch_last *l, const struct ticket_secret *s, uint64_t now_ns)
{
	keep(l, s, "command");
	alarm_clear(ALARM_TICKET_EPOCH, now_ns);
}
