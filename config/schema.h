// SPDX-License-Identifier: BSD-3-Clause
// Tables that say which keys a mapping knows and where their values go, and the one reader that
// follows them. Inside config/ only.
#pragma once

#include "config/errors.h"
#include "config/node.h"
#include "config/objects.h"

// What the readers share. Arrays run parallel to the children of their section's node, faulty
// entries included, so that an index found in one is good in the other.
struct loader {
	struct config *c;
	struct config_errors *errs;
	const struct node *root;
	const char *dir; // relative file names start here
	bool read_files; // else no file that the text names is touched
	bool no_memory;
	struct object_network *networks; // objects.network
	struct object_service *services; // objects.service
	const struct node *
		*nat_nodes; // where each of config.nat stands, until they are put in order
	struct object_groups groups;
	size_t n_aces;              // of all access lists so far
	int *class_acls;            // class-maps: index in acls, or -1
	struct config_tls_side ssl; // ssl encryption; max_version 0: none
};

enum field_kind {
	FIELD_TEXT,    // into a char array of `size`, `min` characters at least
	FIELD_NAME,    // the same, of letters, digits and - _ .
	FIELD_PATH,    // a file name, made absolute by loader.dir
	FIELD_NOTE,    // a text that is read and not kept
	FIELD_UINT,    // decimal, from min to max, into `size` octets
	FIELD_BOOL,    // on or off
	FIELD_ENUM,    // index in `names`, into `size` octets
	FIELD_TIME,    // H:MM:SS, from min to max seconds, into uint32_t
	FIELD_HOST,    // an IPv4 address of a host
	FIELD_READ,    // by `read`
	FIELD_REFUSED, // known, and not supported yet: `expected` says what to do
};

struct field {
	const char *key, *alias;
	enum field_kind kind;
	bool required;
	size_t offset, size;
	uint64_t min, max;
	const char *const *names; // ends with NULL
	const char *expected;     // when the kind's own words do not do
	void (*read)(struct loader *l, const struct node *n, void *obj);
};

#define FIELD_AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

// Tells a fault at a node's value, as "KEY: ...".
void fault(struct loader *l, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

// Tells what is no fault, and a person should know.
void warn(struct loader *l, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

// The usual fault: "KEY: found VALUE, expected ...".
void fault_expected(struct loader *l, const struct node *n, const char *expected);

// Reads a mapping by its table, in the table's order; unknown and missing keys are faults. Only
// for fields that are there is anything written: defaults stand before.
void read_map(struct loader *l, const struct node *n, const struct field *fields, size_t count,
	void *obj);

// One value by one field.
void read_field(struct loader *l, const struct node *n, const struct field *f, void *obj);

// Whether the node is of that kind; if not, that is told (unless a fault has been told).
bool want_map(struct loader *l, const struct node *n);
bool want_list(struct loader *l, const struct node *n);
bool want_scalar(struct loader *l, const struct node *n, const char *expected);

// A zeroed array for the children of a mapping or list; false (and *count 0) when there are none
// or memory ran out.
bool read_array(struct loader *l, const struct node *n, size_t size, void **array, size_t *count);

// The index of the entry of `section` that the scalar names, or -1 with the fault told.
int read_ref(struct loader *l, const struct node *n, const struct node *section, const char *what);

// The same in an array of structs that begin with their name.
int read_named(struct loader *l, const struct node *n, const void *array, size_t size, size_t count,
	const char *what);

// The index of an interface, or -1 with the fault told.
int read_iface(struct loader *l, const struct node *n);

// The name of an entry, which is its key: letters, digits, - _ . and at most size - 1 of them.
void read_entry_name(struct loader *l, const struct node *n, char *buf, size_t size);

// Only IPv4, and no multicast, loopback, broadcast or 0.x address; false with the fault told.
bool read_host(struct loader *l, const struct node *n, struct ip_addr *out);

// Sections, in the order in which they need one another. `obj` is the struct config.
void read_control(struct loader *l, const struct node *n, void *obj);
void read_workers(struct loader *l, const struct node *n, void *obj);
void read_management(struct loader *l, const struct node *n, void *obj);
void read_logging(struct loader *l, const struct node *n, void *obj);
void read_sip(struct loader *l, const struct node *n, void *obj);
void read_timeouts(struct loader *l, const struct node *n, void *obj);
void read_interfaces(struct loader *l, const struct node *n, void *obj);
void read_routes(struct loader *l, const struct node *n, void *obj);
void read_access_lists(struct loader *l, const struct node *n, void *obj);
void read_access_groups(struct loader *l, const struct node *n, void *obj);
void read_ip_options(struct loader *l, const struct node *n, void *obj);
void read_same_security(struct loader *l, const struct node *n, void *obj);
void read_objects(struct loader *l, const struct node *n, void *obj);
void read_object_groups(struct loader *l, const struct node *n, void *obj);
// nat in the objects, when every object and group is known.
void read_object_nats(struct loader *l);
void read_nat(struct loader *l, const struct node *n, void *obj);
void read_media_termination(struct loader *l, const struct node *n, void *obj);
void read_trustpoints(struct loader *l, const struct node *n, void *obj);
void read_tls_proxies(struct loader *l, const struct node *n, void *obj);
void read_tls_proxy_limits(struct loader *l, const struct node *n, void *obj);
void read_crypto(struct loader *l, const struct node *n, void *obj);
void read_ssl(struct loader *l, const struct node *n, void *obj);
void read_uc_ime(struct loader *l, const struct node *n, void *obj);
// Of a uc-ime, whose struct config_ime is `obj`.
void read_ticket(struct loader *l, const struct node *n, void *obj);
void read_caller_domains(struct loader *l, const struct node *n, void *obj);
void read_did_normalise(struct loader *l, const struct node *n, void *obj);
void read_outside_methods(struct loader *l, const struct node *n, void *obj);
void read_fallback(struct loader *l, const struct node *n, void *obj);
void read_stir(struct loader *l, const struct node *n, void *obj); // `obj` is its uc-ime
void read_regex(struct loader *l, const struct node *n, void *obj);
void read_class_maps(struct loader *l, const struct node *n, void *obj);
void read_policy_maps(struct loader *l, const struct node *n, void *obj);
void read_service_policy(struct loader *l, const struct node *n, void *obj);

// Parts of a tls-proxy: cipher-suite (`obj` is the struct config_tls_side) and tls-min-version (the
// struct config_tls_proxy); config/suites.c.
void read_cipher_suite(struct loader *l, const struct node *n, void *obj);
void read_tls_min_version(struct loader *l, const struct node *n, void *obj);

// Parts of a uc-ime (config/ucm.c); `obj` is the struct config_ime.
void read_options_ping(struct loader *l, const struct node *n, void *obj);
void read_limits(struct loader *l, const struct node *n, void *obj);

// The mapping-service of a uc-ime (config/mapping.c); `obj` is the struct config_ime.
void read_mapping_service(struct loader *l, const struct node *n, void *obj);

struct config_fallback fallback_default(void); // config/fallback.c

// The ports of call managers that none was given for.
void settle_ucm_ports(struct config *c);

// The entries of class-maps and policy-maps that have a type.
void read_regex_class(struct loader *l, const struct node *n, struct config_regex_class *x);
void read_sip_class(struct loader *l, const struct node *n, struct config_sip_class *x);
void read_sip_map(struct loader *l, const struct node *n, struct config_sip_map *map);

// One match of theirs, "not called-party: regex NAME"; `also` is what else might stand there.
void read_sip_match(
	struct loader *l, const struct node *n, const char *also, struct config_sip_match *m);
// The next of the words of a value; empty at the end.
struct str word_next(struct str *rest);

// Parts of a class of a policy map (config/conn_limits.c); what is not given stays CONFIG_LIMIT_UNSET
// until it is taken from `from`.
#define CONFIG_LIMIT_UNSET UINT32_MAX
void read_set_connection(struct loader *l, const struct node *n, void *obj);
void conn_limits_inherit(struct config_conn_limits *x, const struct config_conn_limits *from);

void access_lists_free(struct config *c);

void sip_maps_free(struct config *c); // with regular expressions and classes

// Reads the ticket password (protocol.md 2.12, E1) into a buffer of CONFIG_PASSWORD_MAX + 1.
// `n` is the node of the file's name, `path` the file.
void secret_password(struct loader *l, const struct node *n, const char *path, char *out);

// Opens and judges the files of a trustpoint (TLS-5): they parse, certificate and key belong
// together, and nobody else may read the key. `n` is the trustpoint's node.
struct config_trustpoint;
void secret_trustpoint(struct loader *l, const struct node *n, const struct config_trustpoint *t);

// Judges a file of authorities' certificates: each block of it parses.
void secret_ca(struct loader *l, const struct node *n, const char *path);

// config_load_text with a choice: without read_files no other file is touched, and the password
// stays empty. For the fuzzer.
int config_parse(struct str text, const char *dir, bool read_files, struct config **out,
	struct config_errors *errs);
