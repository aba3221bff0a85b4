// SPDX-License-Identifier: BSD-3-Clause
#include "cp/reply.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t copied_length(const struct sip_msg *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_headers; i++) {
		switch (m->headers[i].id) {
		case SIP_H_VIA:
		case SIP_H_FROM:
		case SIP_H_TO:
		case SIP_H_CALL_ID:
		case SIP_H_CSEQ:
			n += m->headers[i].line.n;
			break;
		default:
			break;
		}
	}
	return n;
}

static void append(struct reply_head *h, struct str s)
{
	memcpy(h->p + h->n, s.p, s.n);
	h->n += s.n;
}

bool reply_head_save(const struct sip_msg *m, struct reply_head *out)
{
	static const enum sip_header_id once[] = {SIP_H_FROM, SIP_H_CALL_ID, SIP_H_CSEQ};
	const struct sip_header *h = NULL, *to = sip_header(m, SIP_H_TO);

	*out = (struct reply_head){0};
	if (to == NULL || sip_header(m, SIP_H_VIA) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		if (sip_header(m, once[i]) == NULL)
			return false;
	}
	if (copied_length(m) > REPLY_HEAD_MAX)
		return false;
	out->p = malloc(copied_length(m));
	if (out->p == NULL)
		return false;
	while ((h = sip_header_next(m, SIP_H_VIA, h)) != NULL)
		append(out, h->line);
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		append(out, sip_header(m, once[i])->line);
	append(out, (struct str){to->line.p, (size_t)(to->value.p - to->line.p) + to->value.n});
	out->tagged = m->to_tag.n > 0;
	return true;
}

void reply_head_free(struct reply_head *h)
{
	free(h->p);
	*h = (struct reply_head){0};
}

size_t reply_write(const struct reply_head *h, uint16_t status, uint32_t retry_after_s,
	const char *tag, char *buf, size_t size)
{
	char retry[32] = "";
	int n;

	if (status == 503 && retry_after_s > 0)
		snprintf(retry, sizeof(retry), "Retry-After: %u\r\n", retry_after_s);
	n = snprintf(buf, size, "SIP/2.0 %u %s\r\n%.*s%s%s\r\n%sContent-Length: 0\r\n\r\n", status,
		h->phrase != NULL ? h->phrase : reply_phrase(status), (int)h->n, h->p,
		h->tagged ? "" : ";tag=", h->tagged ? "" : tag, retry);

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

const char *reply_phrase(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{408, "Request Timeout"},
		{413, "Request Entity Too Large"},
		{414, "Request-URI Too Long"},
		{415, "Unsupported Media Type"},
		{428, "Use Identity Header"},
		{436, "Bad Identity Info"},
		{437, "Unsupported Credential"},
		{438, "Invalid Identity Header"},
		{481, "Call/Transaction Does Not Exist"},
		{482, "Loop Detected"},
		{483, "Too Many Hops"},
		{487, "Request Terminated"},
		{488, "Not Acceptable Here"},
		{491, "Request Pending"},
		{500, "Server Internal Error"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "Refused";
}

void reply_tag(char tag[REPLY_TAG_MAX])
{
	uint8_t r[(REPLY_TAG_MAX - 1) / 2];

	if (RAND_bytes(r, sizeof(r)) != 1)
		abort(); // no random numbers: no keys either
	for (size_t i = 0; i < sizeof(r); i++)
		snprintf(tag + 2 * i, 3, "%02x", r[i]);
}
