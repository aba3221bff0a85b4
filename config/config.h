// SPDX-License-Identifier: BSD-3-Clause
// The configuration of one daemon, as loaded from YAML and checked as a whole: whoever holds a
// struct config may rely on every reference being resolved and every value being in range.
// Names follow the manual; limits are those of protocol.md section 9.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/sip_map.h"
#include "lib/acl.h"
#include "lib/addr.h"
#include "lib/did.h"
#include "lib/nat.h"
#include "lib/rma.h"
#include "lib/sdes.h"

#define CONFIG_NAME_MAX     128 // trustpoint names; uc-ime names are at most 64
#define CONFIG_PATH_MAX     256
#define CONFIG_IFACES_MAX   16
#define CONFIG_CORES_MAX    16
#define CONFIG_PASSWORD_MAX 64
#define CONFIG_DOMAINS_MAX  1000 // of one list
#define CONFIG_DID_RULES    16

// What waits of datagrams in fragments (the manual's `fragment`).
struct config_fragment {
	uint16_t size, chain, timeout_s;
};

// The manual's inspect ip-options; the same values as dp_option_action of dp/dp.h.
enum config_option_action { OPTION_ALLOW, OPTION_CLEAR, OPTION_DROP };
struct config_ip_options {
	enum config_option_action eool, nop, router_alert;
};

// The same values as dp_bogons of dp/dp.h.
enum config_bogons { BOGONS_OFF, BOGONS_ON, BOGONS_STRICT };

struct config_iface {
	char name[CONFIG_NAME_MAX];
	char device[CONFIG_PATH_MAX];
	uint32_t line; // of the file, as in the next structs
	struct ip_addr ip;
	struct prefix subnet;
	uint8_t security_level;
	uint16_t mtu;
	uint16_t vlan; // 0: untagged
	struct config_fragment fragment;
	bool verify_reverse_path; // the manual's ip verify reverse-path
	enum config_bogons bogons;
	int acl_in, acl_out; // from access-groups: index in acls, or -1
};

struct config_route {
	uint32_t line;
	uint16_t iface;
	struct prefix dst;
	struct ip_addr gateway;
};

#define CONFIG_ACES_MAX 16384 // rules of all access lists together, objects resolved

// A line of an access list, as it was configured. A remark, and what is inactive, makes no rules.
struct config_entry {
	uint32_t line; // of the file
	uint32_t id;   // stable while its text stays
	char *text;    // the user's words, without access-list NAME
	bool remark, inactive;
	bool objects; // it names some
	uint8_t log;  // enum ace_log
	uint8_t log_level;
	uint16_t log_interval_s;
	size_t first, n; // its rules in `aces`
};

struct config_acl {
	char name[CONFIG_NAME_MAX];
	struct config_entry *entries;
	size_t n_entries;
	struct ace *aces; // what workers judge by, in order
	size_t n;
};

// A global address (the manual's media-termination address without an interface) is listed once
// for each interface, in their order.
struct config_media_addr {
	uint16_t iface;
	struct ip_addr ip;
	bool global;
};

struct config_mta {
	char name[CONFIG_NAME_MAX];
	struct config_media_addr *addrs;
	size_t n_addrs;
	uint16_t rtp_min_port, rtp_max_port;
	uint32_t port_guard_s; // a port rests so long after a call, 0..3600
};

struct config_ucm {
	struct ip_addr ip; // real address
	// Where it takes SIP: given, or the one that an access list of calls that come in names. 0:
	// not known.
	uint16_t port;
	bool secure;
};

// How it is known that a call manager lives: OPTIONS, and any answer.
struct config_ping {
	uint32_t interval_s; // 0: it is not asked
	uint32_t timeout_s;  // of an answer, and of a connection to a call manager
	uint32_t retries;    // misses in a row until it counts as down
};

// What is admitted; 0: no limit.
struct config_limits {
	uint32_t srtp_sessions;             // media streams that are converted
	uint32_t domain_calls;              // at once, with one remote domain
	uint32_t rate, burst;               // INVITEs a second from the Internet
	uint32_t domain_rate, domain_burst; // of one remote domain
	uint32_t retry_after_s;             // what a 503 tells
};

enum config_failure_action { FAILURE_DROP, FAILURE_REJECT };
enum config_did_source { DID_REQUEST_URI, DID_TO, DID_BOTH };
enum config_route_check { ROUTE_CHECK_IF_PRESENT, ROUTE_CHECK_REQUIRE };

// Who may call: names, and ".NAME" for all below one. With an empty allow anybody may who is not
// in deny.
enum caller_list { CALLERS_ALLOW, CALLERS_DENY, CALLER_LISTS };
struct config_domains {
	struct config_domain {
		char name[256];
	} * list;
	size_t n;
};

enum config_stir_verify { STIR_OFF, STIR_LOG, STIR_TAG, STIR_ENFORCE };

// STIR/SHAKEN (protocol.md section 13).
struct config_stir {
	enum config_stir_verify verify;
	char certificates[CONFIG_PATH_MAX]; // a folder; empty only where verify is STIR_OFF
	char anchors[CONFIG_PATH_MAX];      // whom a certificate must chain to; likewise
	uint32_t freshness_s;               // how far iat may be from now, 1..600
	bool strip_outbound;                // STIR-4: no Identity header leaves
};

// Mid-call fallback to the PSTN (protocol.md section 5).
enum config_refer_mode { REFER_AUTO, REFER_OUT_OF_DIALOG, REFER_IN_DIALOG };

// What a call manager says of it, and where (FB-1).
enum config_fb_item { FB_LEVEL, FB_SESSION, FB_TRUNK, FB_DID, FB_ITEMS };
struct config_fb_header {
	char header[64]; // empty: none beside X-UCIME-Fallback
	char param[32];  // empty: the whole value
};

struct config_fallback {
	uint32_t monitoring_ms; // 10..600
	uint32_t hold_down_s;   // 10..360
	uint8_t default_level;  // of calls whose call manager names none (FB-3), 0..5
	enum config_refer_mode refer_mode;
	uint32_t refer_retries;
	uint32_t rate, domain_rate;             // REFERs a second; 0: no limit
	uint32_t alarm_calls;                   // of one domain that are bad at once; 0: no alarm
	char sensitivity_file[CONFIG_PATH_MAX]; // may be empty
	struct rma_table table;                 // what it says
	struct config_fb_header map[FB_ITEMS];
};

// The off-path mapping service (protocol.md section 6): call managers ask it for a port of the
// listening interface's address that stands for a remote call manager.
struct config_mapping {
	bool on; // else nothing below counts
	uint16_t listening_iface, listening_port;
	uint16_t ime_iface; // remote call managers are behind it
	uint16_t first_port, last_port;
	uint16_t method;                   // of its messages
	uint32_t quota;                    // mappings of one call manager
	uint32_t idle_s;                   // a connection without a message is closed
	uint32_t lifetime_s;               // of a mapping that nothing uses
	char key_file[CONFIG_PATH_MAX];    // empty: messages are not signed
	char key[CONFIG_PASSWORD_MAX + 1]; // what it holds; wiped by config_free; never printed
};

struct config_ime {
	char name[CONFIG_NAME_MAX];
	size_t mta; // index in mtas
	struct config_ucm *ucms;
	size_t n_ucms;
	struct config_ping ping;
	struct config_limits limits;
	uint8_t epoch;                          // 1..255
	char password[CONFIG_PASSWORD_MAX + 1]; // wiped by config_free; never printed
	uint32_t ticket_grace_s;                // of a password that a command replaces
	// The one before, good until then (2.12); epoch 0: there is none. Wiped likewise.
	uint8_t previous_epoch;
	char previous_password[CONFIG_PASSWORD_MAX + 1];
	uint64_t previous_until_s; // since 1970 UTC
	char ticket_profile[16];   // "t1" or "t2"
	uint32_t ticket_skew_s;    // 0..600
	enum config_failure_action ticket_failure_action;
	struct config_domains callers[CALLER_LISTS];
	enum config_did_source did_source;
	struct did_rule did_rules[CONFIG_DID_RULES]; // did-normalise: the first that fits
	size_t n_did_rules;
	uint32_t outside_methods; // bit n: enum sip_method n may come without a dialog (SIP-1)
	enum config_route_check route_check;
	char domain[256];    // empty: the identity of the server trust-point's certificate
	int inside_identity; // shown to call managers of secure trunks: index in trustpoints, or -1
	struct config_fallback fallback;
	bool parity_strict;   // as the original: no RTCP, H.264, multipart (protocol.md 0)
	bool rtcp_relay;      // false: dropped (RTP-4); never true when parity_strict
	bool media_latch;     // RTP-1
	bool call_id_privacy; // 3.3: the Internet does not see inside addresses in Call-IDs
	// enum sdes_suite each, in order: what our offers list, and what may be chosen from an offer.
	uint8_t srtp_offer[SDES_SUITES], srtp_accept[SDES_SUITES];
	size_t n_srtp_offer, n_srtp_accept;
	struct config_stir stir;
	struct config_mapping mapping;
};

// Files in PEM. Without certificate and key it is only a trust anchor, without CA only an identity.
struct config_trustpoint {
	char name[CONFIG_NAME_MAX];
	char certificate[CONFIG_PATH_MAX]; // may be empty
	char key[CONFIG_PATH_MAX];         // may be empty; the file is at most 0600
	char ca[CONFIG_PATH_MAX]; // CAs that the other side's certificate must chain to; may be empty
	char crl[CONFIG_PATH_MAX]; // what these CAs have revoked; may be empty
	bool crl_must;             // revocation-check: crl, no peer without a CRL in date
	bool self_enrolled;        // enroll: self
};

enum tls_role { TLS_SERVER, TLS_CLIENT, TLS_ROLES };

// What a tls-proxy is in one role.
struct config_tls_side {
	int trustpoint;    // whose CAs judge the other side: index in trustpoints; -1: no such role
	int identity;      // whose certificate is shown: index in trustpoints, or -1
	char ciphers[256]; // OpenSSL list for TLS 1.2 and before, empty: default
	int min_version;   // 10, 12 or 13
	int max_version;   // 12 or 13
};

// One with both roles is for secure trunks: one role is toward the call managers.
struct config_tls_proxy {
	char name[CONFIG_NAME_MAX];
	struct config_tls_side side[TLS_ROLES];
	enum tls_role outside; // the role toward the Internet; client: calls go out
};

// class-map + policy-map + service-policy, resolved: in this order, first match wins.
struct config_inspect {
	char class_name[CONFIG_NAME_MAX];
	int acl;       // index in access_lists
	int tls_proxy; // index in tls_proxies
	int ime;       // index in imes
	int sip_map;   // index in sip_maps, or -1: config_sip_map_default
};

// set-connection of a class: flows at once to one host behind us, or anywhere, and from one; and TCP
// connections to one that begin in a second. 0: no limit.
struct config_conn_limits {
	char class_name[CONFIG_NAME_MAX];
	uint32_t id; // config/ids.h
	int acl;     // index in access_lists
	uint32_t conn_max, embryonic_max, client_max, client_embryonic_max, embryonic_rate;
	uint32_t line; // of the file, 0: class-default, and nothing is set
};

struct config_timeouts {
	uint32_t sip_s, sip_media_s, sip_invite_s, sip_disconnect_s,
		sip_provisional_media_s; // SIP-7
	uint32_t one_way_s; // a call is named one-way when one side has been silent for so long
	uint32_t conn_s, half_open_s, half_closed_s, udp_s, icmp_s; // plain sessions
	uint32_t
		pat_xlate_s; // a port of a dynamic translation rests so long after its last session
	uint32_t xlate_s;    // and an address that a host has to itself
};

// One fault, or one warning. Line and column count from 1.
struct config_error {
	unsigned int line, column;
	char text[256]; // "rtp-min-port: found 1000, expected a port from 1024 to 65535"
};

struct config_errors {
	struct config_error *list; // sorted by place
	size_t n;
};

struct node;

struct config {
	struct node *root; // the text that it was read from (config/node.h)
	char hostname[CONFIG_NAME_MAX];
	// data plane
	int control_core;
	int worker_cores[CONFIG_CORES_MAX];
	unsigned int n_workers;
	uint16_t rx_queues, descriptors;
	bool hugepages;
	unsigned int memory_mb;
	bool poll_adaptive;
	unsigned int sessions_max;
	unsigned int media_streams_max;     // 16..DP_STREAMS_MAX
	char srtp_engine[32];               // "auto" or an engine's name
	char state_folder[CONFIG_PATH_MAX]; // what outlives a restart
	// management
	char socket_path[CONFIG_PATH_MAX]; // UNIX socket of the client
	uint8_t log_severity; // what is less grave is not logged, 0 to 7 as syslog counts
	bool log_json;        // a JSON object a line, else text
	bool log_asa;         // "%ASA-" instead of "%UCIME-"
	// firewall
	struct config_iface ifaces[CONFIG_IFACES_MAX];
	size_t n_ifaces;
	struct config_route *routes;
	size_t n_routes;
	struct nat_rule *nat;
	size_t n_nat;
	struct config_acl *acls;
	size_t n_acls;
	int acl_global; // access-group global: index in acls, or -1
	struct config_ip_options ip_options;
	bool same_security; // same-security-traffic permit inter-interface
	// UC-IME
	struct config_mta *mtas;
	size_t n_mtas;
	struct config_ime *imes; // at most one
	size_t n_imes;
	struct config_trustpoint *trustpoints;
	size_t n_trustpoints;
	struct config_tls_proxy *tls_proxies;
	size_t n_tls_proxies;
	struct config_inspect *inspects;
	size_t n_inspects;
	struct str policy_map; // in service, a part of `root`; empty: there is no service-policy
	struct config_conn_limits *conn_limits; // first match wins
	size_t n_conn_limits;
	struct config_conn_limits conn_limits_default; // class-default: of every other flow
	struct config_regex *regexes;
	size_t n_regexes;
	struct config_regex_class *regex_classes;
	size_t n_regex_classes;
	struct config_sip_class *sip_classes;
	size_t n_sip_classes;
	struct config_sip_map *sip_maps;
	size_t n_sip_maps;
	bool legacy_ciphers;           // what TLS-4 refuses may be configured
	unsigned int tls_sessions_max; // tls-proxy maximum-sessions
	// Connections whose TLS handshake is not done, of all and of one source; and handshakes per
	// second, of sources that never completed one and of each source.
	uint32_t embryonic_max, client_embryonic_max, handshake_rate, client_handshake_rate;
	uint32_t sip_header_max, sip_body_max; // SIP-4
	struct config_timeouts timeouts;
	struct config_errors warnings; // what is no fault, and a person should know
};

// Loads and checks a file. 0 and *out, or -EINVAL and *errs with every fault found (at least
// one; a file that cannot be read is a fault too), or -ENOMEM and an empty *errs. Secrets are read
// from their files here; a secret file that group or others may read is a fault. Names of files
// are relative to the configuration's folder. Control thread only.
int config_load(const char *path, struct config **out, struct config_errors *errs);

// The same on text in memory; relative paths are taken from `dir`.
int config_load_text(
	struct str text, const char *dir, struct config **out, struct config_errors *errs);

// Loads and checks a file as config_load(), but touches no other file: what it names may be yet to be
// made. The ticket passwords stay empty.
int config_load_names(const char *path, struct config **out, struct config_errors *errs);

// Reads an .fbs file (FB-11). Returns -errno, with what is wrong in `err`; then *out is as it was.
// Control thread only.
int config_fbs_read(const char *path, struct rma_table *out, char *err, size_t err_size);

void config_free(struct config *c); // wipes secrets; accepts NULL
// The passwords and keys are wiped: whoever needs them has them.
void config_forget_passwords(struct config *c);
void config_errors_free(struct config_errors *e);

// Prints "FILE:LINE:COLUMN: text" for each.
void config_errors_print(FILE *f, const char *path, const struct config_errors *e);

// The interface that leads to an address, by the longest match among subnets and routes; -1: none.
int config_iface_toward(const struct config *c, const struct ip_addr *ip);

// A few lines on what a configuration does: interfaces, translations, access lists, UC-IME. Shows
// no secret.
void config_summary(FILE *f, const struct config *c);

// A rule as the manual writes it, without its interfaces: "source static 10.1.1.1 203.0.113.1".
#define CONFIG_NAT_TEXT_MAX (256 + NAT_GIVEN_TEXT_MAX)
const char *config_nat_text(const struct nat_rule *r, char buf[CONFIG_NAT_TEXT_MAX]);
