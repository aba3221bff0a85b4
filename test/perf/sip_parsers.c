// SPDX-License-Identifier: BSD-3-Clause
// See sip_parsers.h. Each is used as its manual says, with all headers parsed by its own rules.
#include "test/perf/sip_parsers.h"

#include <osipparser2/osip_parser.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>
#include <stdlib.h>

void sip_parsers_init(void)
{
	parser_init();
}

size_t osip_reprint(const char *msg, size_t n)
{
	osip_message_t *m = NULL;
	char *out = NULL;
	size_t len = 0;

	if (osip_message_init(&m) != 0)
		return 0;
	if (osip_message_parse(m, msg, n) == 0) {
		osip_message_force_update(
			m); // as after an edit, or it gives back what it was given
		if (osip_message_to_str(m, &out, &len) != 0)
			len = 0;
	}
	osip_free(out);
	osip_message_free(m);
	return len;
}

size_t sofia_reprint(const char *msg, size_t n)
{
	msg_t *m = msg_make(sip_default_mclass(), 0, msg, (ssize_t)n);
	su_home_t home[1] = {SU_HOME_INIT(home)};
	size_t len = 0;

	if (m == NULL)
		return 0;
	if (sip_object(m) != NULL && sip_object(m)->sip_error == NULL)
		msg_as_string(home, m, NULL, 0, &len);
	su_home_deinit(home);
	msg_destroy(m);
	return len;
}
