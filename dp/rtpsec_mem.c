// SPDX-License-Identifier: BSD-3-Clause
// Memory for keys: locked, left out of core dumps and of children, wiped when it is given back.
// Called by dp/rtpsec_ctl.c.
// Cold: runs on the control thread.
//
// All of it is reserved at the start, while the process may still lock as much as it likes; the
// kernel gives a page, locked, when it is first touched.
#include <errno.h>
#include <sys/mman.h>

#include "dp/rtpsec_state.h"

int rtpsec_map(void **out, size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int err = 0;

	if (p == MAP_FAILED)
		return -ENOMEM;
	// Where the kernel has large pages: the keys of a million calls are on 200 000 small ones, and
	// each packet would wait for the page tables first.
	(void)madvise(p, octets, MADV_HUGEPAGE);
	if (madvise(p, octets, MADV_DONTDUMP) < 0 || madvise(p, octets, MADV_DONTFORK) < 0)
		err = -errno;
	else if (mlock2(p, octets, MLOCK_ONFAULT) < 0)
		err = -EPERM; // whichever of its errors: the limit is too low
	if (err != 0) {
		munmap(p, octets);
		p = NULL;
	}
	*out = p;
	return err;
}

void rtpsec_unmap(void *p, size_t octets)
{
	if (p != NULL)
		munmap(p, octets);
}

// ---- Arenas ------------------------------------------------------------------------------------

struct rtpsec_arena rtpsec_arena_cm_128 = {.size = RTPSEC_CM_128_SIZE};
struct rtpsec_arena rtpsec_arena_cm_256 = {.size = RTPSEC_CM_256_SIZE};
struct rtpsec_arena rtpsec_arena_gcm = {.size = RTPSEC_GCM_SIZE};

static struct rtpsec_arena *const arenas[] = {
	&rtpsec_arena_cm_128, &rtpsec_arena_cm_256, &rtpsec_arena_gcm};
#define ARENAS (sizeof(arenas) / sizeof(arenas[0]))

static int arena_init(struct rtpsec_arena *a, uint32_t max)
{
	void *base, *more;
	int err = rtpsec_map(&base, a->size * max);

	if (err != 0)
		return err;
	err = rtpsec_map(&more, sizeof(*a->more) * max);
	if (err != 0) {
		rtpsec_unmap(base, a->size * max);
		return err;
	}
	*a = (struct rtpsec_arena){.base = base, .more = more, .size = a->size, .max = max};
	return 0;
}

static void arena_fini(struct rtpsec_arena *a)
{
	if (a->base == NULL)
		return;
	// Contexts that are still there: the pages go back to the kernel, but not with keys.
	OPENSSL_cleanse(a->base, a->size * a->high);
	rtpsec_unmap(a->base, a->size * a->max);
	rtpsec_unmap(a->more, sizeof(*a->more) * a->max);
	*a = (struct rtpsec_arena){.size = a->size};
}

int rtpsec_arenas_init(uint32_t contexts_max)
{
	for (size_t i = 0; i < ARENAS; i++) {
		int err = arena_init(arenas[i], contexts_max);

		if (err != 0) {
			rtpsec_arenas_fini();
			return err;
		}
	}
	return 0;
}

void rtpsec_arenas_fini(void)
{
	for (size_t i = 0; i < ARENAS; i++)
		arena_fini(arenas[i]);
}

struct rtpsec *rtpsec_arena_take(const struct rtpsec_suite *s)
{
	struct rtpsec_arena *a = s->arena;
	void *p = a->free;

	if (p != NULL) {
		__builtin_memcpy(&a->free, p, sizeof(a->free));
		__builtin_memset(p, 0, sizeof(a->free));
	} else {
		if (a->high == a->max)
			return NULL;
		p = a->base + a->size * a->high++;
	}
	return p;
}

void rtpsec_arena_give(struct rtpsec *c)
{
	const struct rtpsec_suite *s = &rtpsec_suites[c->suite];
	struct rtpsec_arena *a = s->arena;

	if (rtpsec_tail(c, s)->more)
		OPENSSL_cleanse(rtpsec_more(c, s), sizeof(struct rtpsec_more));
	OPENSSL_cleanse(c, a->size);
	__builtin_memcpy(c, &a->free, sizeof(a->free));
	a->free = c;
}
