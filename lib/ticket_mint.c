// SPDX-License-Identifier: BSD-3-Clause
// Minting: what an IME server does after it has validated a PSTN call (protocol.md section 7 and
// Appendix B). The client uses it; the firewall itself only verifies.
#include "lib/ticket.h"

#include <openssl/crypto.h>

struct writer {
	const struct ticket_profile *p;
	uint8_t *out;
	size_t size, n;
	bool full;
};

static void put_be(struct writer *w, uint32_t v, unsigned int octets)
{
	while (octets-- > 0)
		w->out[w->n++] = (uint8_t)(v >> 8 * octets);
}

static void put_tlv(struct writer *w, uint32_t type, struct str value)
{
	size_t head = (size_t)w->p->type_octets + w->p->length_octets;
	size_t pad = (w->p->pad_to - value.n % w->p->pad_to) % w->p->pad_to;

	if (w->full || (head + value.n) >> 8 * w->p->length_octets != 0 ||
		head + value.n + pad > w->size - w->n) {
		w->full = true;
		return;
	}
	put_be(w, type, w->p->type_octets);
	put_be(w, (uint32_t)(value.n + (w->p->length_includes_header ? head : 0)),
		w->p->length_octets);
	if (value.n > 0)
		memcpy(w->out + w->n, value.p, value.n);
	memset(w->out + w->n + value.n, 0, pad);
	w->n += value.n + pad;
}

// Fills the fields in the order of their numbers; `fixed` keeps what is not a slice of the grant.
static enum ticket_fault fields_fill(const struct ticket_profile *p, const struct ticket_grant *g,
	struct str *field, uint8_t fixed[20])
{
	size_t t = ticket_time_octets(p);

	if (!ticket_time_encode(p, g->start_ns, fixed) ||
		!ticket_time_encode(p, g->stop_ns, fixed + t))
		return TICKET_FAULT_VALIDITY;
	memset(fixed + 16, 0, 4);
	fixed[16 + p->epoch_octets - 1] = g->epoch;
	field[TICKET_UUID] = (struct str){(const char *)g->uuid, sizeof(g->uuid)};
	field[TICKET_SALT] = g->salt;
	field[TICKET_VALIDITY] = (struct str){(const char *)fixed, 2 * t};
	field[TICKET_NUMBER] = g->number;
	field[TICKET_GRANTING_NODE] = g->granting_node;
	field[TICKET_GRANTING_DOMAIN] = g->granting_domain;
	field[TICKET_GRANTED_DOMAIN] = g->granted_domain;
	field[TICKET_EPOCH] = (struct str){(const char *)fixed + 16, p->epoch_octets};
	for (enum ticket_field f = 0; f < TICKET_INTEGRITY; f++) {
		enum ticket_fault fault;

		if (f == TICKET_GRANTING_NODE && field[f].n == 0)
			continue;
		fault = ticket_field_check(p, f, field[f]);
		if (fault != TICKET_FAULT_NONE)
			return fault;
	}
	return TICKET_FAULT_NONE;
}

// Appends the Integrity TLV; false when it does not fit.
static bool put_integrity(struct writer *w, struct str salt, struct str password)
{
	size_t header = (size_t)w->p->type_octets + w->p->length_octets, at = w->n, key_n;
	uint8_t key[TICKET_KEY_MAX], mac[32] = {0};
	struct str m;

	put_tlv(w, w->p->code[TICKET_INTEGRITY], (struct str){(const char *)mac, w->p->mac_octets});
	if (w->full)
		return false;
	m = (struct str){(const char *)w->out, at + (w->p->mac_covers_header ? header : 0)};
	key_n = ticket_derive(w->p, password, salt, key);
	w->full = key_n == 0 || !ticket_mac(w->p, key, key_n, m, mac);
	OPENSSL_cleanse(key, sizeof(key));
	memcpy(w->out + at + header, mac, w->p->mac_octets);
	return !w->full;
}

enum ticket_fault ticket_mint(const struct ticket_profile *p, const struct ticket_grant *g,
	struct str password, uint8_t *out, size_t size, size_t *n)
{
	struct writer w = {.p = p, .out = out, .size = size};
	struct str field[TICKET_FIELDS] = {0};
	uint8_t fixed[20];
	enum ticket_fault fault = fields_fill(p, g, field, fixed);

	if (fault != TICKET_FAULT_NONE)
		return fault;
	for (enum ticket_field f = 0; f < TICKET_INTEGRITY; f++)
		if (field[f].n > 0)
			put_tlv(&w, p->code[f], field[f]);
	for (size_t i = 0; i < g->n_extra; i++)
		put_tlv(&w, g->extra[i].type, g->extra[i].value);
	if (!put_integrity(&w, g->salt, password))
		return TICKET_FAULT_TOO_LONG;
	*n = w.n;
	return TICKET_FAULT_NONE;
}
