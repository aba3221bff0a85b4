// SPDX-License-Identifier: BSD-3-Clause
// callgate map: a client of the mapping service (protocol.md 6). For a person who wants to look, and the
// reference of whoever teaches a call manager to ask.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/domain.h"
#include "tools/callgate/client.h"
#include "tools/callgate/map.h"

#define SERVICE_PORT  8060
#define REMOTE_PORT   5061 // SIP over TLS
#define TCP           6
#define CONNECT_S     5
#define TRANSACTION_S 39.5 // Ti, RFC 8489 6.2.2
#define TIMER_MAX_S   600
#define METHOD_MAX    0xfff

enum {
	OPT_SERVER,
	OPT_DOMAIN,
	OPT_KEY_FILE,
	OPT_LIFETIME,
	OPT_RELEASE,
	OPT_CONNECT_TIMEOUT,
	OPT_TIMEOUT,
	OPT_METHOD,
	OPT_JSON,
	MAP_OPTIONS,
};

static const struct option_row rows[MAP_OPTIONS] = {
	[OPT_SERVER] = {"server", "ADDRESS[:PORT]", "the mapping-service, inside; port 8060", 1},
	[OPT_DOMAIN] = {"domain", "NAME", "of the learned route: what REMOTE must prove to be", 1},
	[OPT_KEY_FILE] = {"key-file", "FILE",
		"with the service's key; - is stdin. A file, because every user of this host can\n"
		"                           read what stands on a command line",
		1},
	[OPT_LIFETIME] = {"lifetime", "SECONDS", "that are asked for; the service may cut them", 1},
	[OPT_RELEASE] = {"release", NULL, "the mapping is not needed any more", 1},
	[OPT_CONNECT_TIMEOUT] = {"connect-timeout", "SECONDS", "for the connection (5)", 1},
	[OPT_TIMEOUT] = {"timeout", "SECONDS", "for the answer (39.5)", 1},
	[OPT_METHOD] = {"method", "NUMBER", "of STUN, as the service has it (0x0f0)", 1},
	[OPT_JSON] = {"json", NULL, "print JSON, errors of the service too", 1},
};

struct map_args {
	struct endpoint remote;
	struct endpoint service;
	uint32_t lifetime_s;
	uint16_t method;
	double connect_s;
	double timeout_s;
	char key[SECRET_MAX + 1];
	size_t key_n;
};

// ---- Command line -------------------------------------------------------------------------------

// "192.0.2.1", "192.0.2.1:5061", "[2001:db8::1]:5061".
static bool endpoint_read(const char *text, uint16_t port, struct endpoint *out)
{
	struct str s = str_from(text);
	const char *colon = strrchr(text, ':');
	uint64_t n = port;

	out->port = port;
	if (ip_parse(s, &out->ip))
		return true;
	if (s.n > 0 && s.p[s.n - 1] != ']') {
		if (colon == NULL || !str_to_u64(str_from(colon + 1), UINT16_MAX, &n) || n == 0)
			return false;
		s.n = (size_t)(colon - text);
	}
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){s.p + 1, s.n - 2};
	out->port = (uint16_t)n;
	return ip_parse(s, &out->ip);
}

static int seconds_read(const char *option, const char *text, double *out)
{
	char *end;

	if (text == NULL)
		return CLIENT_OK;
	*out = strtod(text, &end);
	if (*end != '\0' || end == text || !(*out >= 0.01 && *out <= TIMER_MAX_S))
		return usage_error("--%s: found \"%s\", expected 0.01 to %d seconds", option, text,
			TIMER_MAX_S);
	return CLIENT_OK;
}

static int lifetime_read(const char *const *v, struct map_args *a)
{
	uint64_t n;

	if (v[OPT_LIFETIME] == NULL)
		return CLIENT_OK;
	if (v[OPT_RELEASE] != NULL)
		return usage_error("found --lifetime beside --release, expected one of them");
	if (!str_to_u64(str_from(v[OPT_LIFETIME]), UINT32_MAX, &n) || n == 0)
		return usage_error("--lifetime: found \"%s\", expected 1 to %" PRIu32 " seconds",
			v[OPT_LIFETIME], UINT32_MAX);
	a->lifetime_s = (uint32_t)n;
	return CLIENT_OK;
}

// As it stands in a registry, and in the configuration: 0x0f0.
static int method_read(const char *text, uint16_t *out)
{
	char *end;
	unsigned long n;

	if (text == NULL)
		return CLIENT_OK;
	n = strtoul(text, &end, 16);
	if (strncmp(text, "0x", 2) != 0 || *end != '\0' || n < 1 || n > METHOD_MAX)
		return usage_error("--method: found \"%s\", expected 0x001 to 0xfff", text);
	*out = (uint16_t)n;
	return CLIENT_OK;
}

static int args_read(const char *const *v, const char *remote, struct map_args *a)
{
	int code = CLIENT_OK;

	*a = (struct map_args){.connect_s = CONNECT_S, .timeout_s = TRANSACTION_S};
	if (!endpoint_read(remote, REMOTE_PORT, &a->remote))
		return usage_error("found \"%s\", expected ADDRESS[:PORT] of the remote call "
				   "manager, as the learned route has it",
			remote);
	if (v[OPT_SERVER] == NULL || !endpoint_read(v[OPT_SERVER], SERVICE_PORT, &a->service))
		return usage_error("--server: found \"%s\", expected ADDRESS[:PORT]",
			v[OPT_SERVER] != NULL ? v[OPT_SERVER] : "");
	if (v[OPT_DOMAIN] != NULL && !domain_valid(str_from(v[OPT_DOMAIN])))
		return usage_error("--domain: found \"%s\", expected a domain name", v[OPT_DOMAIN]);
	code = seconds_read("connect-timeout", v[OPT_CONNECT_TIMEOUT], &a->connect_s);
	if (code == CLIENT_OK)
		code = seconds_read("timeout", v[OPT_TIMEOUT], &a->timeout_s);
	if (code == CLIENT_OK)
		code = lifetime_read(v, a);
	if (code == CLIENT_OK)
		code = method_read(v[OPT_METHOD], &a->method);
	if (code == CLIENT_OK && v[OPT_KEY_FILE] != NULL)
		code = secret_read(v[OPT_KEY_FILE], "a key", a->key, &a->key_n);
	return code;
}

// ---- What an answer means -----------------------------------------------------------------------

// In plain words: what it means, and what to do.
static const char *error_text(enum mapping_error e, bool signs)
{
	switch (e) {
	case MAPPING_OK:
		break;
	case MAPPING_BAD_REQUEST:
		return "no call manager of another enterprise can have this address: it is one of "
		       "callgate's or of the call managers, loopback or multicast, or no route "
		       "through uc-ime-interface leads there. Compare it with the learned route";
	case MAPPING_UNAUTHORIZED:
		return signs ? "the service has another key. Compare the file with `key` of its "
			       "mapping-service"
			     : "the service wants requests signed with its key. Name a file with "
			       "it: --key-file";
	case MAPPING_FORBIDDEN:
		return "this host is no call manager of ucm-addresses, or an access list denies "
		       "the remote address. `callgate packet-tracer` tells which entry";
	case MAPPING_UNKNOWN_ATTRIBUTE:
		return "the service does not understand a part of the request. Update callgate "
		       "there, or use the client of its version";
	case MAPPING_FAMILY:
		return "the service does not map addresses of this family. Give the remote call "
		       "manager's IPv4 address";
	case MAPPING_TRANSPORT:
		return "the service maps TCP alone. Update callgate there";
	case MAPPING_QUOTA:
		return "this call manager has as many mappings, or requests without an answer, as "
		       "it may. Release some (--release), or raise `quota` of the mapping-service";
	case MAPPING_INTERNAL:
		return "the service failed. `callgate show logging` and its log tell more";
	case MAPPING_NO_PORT:
		return "all ports for mappings are taken. Widen `port-range` of the "
		       "mapping-service, or shorten `lifetime`";
	}
	return "an error that this client does not know. Update it";
}

static void error_print(const struct map_args *a, const struct mapping_msg *m, bool as_json)
{
	const char *text = error_text(m->code, a->key_n > 0);
	char remote[ENDPOINT_TEXT_MAX];
	cJSON *j, *list;

	endpoint_format(&a->remote, ':', remote);
	if (!as_json) {
		fprintf(stderr, "callgate: %s: %d %s: %s\n", remote, m->code,
			mapping_error_phrase(m->code), text);
		return;
	}
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "remote", remote);
	cJSON_AddNumberToObject(j, "error", m->code);
	cJSON_AddStringToObject(j, "reason", mapping_error_phrase(m->code));
	cJSON_AddStringToObject(j, "help", text);
	if (m->n_unknown > 0) {
		list = cJSON_AddArrayToObject(j, "unknown_attributes");
		for (size_t i = 0; i < m->n_unknown; i++)
			cJSON_AddItemToArray(list, cJSON_CreateNumber(m->unknown[i]));
	}
	json_print(j);
}

static void mapping_print(const struct map_args *a, const struct mapping_msg *m, bool as_json)
{
	const bool released = m->has_lifetime && m->lifetime_s == 0;
	const bool mapped = !released && !ip_is_none(&m->mapped.ip);
	char remote[ENDPOINT_TEXT_MAX], inside[ENDPOINT_TEXT_MAX];
	cJSON *j;

	endpoint_format(&a->remote, ':', remote);
	if (mapped)
		endpoint_format(&m->mapped, ':', inside);
	if (as_json) {
		j = cJSON_CreateObject();
		cJSON_AddStringToObject(j, "remote", remote);
		if (mapped)
			cJSON_AddStringToObject(j, "mapped", inside);
		if (m->has_lifetime)
			cJSON_AddNumberToObject(j, "lifetime_s", m->lifetime_s);
		cJSON_AddBoolToObject(j, "signed", m->has_integrity);
		json_print(j);
	} else if (mapped) {
		printf("%s stands for %s", inside, remote);
		if (m->has_lifetime)
			printf(", for %" PRIu32 " s", m->lifetime_s);
		putchar('\n');
	} else {
		printf("no mapping of %s is kept\n", remote);
	}
}

static int map(const char *const *v, const struct map_args *a)
{
	struct mapping_msg request = {
		.class = MAPPING_REQUEST,
		.method = a->method,
		.remote = a->remote,
		.transport = TCP,
		.domain = str_from(v[OPT_DOMAIN]),
		.has_lifetime = v[OPT_LIFETIME] != NULL || v[OPT_RELEASE] != NULL,
		.lifetime_s = a->lifetime_s,
	};
	const struct str key = {a->key, a->key_n};
	const bool as_json = v[OPT_JSON] != NULL;
	struct mapping_msg answer;
	struct map_link link;
	int err;

	// Nobody may answer in the service's place who does not see the request.
	err = getrandom(request.transaction, sizeof(request.transaction), 0) ==
			sizeof(request.transaction)
		? 0
		: -1;
	if (map_connect(&link, v[OPT_SERVER], &a->service, a->connect_s) < 0)
		return CLIENT_FAILED;
	err = map_ask(&link, &request, key, a->timeout_s, &answer);
	close(link.fd);
	if (err < 0)
		return CLIENT_FAILED;
	if (answer.class == MAPPING_ERROR)
		error_print(a, &answer, as_json);
	else
		mapping_print(a, &answer, as_json);
	return answer.class == MAPPING_SUCCESS ? CLIENT_OK : CLIENT_FAILED;
}

int map_main(int argc, char **argv)
{
	static const char usage[] =
		"callgate map REMOTE[:PORT] --server ADDRESS[:PORT] [OPTION]...\n\n"
		"Asks a mapping-service, as a call manager does, for the inside address and port "
		"that stand\nfor REMOTE, the call manager of another enterprise (port 5061). The "
		"service answers the hosts\nof ucm-addresses alone.";
	const char *v[MAP_OPTIONS];
	struct map_args a;
	bool help;
	int first, code;

	code = options_read(rows, MAP_OPTIONS, 1, usage, argc, argv, v, &first, &help);
	if (code != CLIENT_OK || help)
		return code;
	if (argc - first != 1)
		return usage_error("usage: %s", usage);
	code = args_read(v, argv[first], &a);
	if (code == CLIENT_OK)
		code = map(v, &a);
	OPENSSL_cleanse(a.key, sizeof(a.key));
	return code;
}
