// SPDX-License-Identifier: BSD-3-Clause
// Hostile packets into the SRTP engines. The input's first octet chooses suite and length of the
// MKI; then comes a row of packets, each behind its length and an octet that says what it is: RTP
// or RTCP, as it is or sealed before (so that some are genuine), only to be verified or opened.
// All are opened once in one burst and once singly, which must be the same. Every packet lies in a
// block of exactly its size, so that a step past it is seen.
#include <stdlib.h>
#include <string.h>

#include "dp/rtpsec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PKTS 40

enum { AS_RTCP = 1, SEALED = 2, VERIFY_ONLY = 4, BENT = 8 };

static struct rtpsec_engine *engine;

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct rtpsec *context(enum rtpsec_direction d, uint8_t suite, uint8_t mki_len)
{
	struct rtpsec_params p = {.direction = d, .suite = suite, .mki_len = mki_len};
	struct rtpsec *c;

	check(rtpsec_new(&c, &p) == 0);
	return c;
}

// Sealed if the suite can; an MKI is not put in. The result has its exact size.
static uint8_t *packet(
	struct rtpsec *tx, uint8_t what, const uint8_t *data, size_t n, struct rtpsec_job *j)
{
	uint8_t *p = malloc(n + RTPSEC_TRAILER_MAX), *exact;

	check(p != NULL);
	memcpy(p, data, n);
	*j = (struct rtpsec_job){.ctx = tx,
		.pkt = p,
		.len = (uint32_t)n,
		.kind = what & AS_RTCP ? RTPSEC_RTCP : RTPSEC_RTP,
		.verify_only = (what & VERIFY_ONLY) != 0};
	if ((what & SEALED) != 0)
		rtpsec_seal(engine, j, 1);
	if ((what & BENT) != 0 && j->len > 0)
		p[j->len - 1] ^= 1;
	exact = malloc(j->len != 0 ? j->len : 1);
	check(exact != NULL);
	memcpy(exact, p, j->len);
	free(p);
	return exact;
}

static size_t packets(struct rtpsec *tx, const uint8_t *data, size_t size,
	struct rtpsec_job jobs[PKTS], uint8_t *pkts[PKTS])
{
	size_t k = 0;

	while (size >= 2 && k < PKTS) {
		size_t n = data[0] < size - 2 ? data[0] : size - 2;

		pkts[k] = packet(tx, data[1], data + 2, n, &jobs[k]);
		k++;
		data += 2 + n;
		size -= 2 + n;
	}
	return k;
}

// The packets one by one, in copies; their verdicts.
static void open_singly(struct rtpsec *rx, const struct rtpsec_job jobs[], size_t k,
	uint8_t *copies[PKTS], uint8_t verdicts[PKTS])
{
	for (size_t i = 0; i < k; i++) {
		struct rtpsec_job j = jobs[i];

		copies[i] = malloc(j.len != 0 ? j.len : 1);
		check(copies[i] != NULL);
		memcpy(copies[i], j.pkt, j.len);
		j.ctx = rx;
		j.pkt = copies[i];
		rtpsec_open(engine, &j, 1);
		check(j.len <= jobs[i].len);
		verdicts[i] = j.status;
	}
}

static void run(uint8_t suite, uint8_t mki_len, const uint8_t *data, size_t size)
{
	struct rtpsec *tx = context(RTPSEC_SEAL, suite, 0);
	struct rtpsec *rx = context(RTPSEC_OPEN, suite, mki_len);
	struct rtpsec *rx_single = context(RTPSEC_OPEN, suite, mki_len);
	uint8_t *pkts[PKTS], *copies[PKTS], verdicts[PKTS];
	struct rtpsec_job jobs[PKTS];
	size_t k = packets(tx, data, size, jobs, pkts);

	for (size_t i = 0; i < k; i++) {
		jobs[i].ctx = rx;
		jobs[i].pkt = pkts[i];
	}
	open_singly(rx_single, jobs, k, copies, verdicts);
	rtpsec_open(engine, jobs, k);
	for (size_t i = 0; i < k; i++) {
		check(jobs[i].status == verdicts[i]);
		if (verdicts[i] == RTPSEC_OK)
			check(memcmp(pkts[i], copies[i], jobs[i].len) == 0);
		free(pkts[i]);
		free(copies[i]);
	}
	rtpsec_free(tx);
	rtpsec_free(rx);
	rtpsec_free(rx_single);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (engine == NULL)
		check(rtpsec_init(RTPSEC_AUTO, 4) == 0 && rtpsec_engine_new(&engine) == 0);
	run((uint8_t)(1 + data[0] % (DP_SRTP_SUITES - 1)), data[0] / 8, data + 1, size - 1);
	return 0;
}
