// SPDX-License-Identifier: BSD-3-Clause
#include "cp/epochs.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

struct secret {
	uint8_t epoch; // 0: none
	size_t n;
	char password[CONFIG_PASSWORD_MAX];
};

struct epochs {
	struct secret now, previous;
	uint64_t previous_until;
	bool strict; // E1
};

static void secret_set(struct secret *s, uint8_t epoch, struct str password)
{
	s->epoch = epoch;
	s->n = password.n;
	memcpy(s->password, password.p, password.n);
}

static struct ticket_secret view(const struct secret *s)
{
	return (struct ticket_secret){s->epoch, {s->password, s->n}};
}

struct epochs *epochs_new(const struct config_ime *cfg)
{
	struct epochs *e = OPENSSL_secure_zalloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	secret_set(&e->now, cfg->epoch, str_from(cfg->password));
	secret_set(&e->previous, cfg->previous_epoch, str_from(cfg->previous_password));
	e->previous_until = cfg->previous_until_s;
	e->strict = cfg->parity_strict;
	return e;
}

void epochs_free(struct epochs *e)
{
	OPENSSL_secure_clear_free(e, sizeof(*e));
}

size_t epochs_size(void)
{
	return sizeof(struct epochs);
}

void epochs_policy(const struct epochs *e, struct ticket_policy *policy)
{
	policy->now = view(&e->now);
	policy->previous = view(&e->previous);
}

int epochs_change(struct epochs *e, uint8_t epoch, struct str password, uint32_t grace_s,
	uint64_t now_s, char *err, size_t err_size)
{
	bool same = password.n == e->now.n &&
		CRYPTO_memcmp(password.p, e->now.password, password.n) == 0;

	if (epoch == 0 || !ticket_password_ok(password, e->strict)) {
		snprintf(err, err_size,
			"expected an epoch from 1 to 255 and with it a password of 10 to 64 "
			"characters from ! to %c",
			e->strict ? 's' : '~');
		return -EINVAL;
	}
	if (epoch == e->now.epoch && same)
		return -EALREADY;
	if (epoch == e->now.epoch) {
		snprintf(err, err_size,
			"found a new password for epoch %u, which is in force, expected a new "
			"epoch with it: no ticket could tell which password it was made with "
			"(CLI-1)",
			epoch);
		return -EINVAL;
	}
	OPENSSL_cleanse(&e->previous, sizeof(e->previous));
	if (grace_s > 0)
		e->previous = e->now;
	e->previous_until = now_s + grace_s;
	OPENSSL_cleanse(&e->now, sizeof(e->now));
	secret_set(&e->now, epoch, password);
	return 0;
}

bool epochs_expire(struct epochs *e, uint64_t now_s)
{
	if (e->previous.epoch == 0 || now_s < e->previous_until)
		return false;
	OPENSSL_cleanse(&e->previous, sizeof(e->previous));
	return true;
}

struct epochs_info epochs_info(const struct epochs *e)
{
	return (struct epochs_info){
		.epoch = e->now.epoch,
		.previous = e->previous.epoch,
		.previous_until = e->previous.epoch != 0 ? e->previous_until : 0,
	};
}
