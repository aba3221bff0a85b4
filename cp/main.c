// SPDX-License-Identifier: BSD-3-Clause
// The daemon: reads the configuration, starts the workers, builds the control plane around them,
// and runs the event loop until a signal ends it. The only file that starts dp.
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "config/config.h"
#include "cp/acl_log.h"
#include "cp/alarm.h"
#include "cp/capture_stream.h"
#include "cp/config_stream.h"
#include "cp/debug_stream.h"
#include "cp/drops.h"
#include "cp/exhausted.h"
#include "cp/ime.h"
#include "cp/log.h"
#include "cp/mgmt.h"
#include "cp/netlink.h"
#include "cp/policy.h"
#include "cp/priv.h"
#include "cp/punt.h"
#include "cp/reload.h"
#include "cp/show.h"
#include "cp/stack.h"
#include "cp/wipe.h"
#include "dp/dp.h"

#define EXIT_CONFIG 2 // of the command line or the file
#define ERR_MAX     640
#define FAREWELL_US 50000 // a worker may nap, and the ends answer

struct daemon {
	struct config *config;
	const char *path; // of its file
	struct event_base *base;
	struct event *sigterm, *sigint, *sighup, *tick;
	bool dp_up;
	struct stack *stack;
	struct netlink *netlink;
	struct punt *punt;
	struct exhausted *exhausted;
	struct acl_log *acl_log;
	struct ime *ime; // NULL when none is configured
	struct drops *drops;
	struct mgmt *mgmt;
	struct reload *reload;
	struct show show;
	struct capture_env capture;
};

// ---- Event loop ---------------------------------------------------------------------------------

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	log_event(STOPPING, log_u64("signal", (uint64_t)sig));
	event_base_loopbreak(d->base);
}

// The same as `callgate config reload` and `callgate pki reload`; the log has the answers.
static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;
	struct ime_pki_change change;
	char err[ERR_MAX];

	reload_begin(d->reload, false, NULL, NULL); // or one is under way
	if (d->ime != NULL)
		ime_pki_reload(d->ime, &change, err, sizeof(err));
}

// Once a second.
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	log_tick();
	drops_tick(d->drops, mono_ns());
	acl_log_tick(d->acl_log);
}

static int loop_new(struct daemon *d)
{
	static const struct timeval tick = {.tv_sec = 1};
	struct event_config *ec = event_config_new();

	// The punt path's pace is below a millisecond, which epoll's time-out cannot express.
	if (ec == NULL || event_config_set_flag(ec, EVENT_BASE_FLAG_PRECISE_TIMER) < 0)
		goto out;
	d->base = event_base_new_with_config(ec);
	if (d->base == NULL)
		goto out;
	d->sigterm = evsignal_new(d->base, SIGTERM, on_signal, d);
	d->sigint = evsignal_new(d->base, SIGINT, on_signal, d);
	d->sighup = evsignal_new(d->base, SIGHUP, on_hangup, d);
	d->tick = event_new(d->base, -1, EV_PERSIST, on_tick, d);
out:
	if (ec != NULL)
		event_config_free(ec);
	if (d->sigterm == NULL || d->sigint == NULL || d->sighup == NULL || d->tick == NULL ||
		event_add(d->sigterm, NULL) < 0 || event_add(d->sigint, NULL) < 0 ||
		event_add(d->sighup, NULL) < 0 || event_add(d->tick, &tick) < 0)
		return -ENOMEM;
	return 0;
}

// A turn ends when nothing is ready any more; by then a message has been dealt with.
static void loop_run(struct event_base *base)
{
	while (event_base_loop(base, EVLOOP_ONCE) == 0 && !event_base_got_break(base))
		wipe_stack();
}

static void loop_free(struct daemon *d)
{
	if (d->sigterm != NULL)
		event_free(d->sigterm);
	if (d->sigint != NULL)
		event_free(d->sigint);
	if (d->sighup != NULL)
		event_free(d->sighup);
	if (d->tick != NULL)
		event_free(d->tick);
	if (d->base != NULL)
		event_base_free(d->base);
}

// ---- Start and stop -----------------------------------------------------------------------------

// No worker thread shall be the one that a signal interrupts: they inherit this mask. What comes
// during start-up waits until the loop listens.
static void hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

static void raise_limit(int what)
{
	struct rlimit r;

	if (getrlimit(what, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(what, &r);
	}
}

// Calls work without; but keys may then come to the disk that swaps.
static void keys_unlocked(void)
{
	struct rlimit r = {0};

	getrlimit(RLIMIT_MEMLOCK, &r);
	alarm_raise(ALARM_MEMORY_UNLOCKED, mono_ns(),
		"memory for keys may be swapped to disk: it cannot be locked, RLIMIT_MEMLOCK is "
		"%llu kB",
		(unsigned long long)r.rlim_cur >> 10);
}

static int lock_keys(const struct config *c, char *err, size_t err_size)
{
	size_t size = ime_secure_size(c);
	int e = priv_key_memory(size);

	if (e == -ENOMEM) {
		snprintf(err, err_size, "reserve %zu MB of memory for keys: %s", size >> 20,
			strerror(-e));
		return e;
	}
	if (e == 0)
		e = priv_lock_all();
	if (e != 0)
		keys_unlocked();
	return 0;
}

static int start_workers(struct daemon *d, char *err, size_t err_size)
{
	struct dp_options o;
	int e = policy_options(d->config, &o, err, err_size);

	if (e == 0)
		e = dp_start(&o, err, err_size);
	d->dp_up = e == 0;
	return e;
}

// ---- The proxy and its management ---------------------------------------------------------------

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static uint64_t wall_s(void)
{
	return (uint64_t)time(NULL);
}

// What cannot be resolved now is asked for again by the first packet.
static void resolve(void *arg, uint16_t iface, const struct ip_addr *ip)
{
	netlink_resolve(arg, iface, ip);
}

static void on_media(const struct dp_msg *m, void *arg)
{
	ime_media(arg, m);
}

static int start_ime(struct daemon *d, char *err, size_t err_size)
{
	const struct ime_env env = {
		.base = d->base,
		.config = d->config,
		.mono_ns = mono_ns,
		.wall_s = wall_s,
		.resolve = resolve,
		.resolve_arg = d->netlink,
	};
	int e;

	if (d->config->n_imes == 0)
		return 0;
	e = ime_new(&d->ime, &env, err, err_size);
	if (e == 0)
		punt_on_media(d->punt, on_media, d->ime);
	config_forget_passwords(d->config); // the proxy has its own copies
	return e;
}

static int start_drops(struct daemon *d, char *err, size_t err_size)
{
	int e = drops_new(&d->drops, d->ime, mono_ns());

	if (e < 0)
		snprintf(err, err_size, "count drops: %s", strerror(-e));
	return e;
}

static struct policymaps *inspect(void *arg, struct policymaps *maps)
{
	return ime_put_policymaps(arg, maps);
}

static int start_reload(struct daemon *d, char *err, size_t err_size)
{
	const struct reload_env env = {
		.base = d->base,
		.config = d->config,
		.path = d->path,
		.stack = d->stack,
		.netlink = d->netlink,
		.inspect = d->ime != NULL ? inspect : NULL,
		.inspect_arg = d->ime,
	};
	int e = reload_new(&d->reload, &env);

	if (e < 0)
		snprintf(err, err_size, "prepare reloads: %s", strerror(-e));
	return e;
}

static int start_mgmt(struct daemon *d, char *err, size_t err_size)
{
	int e;

	d->show = (struct show){.config = d->config,
		.path = d->path,
		.ime = d->ime,
		.drops = d->drops,
		.netlink = d->netlink,
		.mono_ns = mono_ns,
		.wall_s = wall_s,
		.started_ns = mono_ns()};
	d->capture = (struct capture_env){
		.base = d->base, .config = d->config, .mono_ns = mono_ns, .wall_ns = wall_ns};
	mgmt_add_streams(d->mgmt, &debug_streams, NULL);
	mgmt_add_streams(d->mgmt, &capture_streams, &d->capture);
	mgmt_add_streams(d->mgmt, &config_check_streams, d->reload);
	mgmt_add_streams(d->mgmt, &config_reload_streams, d->reload);
	e = mgmt_start(d->mgmt, d->base, show_command, &d->show);
	if (e < 0)
		snprintf(err, err_size, "serve the management socket: %s", strerror(-e));
	return e;
}

// ---- The daemon ---------------------------------------------------------------------------------

// What belongs to the host: a second daemon stops at the socket, and devices and worker threads
// stay in the host's namespace.
static int host_up(struct daemon *d, char *err, size_t err_size)
{
	int e = mgmt_open(&d->mgmt, d->config->socket_path, err, err_size);

	if (e == 0)
		e = start_workers(d, err, err_size);
	return e;
}

// From here on this thread lives in the private namespace.
static int stack_up(struct daemon *d, char *err, size_t err_size)
{
	int e = stack_open(&d->stack, d->config, err, err_size);

	if (e < 0)
		return e;
	e = loop_new(d);
	if (e == 0)
		e = netlink_new(&d->netlink, d->base, d->config, stack_ifindexes(d->stack));
	if (e == 0)
		e = punt_new(&d->punt, d->base, d->stack, d->netlink);
	if (e == 0)
		e = exhausted_new(&d->exhausted, d->base, d->config, mono_ns);
	if (e == 0)
		punt_on_exhausted(d->punt, d->exhausted);
	if (e == 0)
		e = acl_log_new(&d->acl_log, d->config, mono_ns);
	if (e == 0)
		punt_on_flows(d->punt, d->config, d->acl_log);
	if (e < 0)
		snprintf(err, err_size, "start the event loop: %s", strerror(-e));
	return e;
}

static int daemon_up(struct daemon *d, char *err, size_t err_size)
{
	int e = host_up(d, err, err_size);

	if (e == 0)
		e = stack_up(d, err, err_size);
	if (e == 0)
		e = policy_apply(d->config, err, err_size);
	if (e == 0)
		policy_trust(d->config);
	if (e == 0)
		e = start_ime(d, err, err_size);
	if (e == 0)
		e = start_drops(d, err, err_size);
	if (e == 0)
		e = start_reload(d, err, err_size);
	if (e == 0)
		e = start_mgmt(d, err, err_size);
	if (e < 0)
		return e;
	e = priv_shed_control();
	if (e == 0)
		e = priv_forbid_calls();
	if (e < 0)
		snprintf(err, err_size, "give up privileges: %s", strerror(-e));
	return e;
}

// What was closed tells its peer. A call manager that did not hear of it would send its next call into a connection
// that is dead, and then over the PSTN.
static void say_farewell(struct daemon *d)
{
	static const struct timeval at_most = {.tv_usec = FAREWELL_US};

	if (d->punt == NULL)
		return;
	punt_on_media(d->punt, NULL, NULL);
	event_del(d->sighup);
	event_del(d->tick);
	event_base_loopexit(d->base, &at_most);
	event_base_dispatch(d->base);
	wipe_stack();
}

// In the order of who uses whom. The TAPs outlive the workers' last frames.
static void daemon_down(struct daemon *d)
{
	mgmt_close(d->mgmt);
	reload_free(d->reload);
	drops_free(d->drops);
	ime_free(d->ime);
	say_farewell(d);
	punt_free(d->punt);
	exhausted_free(d->exhausted);
	acl_log_free(d->acl_log);
	netlink_free(d->netlink);
	loop_free(d);
	if (d->dp_up)
		dp_stop();
	stack_close(d->stack);
	config_free(d->config);
}

static void log_ready(const struct config *c)
{
	char ifaces[512] = "", ip[IP_TEXT_MAX];
	size_t len = 0;

	for (size_t i = 0; i < c->n_ifaces && len < sizeof(ifaces); i++)
		len += (size_t)snprintf(ifaces + len, sizeof(ifaces) - len, "%s%s %s",
			i > 0 ? ", " : "", c->ifaces[i].name, ip_format(&c->ifaces[i].ip, ip));
	log_event(READY, log_text("version", CALLGATE_VERSION), log_u64("workers", c->n_workers),
		log_text("srtp_engine", dp_srtp_engine()), log_text("interfaces", ifaces));
}

static void log_start(const struct config *c)
{
	log_open(&(struct log_options){
		.style = {.host = c->hostname, .json = c->log_json, .asa = c->log_asa},
		.severity_max = c->log_severity,
	});
}

static int run(struct config *c, const char *path)
{
	struct daemon d = {.config = c, .path = path};
	char err[ERR_MAX] = "";
	int e;

	log_start(c);
	policy_log_warnings(c);
	signal(SIGPIPE, SIG_IGN);
	hold_signals(SIG_BLOCK);
	raise_limit(RLIMIT_NOFILE); // a connection is a descriptor, and two of them are a trunk
	raise_limit(RLIMIT_MEMLOCK);
	e = priv_start();
	if (e < 0)
		snprintf(err, sizeof(err), "forbid core dumps: %s", strerror(-e));
	if (e == 0)
		e = lock_keys(c, err, sizeof(err));
	if (e == 0)
		e = daemon_up(&d, err, sizeof(err));
	if (e == 0) {
		log_ready(c);
		hold_signals(SIG_UNBLOCK);
		loop_run(d.base);
	} else {
		log_event(START_FAILED, log_text("error", err));
	}
	daemon_down(&d);
	if (e == 0)
		log_event(STOPPED);
	return e == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// ---- Command line -------------------------------------------------------------------------------

static void usage(FILE *f)
{
	fprintf(f,
		"usage: callgated [--check] FILE\n"
		"Runs the firewall that FILE (YAML) describes, in the foreground, until SIGTERM.\n"
		"SIGHUP reads FILE, certificates, keys, CAs and CRLs anew, as callgate config "
		"reload and\n"
		"callgate pki reload do.\n"
		"\n"
		"  --check    only judge FILE: print faults and warnings, each with its place\n"
		"  --help     this text\n"
		"  --version  the version\n"
		"\n"
		"Exit status: 0 ended in order, 1 could not run, 2 FILE or usage is at fault.\n");
}

static struct config *load(const char *path)
{
	struct config_errors errs;
	struct config *c;

	if (config_load(path, &c, &errs) == 0)
		return c;
	config_errors_print(stderr, path, &errs);
	fprintf(stderr, "%s: %zu faults\n", path, errs.n);
	config_errors_free(&errs);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"check", no_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	bool check = false;
	struct config *c;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			check = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("callgated " CALLGATE_VERSION);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_CONFIG;
		}
	}
	if (argc - optind != 1) {
		usage(stderr);
		return EXIT_CONFIG;
	}
	c = load(argv[optind]);
	if (c == NULL)
		return EXIT_CONFIG;
	if (!check)
		return run(c, argv[optind]);
	config_errors_print(stdout, argv[optind], &c->warnings);
	printf("%s: no faults, %zu warnings\n", argv[optind], c->warnings.n);
	config_free(c);
	return EXIT_SUCCESS;
}
