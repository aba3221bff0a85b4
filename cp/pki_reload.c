// SPDX-License-Identifier: BSD-3-Clause
// Puts trust-points into force: at start, and under traffic (`callgate pki reload`, SIGHUP); and
// looks every hour whether one of them nears its end. See cp/ime.h and cp/pki.h.
#include <errno.h>
#include <stdio.h>

#include "cp/ime_state.h"
#include "cp/log.h"

#define CHECK_NS (3600ull * 1000000000)

// Our domain is what the configuration says, else what our certificate does (TKT-25).
static int own_domain(const struct config_ime *cfg, const struct pki *pki,
	char out[DOMAIN_NAME_MAX + 1], char *err, size_t err_size)
{
	const struct domain_ids *ids = pki_own_ids(pki);

	if (cfg->domain[0] != '\0')
		return str_copy(str_from(cfg->domain), out, DOMAIN_NAME_MAX + 1) ? 0 : -EINVAL;
	if (ids->n > 0) {
		str_copy((struct str){ids->id[0].name, ids->id[0].n}, out, DOMAIN_NAME_MAX + 1);
		return 0;
	}
	snprintf(err, err_size,
		"uc-ime %s: no domain, and no certificate of a server trust-point names one",
		cfg->name);
	return -EINVAL;
}

// All or nothing.
static int replace(struct ime *ime, char *err, size_t err_size)
{
	char domain[DOMAIN_NAME_MAX + 1] = "";
	struct pki *fresh;
	int e = pki_new(&fresh, ime->config, err, err_size);

	if (e < 0)
		return e;
	e = own_domain(ime->cfg, fresh, domain, err, err_size);
	if (e == 0)
		e = ime_stir_reload(ime, err, err_size);
	if (e < 0) {
		pki_free(fresh);
		return e;
	}
	pki_free(ime->pki);
	ime->pki = fresh;
	ime->own_ids = *pki_own_ids(fresh);
	str_copy(str_from(domain), ime->own_domain, sizeof(ime->own_domain));
	ime->ticket.own_domain = str_from(ime->own_domain);
	return 0;
}

static void check_validity(struct ime *ime, uint64_t now_ns)
{
	ime->pki_checked_ns = now_ns;
	pki_alarms(ime->pki, (int64_t)ime->env.wall_s(), now_ns);
}

int ime_pki_start(struct ime *ime, char *err, size_t err_size)
{
	int e = replace(ime, err, err_size);

	if (e == 0)
		check_validity(ime, ime_now(ime));
	return e;
}

void ime_pki_tick(struct ime *ime, uint64_t now_ns)
{
	if (now_ns - ime->pki_checked_ns >= CHECK_NS)
		check_validity(ime, now_ns);
}

static void count_item(const struct pki_item *item, void *arg)
{
	struct ime_pki_change *change = arg;

	if (item->is->crl != NULL)
		change->crls++;
	else
		change->certificates++;
}

int ime_pki_reload(struct ime *ime, struct ime_pki_change *out, char *err, size_t err_size)
{
	int e = replace(ime, err, err_size);

	*out = (struct ime_pki_change){.trustpoints = (unsigned int)ime->config->n_trustpoints};
	if (e < 0) {
		count(&ime->counters, CNT_PKI_RELOADS_REFUSED);
		log_event(PKI_REFUSED, log_text("error", err));
		return e;
	}
	count(&ime->counters, CNT_PKI_RELOADS);
	pki_foreach(ime->pki, count_item, out);
	out->judged = trunks_judge_again(ime->trunks);
	check_validity(ime, ime_now(ime));
	log_event(PKI_RELOADED, log_u64("trustpoints", out->trustpoints),
		log_u64("certificates", out->certificates), log_u64("crls", out->crls),
		log_u64("judged", out->judged));
	return 0;
}

const struct pki *ime_pki(const struct ime *ime)
{
	return ime->pki;
}
