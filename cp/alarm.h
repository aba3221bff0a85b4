// SPDX-License-Identifier: BSD-3-Clause
// Alarms: states that an operator must do something about, for `show alarms`. Each is logged when
// it starts and when it is over, and counts what it has cost meanwhile. One table per process, as
// the log. Control thread only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CERT_REMEDY                                                                                \
	"callgate show crypto ca certificates tells all; renew it (callgate pki request and "      \
	"import, or authenticate; a CRL: fetch the new one), then callgate pki reload"

// X(name, what to do)
#define ALARMS(X)                                                                                  \
	X(MEDIA_PORTS,                                                                             \
		"raise rtp-max-port or lower rtp-min-port, give media-termination more "           \
		"addresses, or shorten port-guard")                                                \
	X(NAT_PORTS,                                                                               \
		"give the rule a pool, or a larger one (mapped: POOL, pat-pool: on), or shorten "  \
		"the timeouts udp and pat-xlate; callgate show xlate says who has the ports")      \
	X(SESSION_FULL,                                                                            \
		"raise sessions-max; first look for a flood, or for one host that has most "       \
		"(callgate show conn), and give its class a per-client-max or embryonic-conn-max") \
	X(UCM_DOWN,                                                                                \
		"look after it, and at the way to it; callgate show uc-ime ucm says since when; "  \
		"calls go to the other ones of its trunk-security-mode")                           \
	X(UCM_NONE, "callers hear 503 and use the PSTN; look at the inside network first")         \
	X(QUALITY,                                                                                 \
		"look at the way to that domain (callgate show quality CALL-ID, of one of them); " \
		"their call managers are asked one after the other to go on over the PSTN")        \
	X(MEDIA_STREAMS, "raise media-streams-max")                                                \
	X(CERT_30_DAYS, CERT_REMEDY)                                                               \
	X(CERT_7_DAYS, CERT_REMEDY)                                                                \
	X(CERT_1_DAY, CERT_REMEDY)                                                                 \
	X(CERT_NOT_VALID, "look at the clock, or: " CERT_REMEDY)                                   \
	X(CRL_STALE,                                                                               \
		"fetch the CA's new CRL, then callgate pki reload; until then it revokes what "    \
		"it lists, and with revocation-check crl it refuses every peer")                   \
	X(CRL_FOREIGN,                                                                             \
		"callgate pki authenticate its CA, also an intermediate one, or take the CRL "     \
		"out of the file; then callgate pki reload")                                       \
	X(TICKET_EPOCH,                                                                            \
		"put the epoch that tickets are made with, and its password, into the "            \
		"configuration or in force with callgate ticket epoch; a new password needs a "    \
		"new epoch")                                                                       \
	X(STATE_NOT_SAVED, "make room on the disk of state-folder, or let the daemon write there") \
	X(MEMORY_UNLOCKED,                                                                         \
		"raise RLIMIT_MEMLOCK (systemd: LimitMEMLOCK=infinity; shell: ulimit "             \
		"-l unlimited), or give the daemon CAP_IPC_LOCK")

enum alarm_id {
#define X(name, remedy) ALARM_##name,
	ALARMS(X)
#undef X
		ALARMS_N
};

struct alarm {
	const char *name, *remedy;
	bool active;
	uint64_t raised_ns, cleared_ns; // CLOCK_MONOTONIC; 0: never
	uint64_t count;                 // how often raised since raised_ns
	char text[160];                 // as it was when the alarm started
};

// Starts an alarm, or counts one more occurrence of one that is on. `fmt` says what is the matter.
void alarm_raise(enum alarm_id id, uint64_t now_ns, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void alarm_clear(enum alarm_id id, uint64_t now_ns); // nothing happens unless it is on

const struct alarm *alarm_get(enum alarm_id id);
void alarms_reset(void); // for tests: as if none had ever been
