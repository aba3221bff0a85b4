// SPDX-License-Identifier: BSD-3-Clause
#include "cp/callid.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "cp/privacy.h"
#include "lib/addr.h"

#define KEY_OCTETS 16
#define HASH_TEXT  (2 * sizeof(((struct ip_addr *)0)->b)) // hexadecimal

// An address fills a block, and of the blocks that a stranger can make up 1 in 2^96 is one of IPv4.
struct callid {
	EVP_CIPHER_CTX *hide, *show;
};

struct callid *callid_new(void)
{
	struct callid *c = calloc(1, sizeof(*c));
	uint8_t key[KEY_OCTETS];
	bool ok;

	if (c == NULL)
		return NULL;
	c->hide = EVP_CIPHER_CTX_new();
	c->show = EVP_CIPHER_CTX_new();
	ok = c->hide != NULL && c->show != NULL && RAND_bytes(key, sizeof(key)) == 1 &&
		EVP_EncryptInit_ex(c->hide, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
		EVP_DecryptInit_ex(c->show, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(c->hide, 0) == 1 &&
		EVP_CIPHER_CTX_set_padding(c->show, 0) == 1;
	OPENSSL_cleanse(key, sizeof(key));
	if (ok)
		return c;
	callid_free(c);
	return NULL;
}

void callid_free(struct callid *c)
{
	if (c == NULL)
		return;
	EVP_CIPHER_CTX_free(c->hide);
	EVP_CIPHER_CTX_free(c->show);
	free(c);
}

// ---- The host of a Call-ID -----------------------------------------------------------------------

// Behind the next `at` in `rest`, up to what cannot be part of it; false: there is no other.
static bool next_host(struct str *rest, struct str at, struct str *host)
{
	const char *end = rest->p + rest->n, *p = memmem(rest->p, rest->n, at.p, at.n);

	if (p == NULL)
		return false;
	host->p = p += at.n;
	while (p < end && *p != ';' && *p != '%' && *p != ',' && *p != ' ' && *p != '>')
		p++;
	host->n = (size_t)(p - host->p);
	*rest = (struct str){p, (size_t)(end - p)};
	return true;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hash_of(const struct callid *c, struct str host, const struct config *cfg,
	uint16_t outside_if, char text[HASH_TEXT + 1])
{
	struct ip_addr ip, hash;
	int n;

	if (!ip_parse(host, &ip) || !ip_is_v4(&ip) || !privacy_is_inside(cfg, outside_if, &ip) ||
		EVP_EncryptUpdate(c->hide, hash.b, &n, ip.b, sizeof(ip.b)) != 1)
		return false;
	for (size_t i = 0; i < sizeof(hash.b); i++)
		sprintf(text + 2 * i, "%02x", hash.b[i]);
	return true;
}

static bool address_of(const struct callid *c, struct str hash, char text[IP_TEXT_MAX])
{
	struct ip_addr ip, block;
	int n;

	if (hash.n != HASH_TEXT)
		return false;
	for (size_t i = 0; i < sizeof(block.b); i++) {
		int high = hex(hash.p[2 * i]), low = hex(hash.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		block.b[i] = (uint8_t)(high << 4 | low);
	}
	if (EVP_DecryptUpdate(c->show, ip.b, &n, block.b, sizeof(block.b)) != 1 || !ip_is_v4(&ip))
		return false;
	ip_format(&ip, text);
	return true;
}

static struct str with_host(struct str id, struct str host, const char *other, char *buf)
{
	const char *tail = host.p + host.n;
	int n = snprintf(buf, CALLID_MAX, "%.*s%s%.*s", (int)(host.p - id.p), id.p, other,
		(int)(id.p + id.n - tail), tail);

	return n > 0 && (unsigned int)n < CALLID_MAX ? (struct str){buf, (size_t)n} : STR_LIT("");
}

struct str callid_hide(const struct callid *c, const struct config *cfg, uint16_t outside_if,
	struct str id, char buf[CALLID_MAX])
{
	struct str rest = id, host;
	char hash[HASH_TEXT + 1];

	if (!next_host(&rest, STR_LIT("@"), &host) || !hash_of(c, host, cfg, outside_if, hash))
		return STR_LIT("");
	return with_host(id, host, hash, buf);
}

struct str callid_show(const struct callid *c, struct str id, char buf[CALLID_MAX])
{
	struct str rest = id, host;
	char address[IP_TEXT_MAX];

	if (!next_host(&rest, STR_LIT("@"), &host) || !address_of(c, host, address))
		return STR_LIT("");
	return with_host(id, host, address, buf);
}

// ---- Whole messages ------------------------------------------------------------------------------

// What stands before the host of a dialog that a header names; empty: it names none.
static struct str dialog_at(const struct sip_header *h)
{
	if (h->id == SIP_H_REFER_TO) // in ?Replaces=, escaped
		return STR_LIT("%40");
	if (h->id == SIP_H_REPLACES || h->id == SIP_H_TARGET_DIALOG ||
		str_caseeq(h->name, STR_LIT("Join")) || str_caseeq(h->name, STR_LIT("In-Reply-To")))
		return STR_LIT("@");
	return STR_LIT("");
}

static void replace(struct sip_edit *e, struct str span, struct str text)
{
	if (text.n > 0)
		sip_edit_replace(e, span, text);
}

void callid_hide_all(const struct callid *c, const struct config *cfg, uint16_t outside_if,
	const struct sip_msg *m, bool own, struct sip_edit *e)
{
	char buf[CALLID_MAX], hash[HASH_TEXT + 1];
	struct str id = sip_header(m, SIP_H_CALL_ID)->value, host;

	if (own)
		replace(e, id, callid_hide(c, cfg, outside_if, id, buf));
	for (size_t i = 0; i < m->n_headers; i++) {
		struct str rest = m->headers[i].value, at = dialog_at(&m->headers[i]);

		while (at.n > 0 && next_host(&rest, at, &host))
			if (hash_of(c, host, cfg, outside_if, hash))
				sip_edit_replace(e, host, str_from(hash));
	}
}

void callid_show_all(const struct callid *c, const struct sip_msg *m, struct sip_edit *e)
{
	char buf[CALLID_MAX], address[IP_TEXT_MAX];
	struct str id = sip_header(m, SIP_H_CALL_ID)->value, host;

	replace(e, id, callid_show(c, id, buf));
	for (size_t i = 0; i < m->n_headers; i++) {
		struct str rest = m->headers[i].value, at = dialog_at(&m->headers[i]);

		while (at.n > 0 && next_host(&rest, at, &host))
			if (address_of(c, host, address))
				sip_edit_replace(e, host, str_from(address));
	}
}
