// SPDX-License-Identifier: BSD-3-Clause
// See sip_parsers.h.
#include "test/perf/sip_parsers.h"

#include <osipparser2/osip_parser.h>
#include <osipparser2/sdp_message.h>
#include <stdlib.h>
#include <string.h>

void sip_parsers_init(void)
{
	parser_init();
}

// The length of the session description, printed anew; 0: refused.
static size_t osip_sdp(const osip_message_t *m)
{
	const osip_body_t *body = osip_list_get(&m->bodies, 0);
	sdp_message_t *sdp = NULL;
	char *out = NULL;
	size_t len = 0;

	if (body == NULL || sdp_message_init(&sdp) != 0)
		return 0;
	if (sdp_message_parse(sdp, body->body) == 0 && sdp_message_to_str(sdp, &out) == 0)
		len = strlen(out);
	osip_free(out);
	sdp_message_free(sdp);
	return len;
}

size_t osip_reprint(const char *msg, size_t n)
{
	osip_message_t *m = NULL;
	char *out = NULL;
	size_t len = 0;

	if (osip_message_init(&m) != 0)
		return 0;
	if (osip_message_parse(m, msg, n) == 0 && osip_sdp(m) > 0) {
		// As after an edit, or it gives back what it was given.
		osip_message_force_update(m);
		if (osip_message_to_str(m, &out, &len) != 0)
			len = 0;
	}
	osip_free(out);
	osip_message_free(m);
	return len;
}
