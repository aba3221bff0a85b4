// SPDX-License-Identifier: BSD-3-Clause
// Trunks as `show tls-proxy session` sees them; see trunk.h.
#include "cp/trunk.h"

#include <time.h>

#include "cp/ime_state.h"

static const char *leg_state(const struct leg *l)
{
	switch (l->state) {
	case LEG_NONE:
		return "NONE";
	case LEG_OPENING:
		return "OPENING";
	case LEG_UP:
		return conn_ssl(l->conn) != NULL ? "SSLOK" : "TCPOK";
	case LEG_FAILED:
		return "FAILED";
	case LEG_CLOSING:
		return "CLOSING";
	}
	return "";
}

static struct trunk_leg_info leg_info(const struct leg *l)
{
	const SSL *ssl = l->state == LEG_UP ? conn_ssl(l->conn) : NULL;

	return (struct trunk_leg_info){
		.state = leg_state(l),
		.version = ssl != NULL ? SSL_get_version(ssl) : "",
		.cipher = ssl != NULL ? SSL_get_cipher_name(ssl) : "",
		.messages = l->messages,
		.bytes = l->bytes,
		.queued = l->conn != NULL ? conn_queued(l->conn) : 0,
	};
}

static void expires(const struct leg *outside, char *buf, size_t size)
{
	X509 *x = outside->state == LEG_UP ? SSL_get0_peer_certificate(conn_ssl(outside->conn))
					   : NULL;
	struct tm tm;

	buf[0] = '\0';
	if (x != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1)
		strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void trunk_foreach(const struct trunks *trunks, trunk_visit_fn *fn, void *arg)
{
	char identity[DOMAIN_NAME_MAX + 1], date[32];

	for (struct trunk *t = NULL; (t = trunks_next(trunks, t)) != NULL;) {
		uint64_t now_ns = ime_now(t->ime);
		struct trunk_info info = {
			.id = t->id,
			.outbound = t->accepted == SIDE_INSIDE,
			.inside = t->peer[SIDE_INSIDE],
			.outside = t->peer[SIDE_OUTSIDE],
			.class_name = t->class->class_name,
			.tls_proxy = t->ime->config->tls_proxies[t->class->tls_proxy].name,
			.leg = {leg_info(trunk_leg(t, SIDE_OUTSIDE)),
				leg_info(trunk_leg(t, SIDE_INSIDE))},
			.peer_identity = identity,
			.peer_expires = date,
			.age_ms = (now_ns - t->born_ns) / 1000000,
			.idle_ms = (now_ns - t->active_ns) / 1000000,
		};

		str_copy(trunk_identity(t), identity, sizeof(identity));
		expires(trunk_leg(t, SIDE_OUTSIDE), date, sizeof(date));
		fn(&info, arg);
	}
}
