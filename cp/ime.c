// SPDX-License-Identifier: BSD-3-Clause
// Makes the proxy from the configuration, keeps its clockwork and adds up what `show` reads.
#include "cp/ime.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/accept.h"
#include "cp/call_end.h"
#include "cp/embryonic.h"
#include "cp/ime_state.h"
#include "cp/fallback.h"
#include "cp/inspect.h"
#include "cp/log.h"
#include "cp/priv.h"
#include "cp/refer.h"
#include "cp/teardown.h"

#define TICK_S   1
#define RETRY_US 5000           // a full ring of the workers has room again soon
#define EDIT_MAX SIP_EDIT_ARENA // rewriting adds at most so much

// What OpenSSL takes of the locked memory: for a connection, and for certificates' keys and random
// numbers.
#define TLS_SECURE_SIZE 4096
#define SECURE_SPARE    (1u << 20)

// Handshakes of strangers come so smoothly that calls get their turn between them: at most this part
// of a second's at once.
#define BURST_PARTS 10
// A source may open the connections of so many seconds at once, after a restart of its own.
#define CLIENT_BURST_S 3

__attribute__((format(printf, 4, 5))) static int fail(
	int err, char *text, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, size, fmt, ap);
	va_end(ap);
	return err;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	ime_tick(arg);
}

void ime_retry_media(struct ime *ime)
{
	const struct timeval soon = {.tv_usec = RETRY_US};

	if (mta_retry(ime->mta) && !event_pending(ime->retry, EV_TIMEOUT, NULL))
		event_add(ime->retry, &soon);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	ime_retry_media(arg);
}

void ime_tick(struct ime *ime)
{
	uint64_t now_ns = ime_now(ime);

	mta_tick(ime->mta, now_ns);
	teardown_expired(ime, now_ns);
	fallback_tick(ime, now_ns);
	refers_tick(ime->refers, now_ns);
	txns_expire(ime->txns, now_ns, inspect_expired, ime);
	trunks_tick(ime->trunks, now_ns);
	if (ime->mapping_service != NULL)
		mapping_service_tick(ime->mapping_service, now_ns);
	ime_pki_tick(ime, now_ns);
	ucms_tick(ime->ucms, now_ns);
	ime_ticket_tick(ime);
	ime_retry_media(ime);
}

static int load_ticket(struct ime *ime, char *err, size_t err_size)
{
	const struct config_ime *cfg = ime->cfg;
	int e;

	ime->ticket = (struct ticket_policy){
		.profile = ticket_profile_find(str_from(cfg->ticket_profile)),
		.skew_s = cfg->ticket_skew_s,
		.own_domain = str_from(ime->own_domain),
	};
	ime->ticket_keys = ticket_keys_new(TICKET_KEYS_DEFAULT);
	ime->epochs = epochs_new(cfg);
	if (ime->ticket.profile == NULL)
		return fail(-EINVAL, err, err_size, "uc-ime %s: no ticket profile %s", cfg->name,
			cfg->ticket_profile);
	if (ime->ticket_keys == NULL || ime->epochs == NULL)
		return fail(-ENOMEM, err, err_size, "out of memory");
	epochs_expire(ime->epochs, ime->env.wall_s());
	epochs_policy(ime->epochs, &ime->ticket);
	e = callers_new(&ime->callers, cfg, ime->config->state_folder, err, err_size);
	if (e == 0)
		e = epoch_last_new(&ime->epoch_last, cfg, ime->config->state_folder, err, err_size);
	if (e == 0)
		epoch_last_start(ime->epoch_last, &ime->ticket.now, ime_now(ime));
	return e;
}

static int make_tables(struct ime *ime, char *err, size_t err_size)
{
	const struct config *c = ime->config;

	ime->session_env = (struct session_env){
		.cfg = ime->cfg, .resolve = ime->env.resolve, .resolve_arg = ime->env.resolve_arg};
	ime->calls = calls_new();
	ime->txns = txns_new();
	ime->trunks = trunks_new(ime);
	ime->peers = peers_new(&(struct peers_limits){
		.client_embryonic_max = c->client_embryonic_max,
		.rate = c->handshake_rate,
		.rate_burst = c->handshake_rate / BURST_PARTS + 1,
		.client_rate = c->client_handshake_rate,
		.client_burst = CLIENT_BURST_S * c->client_handshake_rate,
	});
	ime->embryonic = embryonic_new(ime);
	ime->domains = domains_new();
	ime->refers = refers_new(ime);
	ime->scratch = OPENSSL_secure_zalloc(sizeof(*ime->scratch));
	ime->out_size = (size_t)c->sip_header_max + c->sip_body_max + EDIT_MAX;
	ime->out = malloc(ime->out_size);
	ime->tidied = malloc(ime->out_size);
	ime->tick = event_new(ime->env.base, -1, EV_PERSIST, on_tick, ime);
	ime->retry = evtimer_new(ime->env.base, on_retry, ime);
	if (ime->cfg->call_id_privacy)
		ime->callid = callid_new();
	if (mta_new(&ime->mta, c, ime->cfg, &ime->counters) != 0 || ime->calls == NULL ||
		ime->txns == NULL || ime->trunks == NULL || ime->peers == NULL ||
		ime->embryonic == NULL || ime->domains == NULL || ime->refers == NULL ||
		ime->scratch == NULL || ime->out == NULL || ime->tidied == NULL ||
		ime->tick == NULL || ime->retry == NULL ||
		(ime->cfg->call_id_privacy && ime->callid == NULL))
		return fail(-ENOMEM, err, err_size, "out of memory");
	ime->session_env.mta = ime->mta;
	mta_tick(ime->mta, ime_now(ime));
	return 0;
}

// Once there is TLS, for those of secure trunks.
static int watch_ucms(struct ime *ime, char *err, size_t err_size)
{
	ime->ucms = ucms_new(ime);
	return ime->ucms != NULL ? 0 : fail(-ENOMEM, err, err_size, "out of memory");
}

// Remotes bring about half of the mappings at most, so that they leave some to who asks.
static int start_mapping(struct ime *ime, char *err, size_t err_size)
{
	const struct config_mapping *m = &ime->cfg->mapping;
	const struct mapping_options o = {.first_port = m->first_port,
		.last_port = m->last_port,
		.quota = m->quota,
		.remote_quota = (m->last_port - m->first_port + 2u) / 2,
		.lifetime_ns = m->lifetime_s * 1000000000ull};

	if (!m->on)
		return 0;
	if (mappings_new(&ime->mappings, &o) != 0 ||
		mapping_service_new(&ime->mapping_service, ime) != 0)
		return fail(-ENOMEM, err, err_size, "out of memory");
	return 0;
}

static int listen_all(struct ime *ime, char *err, size_t err_size)
{
	const struct config *c = ime->config;

	for (uint16_t i = 0; i < c->n_ifaces; i++) {
		int e = tsock_listen(&ime->listeners[i], ime->env.base, i, accept_connection, ime);

		if (e != 0)
			return fail(e, err, err_size, "listen on interface %s: %s",
				c->ifaces[i].name, strerror(-e));
	}
	return 0;
}

size_t ime_secure_size(const struct config *c)
{
	// Streams beyond four a call would be of calls that cannot be.
	size_t streams =
		c->media_streams_max < 4 * CALLS_MAX ? c->media_streams_max : 4 * CALLS_MAX;

	return mta_secure_size(streams) + session_secure_size(streams) +
		priv_key_block(sizeof(struct scratch)) + priv_key_block(epochs_size()) +
		priv_key_block(ticket_keys_size(TICKET_KEYS_DEFAULT)) +
		mapping_service_secure_size() +
		((size_t)c->tls_sessions_max + c->embryonic_max) * TLS_SECURE_SIZE + SECURE_SPARE;
}

int ime_new(struct ime **out, const struct ime_env *env, char *err, size_t err_size)
{
	const struct timeval tick = {.tv_sec = TICK_S};
	struct ime *ime;
	int e;

	if (env->config->n_imes == 0)
		return fail(-ENOENT, err, err_size, "no uc-ime is configured");
	ime = calloc(1, sizeof(*ime));
	if (ime == NULL)
		return fail(-ENOMEM, err, err_size, "out of memory");
	ime->env = *env;
	ime->config = env->config;
	ime->cfg = &env->config->imes[0];
	e = make_tables(ime, err, err_size);
	if (e == 0)
		e = ime_pki_start(ime, err, err_size);
	if (e == 0)
		e = load_ticket(ime, err, err_size);
	if (e == 0)
		e = watch_ucms(ime, err, err_size);
	if (e == 0)
		e = policymaps_new(&ime->policymaps, ime->config, err, err_size);
	if (e == 0)
		e = start_mapping(ime, err, err_size);
	if (e == 0)
		e = listen_all(ime, err, err_size);
	if (e != 0) {
		ime_free(ime);
		return e;
	}
	event_add(ime->tick, &tick);
	*out = ime;
	return 0;
}

// Each call's line is written, though no BYE is sent.
static void stop_calls(struct ime *ime)
{
	struct call *call;

	while (ime->calls != NULL && (call = calls_first(ime->calls)) != NULL) {
		call_ends(call, CALL_END_STOPPED, SIDE_INSIDE);
		call_end(ime, call);
	}
}

int ime_stir_reload(struct ime *ime, char *err, size_t err_size)
{
	const struct config_stir *cfg = &ime->cfg->stir;
	struct stir_certs *new;
	int e;

	if (cfg->verify == STIR_OFF)
		return 0;
	e = stir_certs_load(&new, cfg->certificates, cfg->anchors, err, err_size);
	if (e != 0)
		return e;
	log_event(STIR_READ, log_u64("certificates", stir_certs_count(new)));
	stir_certs_free(ime->stir_certs);
	ime->stir_certs = new;
	return 0;
}

void ime_free(struct ime *ime)
{
	if (ime == NULL)
		return;
	for (size_t i = 0; i < CONFIG_IFACES_MAX; i++)
		tsock_listener_close(ime->listeners[i]);
	stop_calls(ime);
	mapping_service_free(ime->mapping_service);
	embryonic_free(ime->embryonic);
	ucms_free(ime->ucms);
	refers_free(ime->refers);
	trunks_free(ime->trunks);
	calls_free(ime->calls);
	domains_free(ime->domains);
	txns_free(ime->txns);
	mta_free(ime->mta);
	peers_free(ime->peers);
	ticket_keys_free(ime->ticket_keys);
	epochs_free(ime->epochs);
	callers_free(ime->callers);
	callid_free(ime->callid);
	epoch_last_free(ime->epoch_last);
	stir_certs_free(ime->stir_certs);
	policymaps_free(ime->policymaps);
	mappings_free(ime->mappings);
	pki_free(ime->pki);
	if (ime->tick != NULL)
		event_free(ime->tick);
	if (ime->retry != NULL)
		event_free(ime->retry);
	OPENSSL_secure_clear_free(ime->scratch, sizeof(*ime->scratch));
	free(ime->out);
	free(ime->tidied);
	free(ime);
}

void ime_media(struct ime *ime, const struct dp_msg *m)
{
	if (m->type == DP_MSG_MEDIA_GONE)
		mta_gone(ime->mta, m->media.stream);
	else if (m->type == DP_MSG_MEDIA_KEY)
		teardown_key(ime, &m->key);
}

const struct calls *ime_calls(const struct ime *ime)
{
	return ime->calls;
}

const struct trunks *ime_trunks(const struct ime *ime)
{
	return ime->trunks;
}

const struct ucms *ime_ucms(const struct ime *ime)
{
	return ime->ucms;
}

struct policymaps *ime_put_policymaps(struct ime *ime, struct policymaps *p)
{
	struct policymaps *was = ime->policymaps;

	ime->policymaps = p;
	return was;
}

struct policymaps *ime_policymaps(const struct ime *ime)
{
	return ime->policymaps;
}

const struct mappings *ime_mappings(const struct ime *ime)
{
	return ime->mappings;
}

struct mapping_service *ime_mapping_service(const struct ime *ime)
{
	return ime->mapping_service;
}

static enum ime_counter_kind kind_of(enum counter_id id)
{
	if (id < CNT_STATS)
		return IME_STAT;
	return id >= CNT_TRUNKS_ACCEPTED && id <= CNT_MEDIA_RETRIED ? IME_EVENT : IME_REFUSAL;
}

// SIP_OK, SDP_OK and the SDP verdict that is a statistic already count nothing.
static bool is_shown(int id)
{
	return id != CNT_SIP_OK && id != CNT_SDP_OK && id != CNT_SDP_RTP_OVER_IME;
}

size_t ime_counters(const struct ime *ime, struct ime_counter *out, size_t max)
{
	size_t n = 0;

	for (int id = 0; id < CNT_MAX; id++) {
		if (!is_shown(id))
			continue;
		if (n < max)
			out[n] = (struct ime_counter){
				.kind = kind_of((enum counter_id)id),
				.name = counter_name((enum counter_id)id),
				.text = counter_text((enum counter_id)id),
				.help = counter_help((enum counter_id)id),
				.value = ime->counters.v[id],
			};
		n++;
	}
	return n;
}

void ime_usage(const struct ime *ime, struct ime_usage *out)
{
	struct calls_usage calls = calls_usage(ime->calls);
	struct trunks_usage trunks = trunks_usage(ime->trunks);
	struct mta_usage media = mta_usage(ime->mta);

	*out = (struct ime_usage){
		.signaling_in_use = calls.in_use,
		.signaling_most_used = calls.most_used,
		.media_ports = media.streams + media.leaving,
		.media_resting = media.resting,
		.signaling_terminated = calls.terminated,
		.media_in_use = media.streams,
		.media_most_used = media.most_used,
		.tls_in_use = trunks.tls,
		.tls_most_used = trunks.tls > trunks.tls_most ? trunks.tls : trunks.tls_most,
		.tls_max = ime->config->tls_sessions_max,
	};
}

struct ime_embryonic ime_embryonic(const struct ime *ime)
{
	struct embryonic_usage u = embryonic_usage(ime->embryonic);

	return (struct ime_embryonic){.hello = u.hello,
		.waiting = u.waiting,
		.handshake = u.handshake,
		.most_used = u.most,
		.max = ime->config->embryonic_max};
}

void ime_tls_clear(struct ime *ime)
{
	for (int id = CNT_TLS_ON_TCP; id <= CNT_TLS_SOURCE_FULL; id++)
		ime->counters.v[id] = 0;
	ime->counters.v[CNT_TLS_HANDSHAKES] = ime->counters.v[CNT_TRUNKS_EVICTED] = 0;
	trunks_usage_clear(ime->trunks);
	embryonic_usage_clear(ime->embryonic);
}

struct ime_tls_closed ime_tls_close(struct ime *ime)
{
	struct ime_tls_closed c;

	c.closed = trunks_close_idle(ime->trunks, &c.kept);
	return c;
}

void ime_counters_clear(struct ime *ime)
{
	ime->counters = (struct counters){0};
	calls_usage_clear(ime->calls);
	trunks_usage_clear(ime->trunks);
	embryonic_usage_clear(ime->embryonic);
	mta_usage_clear(ime->mta);
	policymaps_clear(ime->policymaps);
}

void ime_refers_clear(struct ime *ime)
{
	ucms_refers_clear(ime->ucms);
}

void ime_media_clear(struct ime *ime)
{
	mta_usage_clear(ime->mta);
}
