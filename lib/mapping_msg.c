// SPDX-License-Identifier: BSD-3-Clause
// The messages of the mapping service; see lib/mapping_msg.h.
#include "lib/mapping_msg.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#define COOKIE  0x2112a442u
#define MAC_LEN 32
#define FAMILY4 1
#define FAMILY6 2

enum {
	ATTR_ERROR_CODE = 0x0009,
	ATTR_UNKNOWN_ATTRIBUTES = 0x000a,
	ATTR_LIFETIME = 0x000d,
	ATTR_REQUESTED_TRANSPORT = 0x0019,
	ATTR_INTEGRITY_SHA256 = 0x001c,
	ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	ATTR_XOR_REMOTE_ADDRESS = 0x7f01,
	ATTR_OPTIONAL = 0x8000, // from here on: whoever does not know one passes over it
	ATTR_REMOTE_DOMAIN = 0xff01,
};

// The class stands in bits 4 and 8, between those of the method (RFC 8489 5).
#define CLASS_BITS 0x0110
static const uint16_t classes[] = {
	[MAPPING_REQUEST] = 0x0000,
	[MAPPING_INDICATION] = 0x0010,
	[MAPPING_SUCCESS] = 0x0100,
	[MAPPING_ERROR] = 0x0110,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

int mapping_msg_frame(const uint8_t *p, size_t n)
{
	uint16_t length;

	if (n >= 1 && p[0] & 0xc0)
		return -1;
	if (n >= 8 && get32(p + 4) != COOKIE)
		return -1;
	if (n < 4)
		return 0;
	length = get16(p + 2);
	if (length % 4 != 0 || length > MAPPING_MSG_MAX - MAPPING_MSG_HEAD)
		return -1;
	return n >= MAPPING_MSG_HEAD + (size_t)length ? MAPPING_MSG_HEAD + length : 0;
}

// ---- Reading -----------------------------------------------------------------------------------

// The cookie and the transaction, which an address is XORed with.
static void xor_address(const uint8_t *head, const uint8_t *in, size_t n, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = in[i] ^ head[4 + i];
}

static enum mapping_error read_address(
	const uint8_t *head, const uint8_t *v, uint16_t n, struct endpoint *out)
{
	const uint8_t family = n >= 4 ? v[1] : 0;
	uint8_t ip[16];

	if (family != FAMILY4 && family != FAMILY6)
		return n < 4 ? MAPPING_BAD_REQUEST : MAPPING_FAMILY;
	if (n != (family == FAMILY4 ? 8 : 20))
		return MAPPING_BAD_REQUEST;
	xor_address(head, v + 4, n - 4u, ip);
	if (family == FAMILY4) {
		uint32_t be;

		memcpy(&be, ip, sizeof(be));
		out->ip = ip_from_v4_be(be);
	} else {
		memcpy(out->ip.b, ip, sizeof(out->ip.b));
	}
	out->port = get16(v + 2) ^ (uint16_t)(COOKIE >> 16);
	return ip_is_none(&out->ip) ? MAPPING_BAD_REQUEST : MAPPING_OK;
}

static enum mapping_error read_code(const uint8_t *v, uint16_t n, struct mapping_msg *out)
{
	if (n < 4 || (v[2] & 7) < 3 || (v[2] & 7) > 6 || v[3] > 99)
		return MAPPING_BAD_REQUEST;
	out->code = (enum mapping_error)((v[2] & 7) * 100 + v[3]);
	out->reason = (struct str){(const char *)v + 4, n - 4u};
	return MAPPING_OK;
}

static enum mapping_error read_unknown(const uint8_t *v, uint16_t n, struct mapping_msg *out)
{
	if (n % 2 != 0)
		return MAPPING_BAD_REQUEST;
	for (; n > 0 && out->n_unknown < MAPPING_UNKNOWN_MAX; n -= 2, v += 2)
		out->unknown[out->n_unknown++] = get16(v);
	return MAPPING_OK;
}

// Of each attribute the first counts (RFC 8489 14).
static enum mapping_error read_attribute(
	const uint8_t *head, uint16_t type, const uint8_t *v, uint16_t n, struct mapping_msg *out)
{
	switch (type) {
	case ATTR_XOR_REMOTE_ADDRESS:
		return ip_is_none(&out->remote.ip) ? read_address(head, v, n, &out->remote)
						   : MAPPING_OK;
	case ATTR_XOR_MAPPED_ADDRESS:
		return ip_is_none(&out->mapped.ip) ? read_address(head, v, n, &out->mapped)
						   : MAPPING_OK;
	case ATTR_REQUESTED_TRANSPORT:
		if (n != 4)
			return MAPPING_BAD_REQUEST;
		if (out->transport == 0)
			out->transport = v[0];
		return MAPPING_OK;
	case ATTR_REMOTE_DOMAIN:
		if (n == 0)
			return MAPPING_BAD_REQUEST;
		if (out->domain.n == 0)
			out->domain = (struct str){(const char *)v, n};
		return MAPPING_OK;
	case ATTR_LIFETIME:
		if (n != 4)
			return MAPPING_BAD_REQUEST;
		if (!out->has_lifetime)
			out->lifetime_s = get32(v);
		out->has_lifetime = true;
		return MAPPING_OK;
	case ATTR_ERROR_CODE:
		return out->code == MAPPING_OK ? read_code(v, n, out) : MAPPING_OK;
	case ATTR_UNKNOWN_ATTRIBUTES:
		return out->n_unknown == 0 ? read_unknown(v, n, out) : MAPPING_OK;
	case ATTR_INTEGRITY_SHA256:
		if (n != MAC_LEN)
			return MAPPING_BAD_REQUEST;
		out->has_integrity = true;
		out->integrity_at = (uint16_t)(v - 4 - head);
		return MAPPING_OK;
	}
	return type >= ATTR_OPTIONAL ? MAPPING_OK : MAPPING_UNKNOWN_ATTRIBUTE;
}

static void read_type(uint16_t type, struct mapping_msg *out)
{
	out->method = (uint16_t)((type & 0xf) | (type >> 1 & 0x70) | (type >> 2 & 0xf80));
	while (classes[out->class] != (type & CLASS_BITS))
		out->class ++;
}

static uint16_t type_of(const struct mapping_msg *m)
{
	const uint16_t method = m->method != 0 ? m->method : MAPPING_METHOD;

	return (uint16_t)((method & 0xf) | (method & 0x70) << 1 | (method & 0xf80) << 2 |
		classes[m->class]);
}

enum mapping_error mapping_msg_read(const uint8_t *p, size_t n, struct mapping_msg *out)
{
	enum mapping_error bad = MAPPING_OK;
	size_t at = MAPPING_MSG_HEAD;

	*out = (struct mapping_msg){.class = MAPPING_REQUEST};
	memcpy(out->transaction, p + 8, sizeof(out->transaction));
	read_type(get16(p), out);
	// Behind the signature nothing counts (RFC 8489 14.6).
	while (at < n && !out->has_integrity) {
		const uint16_t type = get16(p + at), len = get16(p + at + 2);
		enum mapping_error found;

		if (padded(len) > n - at - 4)
			return MAPPING_BAD_REQUEST;
		found = read_attribute(p, type, p + at + 4, len, out);
		if (found == MAPPING_UNKNOWN_ATTRIBUTE && out->n_unknown < MAPPING_UNKNOWN_MAX)
			out->unknown[out->n_unknown++] = type;
		if (found != MAPPING_OK && (bad == MAPPING_OK || found == MAPPING_BAD_REQUEST))
			bad = found;
		at += 4 + padded(len);
	}
	return bad;
}

// ---- Signing -----------------------------------------------------------------------------------

// Over what stands before the attribute, with a length as if it were the last one.
static bool mac_of(const uint8_t *p, size_t n, struct str key, uint8_t mac[MAC_LEN])
{
	uint8_t text[MAPPING_MSG_MAX];

	memcpy(text, p, n);
	put16(text + 2, (uint16_t)(n + 4 + MAC_LEN - MAPPING_MSG_HEAD));
	return HMAC(EVP_sha256(), key.p, (int)key.n, text, n, mac, NULL) != NULL;
}

bool mapping_msg_signed(const uint8_t *p, const struct mapping_msg *m, struct str key)
{
	uint8_t mac[MAC_LEN];

	return m->has_integrity && mac_of(p, m->integrity_at, key, mac) &&
		CRYPTO_memcmp(mac, p + m->integrity_at + 4, MAC_LEN) == 0;
}

// ---- Writing -----------------------------------------------------------------------------------

struct writer {
	uint8_t *buf;
	size_t n, size;
	bool full;
};

// Room for a value, or NULL.
static uint8_t *write_attribute(struct writer *w, uint16_t type, size_t len)
{
	uint8_t *at = w->buf + w->n;

	if (w->full || w->size - w->n < 4 + padded(len)) {
		w->full = true;
		return NULL;
	}
	memset(at, 0, 4 + padded(len));
	put16(at, type);
	put16(at + 2, (uint16_t)len);
	w->n += 4 + padded(len);
	return at + 4;
}

static void write_address(struct writer *w, uint16_t type, const struct endpoint *e)
{
	const bool v4 = ip_is_v4(&e->ip);
	const size_t octets = v4 ? 4 : 16;
	uint8_t *v;

	if (ip_is_none(&e->ip))
		return;
	v = write_attribute(w, type, 4 + octets);
	if (v == NULL)
		return;
	v[1] = v4 ? FAMILY4 : FAMILY6;
	put16(v + 2, e->port ^ (uint16_t)(COOKIE >> 16));
	xor_address(w->buf, e->ip.b + 16 - octets, octets, v + 4);
}

static void write_octets(struct writer *w, uint16_t type, const void *octets, size_t n)
{
	uint8_t *v = write_attribute(w, type, n);

	if (v != NULL && n > 0)
		memcpy(v, octets, n);
}

static void write_number(struct writer *w, uint16_t type, uint32_t number)
{
	uint8_t *v = write_attribute(w, type, 4);

	if (v != NULL)
		put32(v, number);
}

static void write_code(struct writer *w, enum mapping_error code, struct str reason)
{
	uint8_t *v = write_attribute(w, ATTR_ERROR_CODE, 4 + reason.n);

	if (v == NULL)
		return;
	v[2] = (uint8_t)(code / 100);
	v[3] = (uint8_t)(code % 100);
	if (reason.n > 0)
		memcpy(v + 4, reason.p, reason.n);
}

static void write_unknown(struct writer *w, const struct mapping_msg *m)
{
	uint8_t *v = write_attribute(w, ATTR_UNKNOWN_ATTRIBUTES, 2 * m->n_unknown);

	for (size_t i = 0; v != NULL && i < m->n_unknown; i++)
		put16(v + 2 * i, m->unknown[i]);
}

static void write_mac(struct writer *w, struct str key)
{
	const size_t before = w->n;
	uint8_t *v = write_attribute(w, ATTR_INTEGRITY_SHA256, MAC_LEN);

	if (v != NULL && !mac_of(w->buf, before, key, v))
		w->full = true;
}

size_t mapping_msg_write(const struct mapping_msg *m, struct str key, uint8_t *buf, size_t size)
{
	struct writer w = {.buf = buf, .n = MAPPING_MSG_HEAD, .size = size};

	if (size < MAPPING_MSG_HEAD)
		return 0;
	if (w.size > MAPPING_MSG_MAX)
		w.size = MAPPING_MSG_MAX;
	put16(buf, type_of(m));
	put32(buf + 4, COOKIE);
	memcpy(buf + 8, m->transaction, sizeof(m->transaction));
	write_address(&w, ATTR_XOR_REMOTE_ADDRESS, &m->remote);
	if (m->transport != 0)
		write_number(&w, ATTR_REQUESTED_TRANSPORT, (uint32_t)m->transport << 24);
	if (m->domain.n > 0)
		write_octets(&w, ATTR_REMOTE_DOMAIN, m->domain.p, m->domain.n);
	write_address(&w, ATTR_XOR_MAPPED_ADDRESS, &m->mapped);
	if (m->has_lifetime)
		write_number(&w, ATTR_LIFETIME, m->lifetime_s);
	if (m->code != MAPPING_OK)
		write_code(&w, m->code, m->reason);
	if (m->n_unknown > 0)
		write_unknown(&w, m);
	if (key.n > 0)
		write_mac(&w, key);
	put16(buf + 2, (uint16_t)(w.n - MAPPING_MSG_HEAD));
	return w.full ? 0 : w.n;
}

const char *mapping_error_phrase(enum mapping_error e)
{
	switch (e) {
	case MAPPING_OK:
		return "OK";
	case MAPPING_BAD_REQUEST:
		return "Bad Request";
	case MAPPING_UNAUTHORIZED:
		return "Unauthorized";
	case MAPPING_FORBIDDEN:
		return "Forbidden";
	case MAPPING_UNKNOWN_ATTRIBUTE:
		return "Unknown Attribute";
	case MAPPING_FAMILY:
		return "Address Family not Supported";
	case MAPPING_TRANSPORT:
		return "Unsupported Transport Protocol";
	case MAPPING_QUOTA:
		return "Allocation Quota Reached";
	case MAPPING_INTERNAL:
		return "Server Error";
	case MAPPING_NO_PORT:
		return "Insufficient Capacity";
	}
	return "Error";
}
