// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include "test/unit/rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cp/log.h"
#include "test/unit/fake_dp.h"
#include "test/unit/fake_net.h"
#include "test/unit/pki.h"
#include "test/unit/stir_pki.h"
#include "test/unit/ticket_vectors.h"

#define MARCH_2026 1772323200u // 2026-03-01T00:00:00Z, inside the validity of the vectors

struct rig rig;
bool rig_pings;

static uint64_t mono_ns(void)
{
	return rig.now_ns;
}

static uint64_t wall_s(void)
{
	return rig.wall_s;
}

const char *rig_new_password;

static void write_password(const char *name, const char *password)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", rig.dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", password);
	fclose(f);
	chmod(path, 0600);
}

static char *read_file(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

// Every `from` becomes `to`.
static void replace(char *text, size_t size, const char *from, const char *to)
{
	char copy[65536];
	size_t n = 0;
	const char *p = text;

	for (const char *hit; (hit = strstr(p, from)) != NULL; p = hit + strlen(from))
		n += (size_t)snprintf(copy + n, sizeof(copy) - n, "%.*s%s", (int)(hit - p), p, to);
	snprintf(copy + n, sizeof(copy) - n, "%s", p);
	snprintf(text, size, "%s", copy);
}

// Nothing of a test outlives its folder.
static const char *state_folder(void)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s/state", rig.dir);
	return path;
}

static struct config *load(const char *sample, const char *const *edit)
{
	char path[128];
	static char text[65536];
	struct config_errors errs;
	struct config *c;

	snprintf(path, sizeof(path), "config/samples/%s", sample);
	snprintf(text, sizeof(text), "%s", read_file(path));
	replace(text, sizeof(text), "/var/lib/callgate", state_folder());
	for (; edit != NULL && edit[0] != NULL; edit += 2)
		replace(text, sizeof(text), edit[0], edit[1]);
	if (config_load_text(str_from(text), rig.dir, &c, &errs) != 0) {
		config_errors_print(stderr, path, &errs);
		fail_msg("%s does not load", path);
	}
	if (!rig_pings || strcmp(sample, "enterprise-a.yaml") != 0)
		c->imes[0].ping.interval_s = 0;
	return c;
}

void rig_ucm_accepts(int fd, const struct endpoint *peer, void *arg)
{
	int which = arg == &rig.ucm[RIG_A] ? RIG_A : RIG_B;

	host_close(&rig.ucm[which]);
	if (rig.ucm_certificate[which] != NULL)
		host_tls(&rig.ucm[which], rig.hosts, fd, true, rig.dir, rig.ucm_certificate[which],
			"inside-ca.pem");
	else
		host_tcp(&rig.ucm[which], rig.hosts, fd);
	rig.ucm_accepted[which]++;
}

static void start(int which, const char *sample, const char *const *edit)
{
	struct ime_env env = {.base = rig.base, .mono_ns = mono_ns, .wall_s = wall_s};
	char err[256];

	rig.config[which] = load(sample, edit);
	env.config = rig.config[which];
	fake_net_proxy((unsigned int)which);
	if (ime_new(&rig.ime[which], &env, err, sizeof(err)) != 0)
		fail_msg("%s", err);
}

void rig_up(const char *const *edit)
{
	signal(SIGPIPE, SIG_IGN);
	log_set_severity(getenv("RIG_LOG") != NULL ? 7 : 0);
	rig = (struct rig){
		.now_ns = 1000000000000u, .wall_s = MARCH_2026, .base = event_base_new()};
	rig.hosts = rig.ucm[RIG_A].base = rig.ucm[RIG_B].base = rig.base;
	snprintf(rig.dir, sizeof(rig.dir), "/tmp/callgate-rig-XXXXXX");
	assert_non_null(mkdtemp(rig.dir));
	pki_make(rig.dir);
	stir_pki_write(rig.dir);
	write_password("ticket.password", TICKET_PASSWORD);
	if (rig_new_password != NULL)
		write_password("new.password", rig_new_password);
	fake_dp_reset();
	fake_net_reset();
	fake_net_route("209.165.200.224/27", RIG_A, RIG_OUTSIDE);
	fake_net_route("203.0.113.0/24", RIG_B, RIG_OUTSIDE);
	fake_net_host(RIG_UCM_A, 5070, rig_ucm_accepts, &rig.ucm[RIG_A]);
	fake_net_host(RIG_UCM_B, 5070, rig_ucm_accepts, &rig.ucm[RIG_B]);
	start(RIG_A, "enterprise-a.yaml", edit);
	start(RIG_B, "enterprise-b.yaml", edit);
}

void rig_down(void)
{
	char command[128];

	host_close(&rig.caller);
	host_close(&rig.remote);
	for (int i = 0; i < 2; i++) {
		ime_free(rig.ime[i]);
		host_close(&rig.ucm[i]);
		config_free(rig.config[i]);
	}
	event_base_free(rig.base);
	snprintf(command, sizeof(command), "rm -r %s", rig.dir);
	assert_int_equal(system(command), 0);
}

int rig_setup(void **state)
{
	rig_up(NULL);
	return 0;
}

int rig_setup_reject(void **state)
{
	static const char *const edit[] = {
		"ticket-failure-action: drop", "ticket-failure-action: reject", NULL};

	rig_up(edit);
	return 0;
}

int rig_teardown(void **state)
{
	rig_down();
	return 0;
}

void rig_caller(void)
{
	host_close(&rig.caller);
	host_tcp(&rig.caller, rig.hosts,
		fake_net_connect(RIG_B, RIG_INSIDE, RIG_UCM_B, 40000, RIG_UCM_A_MAPPED, 5070));
}

void rig_remote(const char *certificate, const char *ca)
{
	int fd = fake_net_connect(RIG_A, RIG_OUTSIDE, RIG_REMOTE, 40001, RIG_UCM_A_MAPPED, 5070);

	host_close(&rig.remote);
	host_tls(&rig.remote, rig.hosts, fd, false, rig.dir, certificate, ca);
	if (rig.remote_version != 0) {
		SSL_set_min_proto_version(rig.remote.ssl, rig.remote_version);
		SSL_set_max_proto_version(rig.remote.ssl, rig.remote_version);
	}
	if (rig.remote_offer != NULL)
		assert_int_equal(SSL_set_cipher_list(rig.remote.ssl, rig.remote_offer), 1);
}

static struct {
	const char *certificate, *ca;
} outbound;

static void remote_accepts(int fd, const struct endpoint *peer, void *arg)
{
	host_close(&rig.remote);
	host_tls(&rig.remote, rig.hosts, fd, true, rig.dir, outbound.certificate, outbound.ca);
}

void rig_outbound_server(const char *certificate, const char *ca)
{
	outbound.certificate = certificate;
	outbound.ca = ca;
	rig.remote.base = rig.base;
	fake_net_host(RIG_REMOTE, 5070, remote_accepts, NULL);
}

void rig_outbound(const char *certificate, const char *ca)
{
	rig_outbound_server(certificate, ca);
	host_close(&rig.caller);
	host_tcp(&rig.caller, rig.hosts,
		fake_net_connect(RIG_A, RIG_INSIDE, RIG_UCM_A, 40002, RIG_REMOTE, 5070));
}

void rig_outbound_certificate(const char *certificate)
{
	outbound.certificate = certificate;
}

uint64_t rig_counter(int which, enum counter_id id)
{
	return rig.ime[which]->counters.v[id];
}

void rig_only(int which, enum counter_id id, uint64_t n)
{
	for (int i = 0; i < CNT_MAX; i++) {
		uint64_t want = i == (int)id ? n : 0, got = rig_counter(which, (enum counter_id)i);

		if (i >= CNT_TRUNKS_ACCEPTED && i <= CNT_MEDIA_RETRIED)
			continue; // events
		if (got != want)
			fail_msg("%s is %lu, expected %lu", counter_name((enum counter_id)i),
				(unsigned long)got, (unsigned long)want);
	}
}

void rig_pass_s(unsigned int seconds)
{
	rig.now_ns += seconds * 1000000000ull;
	for (int i = 0; i < 2; i++)
		ime_tick(rig.ime[i]);
	host_idle(rig.base);
}

void rig_media_gone(int which)
{
	// Both proxies share one fake data plane, and a proxy ignores what is not its own.
	for (size_t i = 0; i < fake_dp_n_sent; i++) {
		if (fake_dp_sent[i].type == DP_MSG_MEDIA_DEL)
			mta_gone(rig.ime[which]->mta, fake_dp_sent[i].media.stream);
	}
}

void rig_assert_clean(int which)
{
	struct ime_usage u;

	rig_media_gone(which);
	ime_usage(rig.ime[which], &u);
	assert_int_equal(u.signaling_in_use, 0);
	assert_int_equal(u.media_in_use, 0);
	assert_int_equal(u.media_ports, 0);
	for (const struct trunk *t = NULL; (t = trunks_next(rig.ime[which]->trunks, t)) != NULL;)
		assert_int_equal(t->calls, 0);
}
