// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/session_steps.h"

#include <stdio.h>

#include "cp/log.h"

static struct config_media_addr addrs[] = {{.iface = OUT}, {.iface = IN}};
struct config_mta session_pool;
struct config_ime session_ime;
static const struct config config = {.mtas = &session_pool,
	.n_mtas = 1,
	.imes = &session_ime,
	.n_imes = 1,
	.n_workers = 1,
	.media_streams_max = 64};
static struct counters counters;
struct session_env session_env;
struct session *session;
struct session_plan plan;
uint32_t session_cseq;
char seen[8192];

void session_again(bool inside_secure)
{
	static const uint16_t iface[SIDES] = {OUT, IN};

	session_free(session);
	session = session_new(&session_env, iface, inside_secure);
	assert_non_null(session);
}

int session_setup(void **state)
{
	fake_dp_reset();
	log_set_severity(0);
	ip_parse(STR_LIT("209.165.200.229"), &addrs[OUT].ip);
	ip_parse(STR_LIT("192.168.10.3"), &addrs[IN].ip);
	session_pool = (struct config_mta){
		.addrs = addrs, .n_addrs = 2, .rtp_min_port = 16384, .rtp_max_port = 16639};
	session_ime = (struct config_ime){
		.rtcp_relay = true,
		.srtp_offer = {SDES_AES_CM_128_HMAC_SHA1_80, SDES_AES_CM_128_HMAC_SHA1_32},
		.n_srtp_offer = 2,
		.srtp_accept = {0, 1, 2, 3, 4},
		.n_srtp_accept = SDES_SUITES,
	};
	session_env = (struct session_env){.cfg = &session_ime};
	session = NULL;
	if (mta_new(&session_env.mta, &config, &session_ime, &counters) != 0)
		return -1;
	session_again(false);
	return 0;
}

void session_new_pool(void)
{
	session_free(session);
	session = NULL;
	mta_free(session_env.mta);
	assert_int_equal(mta_new(&session_env.mta, &config, &session_ime, &counters), 0);
	session_again(false);
}

int session_teardown(void **state)
{
	session_free(session);
	assert_int_equal(mta_usage(session_env.mta).streams, 0);
	mta_free(session_env.mta);
	return 0;
}

// `in` with every key that it did not bring replaced by OURS and every port of ours by P.
static void normalise(const char *in, const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		int len = (int)(strchr(line, '\n') - line);
		const char *key = memmem(line, (size_t)len, "inline:", 7);
		char type[16], port[8], word[128] = "";
		int rest = 0;

		if (sscanf(line, "m=%15s %7s%n", type, port, &rest) == 2 && strcmp(port, "0") != 0)
			n += (size_t)snprintf(
				out + n, size - n, "m=%s P%.*s\n", type, len - rest, line + rest);
		else if (key != NULL && sscanf(key + 7, "%127[^| \n]", word) == 1 &&
			strstr(in, word) == NULL)
			n += (size_t)snprintf(
				out + n, size - n, "%.*sOURS\n", (int)(key + 7 - line), line);
		else
			n += (size_t)snprintf(out + n, size - n, "%.*s\n", len, line);
	}
}

static void say(bool offer, enum side from, const char *in, enum counter_id want)
{
	static struct sip_edit edit;
	char raw[sizeof(seen)];
	enum counter_id why;
	struct sdp sdp;
	size_t n;

	assert_int_equal(sdp_parse(&sdp, str_from(in)), SDP_OK);
	session_cseq += offer;
	why = offer ? session_offer(session, from, (struct session_request){from, session_cseq},
			      &sdp, &plan)
		    : session_answer(session, from, &sdp, &plan);
	if (why != want)
		fail_msg("%s, expected %s:\n%s", counter_name(why), counter_name(want), in);
	seen[0] = '\0';
	if (why != CNT_NONE)
		return;
	sip_edit_init_text(&edit, sdp.raw);
	assert_int_equal(rewrite_sdp(&sdp, &plan.plan, &edit), SDP_OK);
	assert_int_equal(sip_edit_render(&edit, raw, sizeof(raw) - 1, &n), 0);
	raw[n] = '\0';
	for (char *cr = raw; (cr = strchr(cr, '\r')) != NULL;)
		memmove(cr, cr + 1, strlen(cr));
	normalise(in, raw, seen, sizeof(seen));
}

void offer(enum side from, const char *in)
{
	say(true, from, in, CNT_NONE);
}

void answer(enum side from, const char *in)
{
	say(false, from, in, CNT_NONE);
}

void offer_refused(enum side from, const char *in, enum counter_id why)
{
	say(true, from, in, why);
}

void answer_refused(enum side from, const char *in, enum counter_id why)
{
	say(false, from, in, why);
}

const struct dp_msg_media *told(size_t before_last)
{
	for (size_t i = fake_dp_n_sent; i-- > 0;) {
		if (fake_dp_sent[i].type == DP_MSG_MEDIA_SET && before_last-- == 0)
			return &fake_dp_sent[i].media;
	}
	fail_msg("no MEDIA_SET");
	return NULL;
}

void key_is(const uint8_t key[DP_SRTP_KEY_LEN], const char *suite, const char *text)
{
	char line[SDES_TEXT_MAX];
	struct sdes s;

	snprintf(line, sizeof(line), "1 %s inline:%s", suite, text);
	assert_int_equal(sdes_parse(str_from(line), &s), SDES_OK);
	assert_memory_equal(key, s.key, DP_SRTP_KEY_LEN);
}

void endpoint_is(const struct endpoint *ep, const char *want)
{
	char text[ENDPOINT_TEXT_MAX] = "";

	if (ep->port != 0)
		endpoint_format(ep, ':', text);
	assert_string_equal(text, want);
}
