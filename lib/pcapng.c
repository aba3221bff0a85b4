// SPDX-License-Identifier: BSD-3-Clause
#include "lib/pcapng.h"

#include <string.h>

#define BYTE_ORDER_MAGIC  0x1a2b3c4du
#define LINKTYPE_ETHERNET 1
#define RESOLUTION_NS     9 // if_tsresol: ten to the power of minus so much

// Options (draft 3.5, 4.1 to 4.6).
enum {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_TSRESOL = 9,
	EPB_FLAGS = 2,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_OSDROP = 7,
};

// A block in the making. What does not fit is not written, and the block is void.
struct block {
	uint8_t *buf;
	size_t size, n;
};

static void put(struct block *b, const void *data, size_t n)
{
	if (n <= b->size && b->n <= b->size - n)
		memcpy(b->buf + b->n, data, n);
	b->n += n;
}

static void put16(struct block *b, uint16_t v)
{
	put(b, &v, sizeof(v));
}

static void put32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void pad(struct block *b)
{
	static const uint8_t zeros[3];

	put(b, zeros, -b->n & 3);
}

static struct block block_begin(uint8_t *buf, size_t size, enum pcapng_type type)
{
	struct block b = {.buf = buf, .size = size};

	put32(&b, type);
	put32(&b, 0); // its length, when that is known
	return b;
}

static size_t block_end(struct block *b)
{
	const uint32_t total = (uint32_t)(b->n + 2 * sizeof(uint32_t));

	put32(b, OPT_END);
	put32(b, total);
	if (b->n > b->size)
		return 0;
	memcpy(b->buf + sizeof(uint32_t), &total, sizeof(total));
	return b->n;
}

static void option(struct block *b, uint16_t code, const void *value, size_t n)
{
	put16(b, code);
	put16(b, (uint16_t)n);
	put(b, value, n);
	pad(b);
}

static void option_text(struct block *b, uint16_t code, const char *text)
{
	if (text != NULL)
		option(b, code, text, strnlen(text, PCAPNG_TEXT_MAX));
}

static void option64(struct block *b, uint16_t code, uint64_t v)
{
	option(b, code, &v, sizeof(v));
}

// A time is two words, the high one first, in whatever byte order.
static void put_time(struct block *b, uint64_t ns)
{
	put32(b, (uint32_t)(ns >> 32));
	put32(b, (uint32_t)ns);
}

static void option_time(struct block *b, uint16_t code, uint64_t ns)
{
	const uint32_t words[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	option(b, code, words, sizeof(words));
}

size_t pcapng_section(uint8_t *buf, size_t size, const char *program, const char *comment)
{
	struct block b = block_begin(buf, size, PCAPNG_SECTION);
	const int64_t unknown = -1; // the section's length

	put32(&b, BYTE_ORDER_MAGIC);
	put16(&b, 1); // version 1.0
	put16(&b, 0);
	put(&b, &unknown, sizeof(unknown));
	option_text(&b, OPT_COMMENT, comment);
	option_text(&b, SHB_USERAPPL, program);
	return block_end(&b);
}

size_t pcapng_interface(
	uint8_t *buf, size_t size, const char *name, const char *description, uint32_t snap)
{
	struct block b = block_begin(buf, size, PCAPNG_INTERFACE);
	const uint8_t resolution = RESOLUTION_NS;

	put16(&b, LINKTYPE_ETHERNET);
	put16(&b, 0);
	put32(&b, snap);
	option_text(&b, IF_NAME, name);
	option_text(&b, IF_DESCRIPTION, description);
	option(&b, IF_TSRESOL, &resolution, sizeof(resolution));
	return block_end(&b);
}

size_t pcapng_packet(uint8_t *buf, size_t size, const struct pcapng_packet *p)
{
	struct block b = block_begin(buf, size, PCAPNG_PACKET);
	const uint32_t flags = p->direction; // the two lowest bits

	put32(&b, p->iface);
	put_time(&b, p->time_ns);
	put32(&b, p->len);
	put32(&b, p->original_len);
	put(&b, p->data, p->len);
	pad(&b);
	option_text(&b, OPT_COMMENT, p->comment);
	option(&b, EPB_FLAGS, &flags, sizeof(flags));
	return block_end(&b);
}

size_t pcapng_statistics(uint8_t *buf, size_t size, const struct pcapng_statistics *s)
{
	struct block b = block_begin(buf, size, PCAPNG_STATISTICS);

	put32(&b, s->iface);
	put_time(&b, s->time_ns);
	option_time(&b, ISB_STARTTIME, s->start_ns);
	option_time(&b, ISB_ENDTIME, s->end_ns);
	option64(&b, ISB_IFRECV, s->received);
	option64(&b, ISB_OSDROP, s->lost);
	return block_end(&b);
}

// ---- Reading ------------------------------------------------------------------------------------

#define BLOCK_MIN 12u // type, length, and the length again

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

size_t pcapng_block(const uint8_t *p, size_t n, uint32_t *type)
{
	uint32_t len;

	if (n < 2 * sizeof(uint32_t))
		return 0;
	*type = get32(p);
	len = get32(p + sizeof(uint32_t));
	return len >= BLOCK_MIN && len % 4 == 0 ? len : SIZE_MAX;
}

uint64_t pcapng_lost(const uint8_t *block, size_t n)
{
	// Behind type, length, interface and time; before the length again.
	size_t at = 20, end = n >= 4 ? n - 4 : 0;
	uint64_t lost;

	while (at + 4 <= end) {
		const uint16_t code = get16(block + at), len = get16(block + at + 2);

		at += 4;
		if (code == OPT_END || len > end - at)
			break;
		if (code == ISB_OSDROP && len == sizeof(lost)) {
			memcpy(&lost, block + at, sizeof(lost));
			return lost;
		}
		at += (len + 3u) & ~3u;
	}
	return 0;
}
