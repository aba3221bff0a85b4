// SPDX-License-Identifier: BSD-3-Clause
// What concerns the machine and the daemon as a whole: cores, logging, the socket of the client,
// limits and timeouts. Tables for config/schema.c, called from config/load.c.
#include "config/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CPU_MAX  1023 // what a CPU set of the C library holds

void read_control(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"core", .kind = FIELD_UINT, .required = true,
			FIELD_AT(struct config, control_core), .max = CPU_MAX, .expected = "a CPU"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

static void read_cores(struct loader *l, const struct node *n, void *obj)
{
	static const struct field core = {
		.kind = FIELD_UINT, .size = sizeof(int), .max = CPU_MAX, .expected = "a CPU"};
	struct config *c = obj;

	if (!want_list(l, n))
		return;
	if (n->n == 0 || n->n > CONFIG_CORES_MAX) {
		fault(l, n, "found %zu CPUs, expected 1 to %u", n->n, CONFIG_CORES_MAX);
		return;
	}
	for (const struct node *x = n->children; x != NULL; x = x->next)
		read_field(l, x, &core, &c->worker_cores[c->n_workers++]);
}

void read_workers(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"cores", .kind = FIELD_READ, .required = true, .read = read_cores},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// The address of a UNIX socket holds 107 octets and a NUL.
#define SOCKET_PATH_MAX 107

static void read_socket(struct loader *l, const struct node *n, void *obj)
{
	static const struct field path = {.kind = FIELD_TEXT,
		.offset = offsetof(struct config, socket_path),
		.size = SOCKET_PATH_MAX + 1};
	struct config *c = obj;

	read_field(l, n, &path, c);
	if (n->kind == NODE_SCALAR && n->text.n > 0 && n->text.p[0] != '/')
		fault_expected(l, n, "an absolute path");
}

void read_management(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"socket", .kind = FIELD_READ, .required = true, .read = read_socket},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

void read_logging(struct loader *l, const struct node *n, void *obj)
{
	static const char *const levels[] = {// the severities of syslog
		"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
		NULL};
	static const char *const formats[] = {"text", "json", NULL};
	static const struct field fields[] = {
		{"level", .kind = FIELD_ENUM, .required = true,
			FIELD_AT(struct config, log_severity), .names = levels},
		{"format", .kind = FIELD_ENUM, FIELD_AT(struct config, log_json), .names = formats},
		{"asa-compat", .kind = FIELD_BOOL, FIELD_AT(struct config, log_asa)},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// SIP-4
void read_sip(struct loader *l, const struct node *n, void *obj)
{
	static const struct field fields[] = {
		{"header-max", .kind = FIELD_UINT, FIELD_AT(struct config, sip_header_max),
			.min = 1024, .max = 1024 * 1024, .expected = "octets"},
		{"body-max", .kind = FIELD_UINT, FIELD_AT(struct config, sip_body_max), .min = 1024,
			.max = 16 * 1024 * 1024, .expected = "octets"},
	};

	read_map(l, n, fields, COUNT(fields), obj);
}

// SIP-7
void read_timeouts(struct loader *l, const struct node *n, void *obj)
{
#define TIMEOUT(name, other, member, of)                                                           \
	{name, other, .kind = FIELD_TIME, FIELD_AT(struct config_timeouts, member), .min = 1,      \
		.max = 1193 * 3600},
	static const struct field fields[] = {
#include "config/timeouts.def"
	};
#undef TIMEOUT
	struct config *c = obj;

	read_map(l, n, fields, COUNT(fields), &c->timeouts);
}
