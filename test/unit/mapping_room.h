// SPDX-License-Identifier: BSD-3-Clause
// What the tests of the mapping service share: a proxy with the service, a call manager that is
// connected to it, and what it may have heard.
#pragma once

#include "test/unit/test.h"

#include "test/unit/log_capture.h"
#include "test/unit/mapping_steps.h"

#define REMOTE "203.0.113.10"
#define KEY    "mapping-secret"

static struct map_client client;

static inline void up(const char *const *edit)
{
	rig_up(edit);
	map_connect(&client, RIG_UCM_A, 2001);
}

static inline int setup(void **state)
{
	static const char *const edit[] = {MAP_EDIT(""), NULL};

	up(edit);
	return 0;
}

static inline int setup_two(void **state)
{
	static const char *const edit[] = {
		MAP_EDIT(", quota: 3, port-range: 40000-40009"), MAP_EDIT_TWO, NULL};

	up(edit);
	return 0;
}

static inline int teardown(void **state)
{
	map_close(&client);
	rig_down();
	rig_new_password = NULL;
	return 0;
}

static inline void ask_hex(const char *hex)
{
	uint8_t buf[MAPPING_MSG_MAX];

	map_write(&client, buf, unhex(hex, buf));
	map_read(&client);
}

static inline void is_error(enum mapping_error e)
{
	assert_int_equal(client.m.class, MAPPING_ERROR);
	assert_int_equal(client.m.code, e);
	assert_true(str_eq(client.m.reason, str_from(mapping_error_phrase(e))));
}

static inline void send_msg(const struct mapping_msg *m, struct str key)
{
	uint8_t buf[MAPPING_MSG_MAX];

	map_write(&client, buf, mapping_msg_write(m, key, buf, sizeof(buf)));
}

static inline void see(const struct mapping_session_info *info, void *arg)
{
	struct mapping_session_info *out = arg;

	*out = *info;
}

static inline void session_is(uint64_t requests, uint64_t sent, uint64_t failed, uint64_t pending)
{
	struct mapping_session_info i = {.requests = UINT64_MAX};

	mapping_sessions_foreach(rig.ime[RIG_A]->mapping_service, see, &i);
	assert_int_equal(i.requests, requests);
	assert_int_equal(i.sent, sent);
	assert_int_equal(i.failed, failed);
	assert_int_equal(i.pending, pending);
}

#define CASE(rule, test, up)                                                                       \
	{                                                                                          \
		rule " " #test, test, up, teardown, NULL                                           \
	}
