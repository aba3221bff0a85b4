// SPDX-License-Identifier: BSD-3-Clause
// See stir_steps.h.
#include "test/unit/stir_steps.h"

#include <stdio.h>

#define OFF "stir: {verify: off,"

char good[STIR_TEXT_MAX];

void up(const char *how)
{
	const char *const edit[] = {OFF, how, NULL};

	rig_up(how != NULL ? edit : NULL);
	rig_remote("b", "ca.pem");
	stir_identity(STIR_number, STIR_CALLER, STIR_CALLED, NOW, good);
}

void invite_from(const char *from, const char *lines)
{
	char head[5 * STIR_TEXT_MAX];

	snprintf(head, sizeof(head),
		"INVITE " R_URI " SIP/2.0\n" R_VIA("1") "From: %s" CALL_TAIL TICKET_HEADER
							"%s" SDP_TYPE,
		from, lines);
	host_send(&rig.remote, head, SDP_SECURE);
}

void invite(const char *lines)
{
	invite_from(FROM, lines);
}

const char *identity(const char *value)
{
	static char text[STIR_TEXT_MAX + 32];

	snprintf(text, sizeof(text), IDENTITY, value);
	return text;
}

void signed_by(char *text, size_t size, enum stir_signer s, const char *orig, const char *dest,
	uint64_t iat)
{
	char value[STIR_TEXT_MAX];
	size_t n = strlen(text);

	snprintf(text + n, size - n, IDENTITY, stir_identity(s, orig, dest, iat, value));
}

void signed_compact(char *text, size_t size, const char *orig, const char *lines)
{
	char token[STIR_TEXT_MAX], payload[256];

	snprintf(payload, sizeof(payload),
		"{\"dest\":{\"tn\":[\"" STIR_CALLED "\"]},\"iat\":%u,\"orig\":{\"tn\":\"%s\"}}",
		STIR_TIME, orig);
	stir_token(STIR_spc,
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"" STIR_URL(spc) "\"}", payload,
		token);
	snprintf(text, size, "Identity: ..%s;info=<" STIR_URL(spc) ">\n%s", strrchr(token, '.') + 1,
		lines);
}

static void see_caller(const struct call_info *info, void *arg)
{
	*(struct call_caller *)arg = info->caller;
}

struct call_caller caller(void)
{
	struct call_caller c = {.checked = false};

	call_foreach(ime_calls(rig.ime[RIG_A]), see_caller, &c);
	return c;
}
