// SPDX-License-Identifier: BSD-3-Clause
// See sip_parsers.h.
#include "test/perf/sip_parsers.h"

#include <dlfcn.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/sdp.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>

// Its sdp_parse() has a namesake in our lib/sdp.c, so that one is asked for by the library's name.
typedef sdp_parser_t *sdp_parse_fn(su_home_t *, const char *, issize_t, int);

static sdp_parse_fn *sofia_sdp_parse(void)
{
	static sdp_parse_fn *fn;

	if (fn == NULL)
		fn = (sdp_parse_fn *)dlsym(
			dlopen("libsofia-sip-ua.so.0", RTLD_NOW | RTLD_LOCAL), "sdp_parse");
	return fn;
}

static size_t sofia_sdp(const sip_t *sip)
{
	char out[4096];
	sdp_parser_t *parser;
	sdp_printer_t *printer;
	size_t len = 0;

	if (sip->sip_payload == NULL)
		return 0;
	parser = sofia_sdp_parse()(
		NULL, sip->sip_payload->pl_data, (issize_t)sip->sip_payload->pl_len, 0);
	if (sdp_session(parser) != NULL) {
		printer = sdp_print(NULL, sdp_session(parser), out, sizeof(out), 0);
		len = sdp_message_size(printer);
		sdp_printer_free(printer);
	}
	sdp_parser_free(parser);
	return len;
}

// As after an edit: what callgate changes in this message is not given back as it came.
static void edited(sip_t *sip)
{
	msg_fragment_clear(sip->sip_request->rq_common);
	msg_fragment_clear(sip->sip_via->v_common);
	msg_fragment_clear(sip->sip_record_route->r_common);
	msg_fragment_clear(sip->sip_contact->m_common);
	msg_fragment_clear(sip->sip_content_length->l_common);
}

size_t sofia_reprint(const char *msg, size_t n)
{
	msg_t *m = msg_make(sip_default_mclass(), 0, msg, (ssize_t)n);
	su_home_t home[1] = {SU_HOME_INIT(home)};
	size_t len = 0;
	sip_t *sip;

	if (m == NULL)
		return 0;
	sip = sip_object(m);
	if (sip != NULL && sip->sip_error == NULL && sofia_sdp(sip) > 0) {
		edited(sip);
		msg_as_string(home, m, NULL, 0, &len);
	}
	su_home_deinit(home);
	msg_destroy(m);
	return len;
}
