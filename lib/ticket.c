// SPDX-License-Identifier: BSD-3-Clause
// Decoding of tickets; see lib/ticket.h. What a ticket says is in the hands of
// whoever sent it until its MAC has been checked, so the decoder allocates nothing, is bounded, and
// knows a name for each way to be wrong.
#include "lib/ticket.h"

#include "lib/base64.h"

const char *ticket_fault_rule(enum ticket_fault f)
{
#define X(name, rule, text) rule,
	static const char *const rules[] = {TICKET_FAULTS(X)};
#undef X

	return rules[f];
}

const char *ticket_fault_text(enum ticket_fault f)
{
#define X(name, rule, text) text,
	static const char *const texts[] = {TICKET_FAULTS(X)};
#undef X

	return texts[f];
}

// ---- Fields -------------------------------------------------------------------------------------

static uint64_t be_get(struct str s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (uint8_t)s.p[i];
	return v;
}

static bool number_valid(struct str s)
{
	if (s.p[0] != '+')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool validity_get(
	const struct ticket_profile *p, struct str v, int64_t *start_ns, int64_t *stop_ns)
{
	const uint8_t *at = (const uint8_t *)v.p;

	return ticket_time_decode(p, at, start_ns) &&
		ticket_time_decode(p, at + ticket_time_octets(p), stop_ns) && *start_ns <= *stop_ns;
}

enum ticket_fault ticket_field_check(
	const struct ticket_profile *p, enum ticket_field f, struct str value)
{
	int64_t start_ns, stop_ns;
	size_t min, max;

	ticket_field_range(p, f, &min, &max);
	if (value.n < min || value.n > max)
		return TICKET_FAULT_LENGTH;
	switch (f) {
	case TICKET_NUMBER:
		return number_valid(value) ? TICKET_FAULT_NONE : TICKET_FAULT_NUMBER;
	case TICKET_GRANTING_DOMAIN:
	case TICKET_GRANTED_DOMAIN:
		return domain_valid(value) ? TICKET_FAULT_NONE : TICKET_FAULT_DOMAIN;
	case TICKET_VALIDITY:
		return validity_get(p, value, &start_ns, &stop_ns) ? TICKET_FAULT_NONE
								   : TICKET_FAULT_VALIDITY;
	case TICKET_EPOCH:
		return be_get(value) - 1 < 255 ? TICKET_FAULT_NONE : TICKET_FAULT_EPOCH;
	default:
		return TICKET_FAULT_NONE;
	}
}

// ---- Decoding -----------------------------------------------------------------------------------

bool ticket_tlv_next(const struct ticket_profile *p, struct str octets, size_t *offset,
	uint32_t *type, struct str *value)
{
	size_t head = (size_t)p->type_octets + p->length_octets, left = octets.n - *offset, n, pad;
	const char *at = octets.p + *offset;

	if (left < head)
		return false;
	*type = (uint32_t)be_get((struct str){at, p->type_octets});
	n = be_get((struct str){at + p->type_octets, p->length_octets});
	if (p->length_includes_header) {
		if (n < head)
			return false;
		n -= head;
	}
	if (n > left - head)
		return false;
	pad = (p->pad_to - n % p->pad_to) % p->pad_to;
	if (pad > left - head - n)
		return false;
	*value = (struct str){at + head, n};
	*offset += head + n + pad;
	return true;
}

static enum ticket_field field_of(const struct ticket_profile *p, uint32_t type)
{
	enum ticket_field f = 0;

	while (f < TICKET_FIELDS && p->code[f] != type)
		f++;
	return f;
}

static enum ticket_fault fields_collect(const struct ticket_profile *p, struct ticket *t)
{
	struct str octets = {(const char *)t->raw, t->n}, value;
	size_t at = 0, start = 0;
	uint32_t type;

	for (unsigned int count = 0; at < t->n; count++, start = at) {
		enum ticket_field f;

		if (count == TICKET_TLVS_MAX)
			return TICKET_FAULT_TOO_MANY;
		if (t->field[TICKET_INTEGRITY].p != NULL)
			return TICKET_FAULT_NOT_LAST;
		if (!ticket_tlv_next(p, octets, &at, &type, &value))
			return TICKET_FAULT_OVERRUN;
		f = field_of(p, type);
		if (f == TICKET_FIELDS) {
			if (type < p->optional_from)
				return TICKET_FAULT_UNKNOWN_TYPE;
			continue;
		}
		if (t->field[f].p != NULL)
			return TICKET_FAULT_DUPLICATE;
		t->field[f] = value;
		t->integrity_at = start;
	}
	return TICKET_FAULT_NONE;
}

static enum ticket_fault parse(const struct ticket_profile *p, struct ticket *t)
{
	enum ticket_fault fault;

	memset(t->field, 0, sizeof(t->field));
	fault = fields_collect(p, t);
	for (enum ticket_field f = 0; fault == TICKET_FAULT_NONE && f < TICKET_FIELDS; f++) {
		if (t->field[f].p != NULL)
			fault = ticket_field_check(p, f, t->field[f]);
		else if (p->required & 1u << f)
			fault = TICKET_FAULT_MISSING;
	}
	if (fault != TICKET_FAULT_NONE)
		return fault;
	validity_get(p, t->field[TICKET_VALIDITY], &t->start_ns, &t->stop_ns);
	t->epoch = (uint8_t)be_get(t->field[TICKET_EPOCH]);
	return TICKET_FAULT_NONE;
}

enum ticket_fault ticket_decode(
	const struct ticket_profile *p, const uint8_t *octets, size_t n, struct ticket *t)
{
	if (n > sizeof(t->raw))
		return TICKET_FAULT_TOO_LONG;
	memcpy(t->raw, octets, n);
	t->n = n;
	return parse(p, t);
}

// Without CRLF and the white space that follows it (RFC 3261 7.3.1); returns the length.
static size_t unfold(struct str s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool fold = s.n - i > 2 && s.p[i] == '\r' && s.p[i + 1] == '\n' &&
			(s.p[i + 2] == ' ' || s.p[i + 2] == '\t');

		if (!fold) {
			out[n++] = s.p[i];
			continue;
		}
		i += 2;
		while (i + 1 < s.n && (s.p[i + 1] == ' ' || s.p[i + 1] == '\t'))
			i++;
	}
	return n;
}

enum ticket_fault ticket_decode_header(
	const struct ticket_profile *p, struct str value, struct ticket *t)
{
	char text[TICKET_TEXT_MAX];

	value = str_trim(value);
	if (value.n > sizeof(text))
		return TICKET_FAULT_TOO_LONG;
	if (value.n > 0 && memchr(value.p, '\r', value.n) != NULL)
		value = (struct str){text, unfold(value, text)};
	if (base64_decode(value, t->raw, sizeof(t->raw), &t->n) < 0)
		return TICKET_FAULT_BASE64;
	return parse(p, t);
}

const char *ticket_uuid_text(const struct ticket *t, char buf[TICKET_UUID_TEXT_MAX])
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *u = (const uint8_t *)t->field[TICKET_UUID].p;
	char *at = buf;

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digit[u[i] >> 4];
		*at++ = digit[u[i] & 15];
	}
	*at = '\0';
	return buf;
}
