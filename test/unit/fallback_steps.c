// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdio.h>

#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"
#include "test/unit/fallback_steps.h"

struct sip_host refer;
unsigned int referred;

static void on_refer(int fd, const struct endpoint *peer, void *arg)
{
	referred++;
	host_close(&refer); // the one before
	host_tcp(&refer, rig.hosts, fd);
}

int fallback_up(const char *const *edit)
{
	referred = 0;
	rig_up(edit);
	return 0;
}

int fallback_setup(void **state)
{
	static const char *const edit[] = {B_NEVER, NULL};

	return fallback_up(edit);
}

int fallback_teardown(void **state)
{
	host_close(&refer);
	return rig_teardown(state);
}

void establish_by(const char *invite, const char *says)
{
	char answer[1024];

	rig_caller();
	host_send(&rig.caller, invite, SDP_PLAIN_B);
	host_expect(&rig.ucm[RIG_A], "INVITE ");
	snprintf(answer, sizeof(answer), A_ANSWER "%s", says);
	call_answer(&rig.ucm[RIG_A], "200 OK", "atag", answer, SDP_PLAIN_A);
	host_expect(&rig.caller, "SIP/2.0 200 ");
	call_ack("", "");
	host_expect(&rig.ucm[RIG_A], "ACK ");
	fake_net_host_down(RIG_UCM_A, 5070);
	fake_net_host(RIG_UCM_A, 5070, on_refer, NULL);
}

void establish(const char *asks, const char *says)
{
	char invite[8192];

	snprintf(invite, sizeof(invite), B_INVITE("1", TICKET_HEADER SDP_TYPE "%s"), asks);
	establish_by(invite, says);
}

void judged(unsigned int seconds, bool bad)
{
	struct rma_counters *q = &fake_dp_quality[0];

	for (unsigned int i = 0; i < seconds; i++) {
		q->judged_us += 1000000;
		q->bad_us += bad ? 1000000 : 0;
		q->bad = bad;
		q->rblr_pct_x100 = bad ? 1250 : 10;
		q->ite_8s = 6;
		q->bls_ms = 480;
		q->avg_pdv_us = 61000;
		q->scs_8s = 3;
		rig.now_ns += 1000000000;
		for (int k = 0; k < 2; k++)
			ime_tick(rig.ime[k]);
	}
	host_idle(rig.base);
}

struct call_fallback *fallback(void)
{
	return &calls_first(rig.ime[RIG_A]->calls)->fallback;
}

void sent(uint64_t n)
{
	assert_int_equal(rig_counter(RIG_A, CNT_FALLBACK_SENT), n);
	assert_int_equal(rig_counter(RIG_B, CNT_FALLBACK_SENT), 0);
}

void answer_refer(const char *status, const char *extra)
{
	call_answer(&refer, status, "utag", extra, "");
	host_idle(rig.base);
}

void falls_back(const char *says, struct sip_host *where)
{
	establish("", says);
	judged(21, true);
	host_expect(where, "REFER ");
}
