// SPDX-License-Identifier: BSD-3-Clause
// callgate stir inspect: what an Identity header says, and whether a certificate's key made it; for
// whoever has to tell why a call was refused with 437 or 438.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/pem.h>

#include "lib/passport.h"
#include "lib/tn_auth.h"
#include "tools/callgate/client.h"

enum { OPT_CERTIFICATE, OPT_JSON, STIR_OPTIONS };

static const struct option_row rows[STIR_OPTIONS] = {
	[OPT_CERTIFICATE] = {"certificate", "FILE",
		"the signer's, in PEM: verify the signature and its authority", 1},
	[OPT_JSON] = {"json", NULL, "print JSON", 1},
};

// The header from the command line or stdin, its name before it skipped.
static bool input_read(const char *arg, char *buf, size_t size, struct str *value)
{
	struct str name, rest;
	size_t n;

	if (arg != NULL && strcmp(arg, "-") != 0) {
		*value = str_from(arg);
	} else {
		n = fread(buf, 1, size, stdin);
		if (n == size)
			return false;
		*value = (struct str){buf, n};
	}
	rest = str_split(*value, ':', &name);
	if (str_caseeq(str_trim(name), STR_LIT("Identity")))
		*value = rest;
	*value = str_trim(*value);
	return true;
}

// Texts of others: only what a terminal shows as it is.
static void add_text(cJSON *j, const char *name, struct str s)
{
	char text[PASSPORT_JSON_MAX + 1];
	size_t n = s.n < sizeof(text) - 1 ? s.n : sizeof(text) - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
	text[n] = '\0';
	if (n > 0)
		cJSON_AddStringToObject(j, name, text);
}

static cJSON *passport_json(const struct passport *p, enum passport_fault fault)
{
	cJSON *j = cJSON_CreateObject(), *dest;
	char when[32], attest[2] = {p->attest, '\0'};
	time_t iat = (time_t)p->iat;
	struct tm tm;

	add_text(j, "info", p->info);
	add_text(j, "header", p->header);
	add_text(j, "payload", p->payload);
	add_text(j, "ppt", p->ppt);
	add_text(j, "orig", p->orig);
	if (p->n_dest > 0) {
		dest = cJSON_AddArrayToObject(j, "dest");
		for (size_t i = 0; i < p->n_dest; i++) {
			char tn[DID_DIGITS_MAX + 1];

			str_copy(p->dest[i], tn, sizeof(tn));
			cJSON_AddItemToArray(dest, cJSON_CreateString(tn));
		}
	}
	if (p->iat > 0 && gmtime_r(&iat, &tm) != NULL &&
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		cJSON_AddStringToObject(j, "iat", when);
	if (p->iat > 0)
		cJSON_AddNumberToObject(j, "age_s", difftime(time(NULL), iat));
	if (p->attest != '\0')
		cJSON_AddStringToObject(j, "attestation", attest);
	add_text(j, "origid", p->origid);
	if (p->media_keys)
		cJSON_AddTrueToObject(j, "media_keys");
	cJSON_AddBoolToObject(j, "well_formed", fault == PASSPORT_NONE);
	return j;
}

// PASSPORT_NONE, or what is wrong with the signature; its path to an anchor is the daemon's matter.
static enum passport_fault certificate_check(const struct passport *p, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	time_t at = (time_t)p->iat;

	if (key == NULL || !passport_key_ok(key))
		return PASSPORT_KEY;
	if (X509_cmp_time(X509_get0_notBefore(cert), &at) > 0 ||
		X509_cmp_time(X509_get0_notAfter(cert), &at) < 0)
		return PASSPORT_EXPIRED;
	if (!tn_auth_covers(tn_auth_of(cert), p->orig))
		return PASSPORT_AUTHORITY;
	return passport_signature_ok(p, key) ? PASSPORT_NONE : PASSPORT_SIGNATURE;
}

static X509 *certificate_read(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f != NULL)
		fclose(f);
	return cert;
}

static void print_text(const cJSON *j)
{
	const cJSON *m, *d;

	cJSON_ArrayForEach (m, j) {
		if (cJSON_IsBool(m))
			continue;
		printf("%-12s", m->string);
		cJSON_ArrayForEach (d, m)
			printf(" %s", d->valuestring);
		if (cJSON_IsString(m))
			printf(" %s", m->valuestring);
		else if (cJSON_IsNumber(m))
			printf(" %.0f", m->valuedouble);
		putchar('\n');
	}
}

static int inspect(struct str value, X509 *cert, bool as_json)
{
	static struct passport p;
	enum passport_fault fault = passport_parse(value, &p);
	cJSON *j = passport_json(&p, fault);

	if (fault == PASSPORT_NONE && cert != NULL && !p.compact)
		fault = certificate_check(&p, cert);
	cJSON_AddStringToObject(j, "result",
		fault == PASSPORT_NONE && p.compact
			? "compact form; what is signed is in the request"
			: fault != PASSPORT_NONE || cert != NULL
			? passport_fault_text(fault)
			: "well formed; --certificate verifies it");
	if (fault != PASSPORT_NONE)
		cJSON_AddNumberToObject(j, "status", passport_fault_status(fault));
	if (as_json) {
		json_print(j);
	} else {
		print_text(j);
		cJSON_Delete(j);
	}
	return fault == PASSPORT_NONE ? CLIENT_OK : CLIENT_FAILED;
}

static int stir_inspect_main(int argc, char **argv)
{
	static const char usage[] = "callgate stir inspect [OPTION]... [IDENTITY]     (default: "
				    "from stdin)";
	static char input[4 * PASSPORT_VALUE_MAX];
	const char *v[STIR_OPTIONS];
	X509 *cert = NULL;
	struct str value;
	bool help;
	int first, code;

	code = options_read(rows, STIR_OPTIONS, 1, usage, argc, argv, v, &first, &help);
	if (code != CLIENT_OK || help)
		return code;
	if (argc - first > 1)
		return usage_error("too many arguments: %s", argv[argc - 1]);
	if (!input_read(first < argc ? argv[first] : NULL, input, sizeof(input), &value))
		return usage_error("stdin: longer than any Identity header");
	if (v[OPT_CERTIFICATE] != NULL) {
		cert = certificate_read(v[OPT_CERTIFICATE]);
		if (cert == NULL)
			return usage_error("%s: no certificate in PEM", v[OPT_CERTIFICATE]);
	}
	code = inspect(value, cert, v[OPT_JSON] != NULL);
	X509_free(cert);
	return code;
}

int stir_main(int argc, char **argv)
{
	static const struct command commands[] = {
		{"inspect", "print what an Identity header says, and verify it", stir_inspect_main},
	};

	return commands_run(
		commands, sizeof(commands) / sizeof(commands[0]), "callgate stir", argc, argv);
}
