// SPDX-License-Identifier: BSD-3-Clause
// Two whole proxies, A and B of the sample configurations, on a network of their own with a fake
// data plane and a clock that the test turns; call managers and phones are sip_hosts.
#pragma once

#include "cp/ime.h"
#include "cp/ime_state.h"
#include "test/unit/sip_host.h"

#define RIG_A 0
#define RIG_B 1

// Interfaces of the samples.
#define RIG_OUTSIDE 0
#define RIG_INSIDE  1

#define RIG_UCM_A        "192.168.10.30"
#define RIG_UCM_A_MAPPED "209.165.200.228"
#define RIG_UCM_B        "192.168.20.30"
#define RIG_UCM_B_MAPPED "203.0.113.10"
#define RIG_REMOTE       "198.51.100.10" // a third party on the Internet

struct rig {
	struct event_base *base;
	struct event_base *hosts; // of the hosts; the same, unless a bench tells their time apart
	char dir[64];
	struct config *config[2];
	struct ime *ime[2];
	uint64_t now_ns;        // the clock of both
	uint64_t wall_s;        // and their date: 2026-03-01 to begin with
	struct sip_host ucm[2]; // call managers as their proxies reach them
	unsigned int ucm_accepted[2];
	const char *ucm_certificate[2]; // they accept TLS with this one of pki.h; NULL: TCP
	struct sip_host caller;         // call manager B's own connection toward A
	struct sip_host remote;         // what else a test needs
	int remote_version;             // rig_remote speaks only this one; 0: any
	const char *remote_offer;       // its suites of TLS 1.2 and before, NULL: as OpenSSL
};

extern struct rig rig;
extern bool rig_pings; // A asks its call managers with OPTIONS, from the next rig_up() on

// Proxies and listening call managers. `edit` changes the text of a configuration before it is
// loaded: every "FROM" becomes "TO"; NULL-terminated pairs, NULL: none.
void rig_up(const char *const *edit);
void rig_down(void);
// The password that rig_up() puts into new.password; NULL: there is no such file.
extern const char *rig_new_password;

// cmocka fixtures with the samples as they are, and with ticket-failure-action: reject.
int rig_setup(void **state);
int rig_setup_reject(void **state);
int rig_teardown(void **state);

// A fake_net_host_fn: a call manager; `arg` is its place in rig.ucm.
void rig_ucm_accepts(int fd, const struct endpoint *peer, void *arg);

// Call manager B opens its connection toward A's mapped address.
void rig_caller(void);
// A TLS client with a certificate of pki.h (NULL: none) connects to A's outside as `remote`.
void rig_remote(const char *certificate, const char *ca);

// A TLS server of a certificate of pki.h at RIG_REMOTE:5070, which becomes `remote` when a proxy
// connects.
void rig_outbound_server(const char *certificate, const char *ca);
// The same, and call manager A's own connection toward it, as `caller`.
void rig_outbound(const char *certificate, const char *ca);
// From its next connection on that server has another certificate.
void rig_outbound_certificate(const char *certificate);

uint64_t rig_counter(int which, enum counter_id id);
// That counter is `n` in proxy `which`, and no other refusal or statistic has moved.
void rig_only(int which, enum counter_id id, uint64_t n);

// Lets seconds pass: the clock, then the proxies' clockwork.
void rig_pass_s(unsigned int seconds);

// Nothing is left: calls, streams, and (with GONE answered) ports.
void rig_assert_clean(int which);
// Answers every MEDIA_DEL so far with MEDIA_GONE.
void rig_media_gone(int which);
