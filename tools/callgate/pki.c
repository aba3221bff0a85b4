// SPDX-License-Identifier: BSD-3-Clause
// callgate pki: the options of its commands and the trust-point that they are about (protocol.md 9.1,
// the manual's `crypto key generate` and `crypto ca ...`).
#include "tools/callgate/pki.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CONFIG_DEFAULT "/etc/callgate/callgate.yaml"

#define MAKES (PKI_SELF_SIGN | PKI_REQUEST)
#define KEYS                                                                                       \
	(PKI_GENERATE | PKI_SELF_SIGN | PKI_REQUEST | PKI_IMPORT | PKI_EXPORT | PKI_SHOW |         \
		PKI_VERIFY)
#define CERTS (PKI_SELF_SIGN | PKI_IMPORT | PKI_EXPORT | PKI_SHOW | PKI_VERIFY)
#define CAS   (PKI_IMPORT | PKI_AUTHENTICATE | PKI_EXPORT | PKI_SHOW | PKI_VERIFY)
#define ALL   255

static const struct option_row rows[PKI_OPTIONS] = {
	[PKI_OPT_CONFIG] = {"config", "FILE",
		"where the trust-point is; default: $CALLGATE_CONFIG, " CONFIG_DEFAULT, ALL},
	[PKI_OPT_CERTIFICATE] = {"certificate", "FILE", "instead of the trust-point's", CERTS},
	[PKI_OPT_KEY] = {"key", "FILE", "instead of the trust-point's", KEYS},
	[PKI_OPT_CA] = {"ca", "FILE", "instead of the trust-point's", CAS},
	[PKI_OPT_CRL] = {"crl", "FILE", "instead of the trust-point's", PKI_SHOW | PKI_VERIFY},
	[PKI_OPT_IN] = {"in", "FILE", "what to import, PEM or DER; default: standard input",
		PKI_IMPORT | PKI_AUTHENTICATE},
	[PKI_OPT_MODULUS] = {"modulus", "BITS", "RSA, 2048 (default) to 8192", PKI_GENERATE},
	[PKI_OPT_CURVE] = {"curve", "NAME", "ECDSA instead of RSA: P-256 or P-384", PKI_GENERATE},
	[PKI_OPT_DOMAIN] = {"domain", "DOMAIN[,...]",
		"what peers take us for; default: of the uc-ime", MAKES},
	[PKI_OPT_SUBJECT] = {"subject", "NAME",
		"such as 'cn=a.example,o=Example Corp'; "
		"default: cn=DOMAIN",
		MAKES},
	[PKI_OPT_DAYS] = {"days", "N", "how long it is good; default: 3650", PKI_SELF_SIGN},
	[PKI_OPT_NEW_KEY] = {"new-key", "FILE",
		"the certificate is of this key, which replaces the old one", PKI_IMPORT},
	[PKI_OPT_ANCHOR] = {"anchor", "FILE",
		"CA that it must chain to; default: those of the trust-point", PKI_IMPORT},
	[PKI_OPT_FINGERPRINT] = {"fingerprint", "HEX",
		"accept only the certificate with this SHA-256 or SHA-1", PKI_AUTHENTICATE},
	[PKI_OPT_YES] = {"yes", NULL, "accept without a question", PKI_AUTHENTICATE},
	[PKI_OPT_REPLACE] = {"replace", NULL, "trust nobody else any more", PKI_AUTHENTICATE},
	[PKI_OPT_CHAIN] = {"chain", NULL, "with the intermediate certificates", PKI_EXPORT},
	[PKI_OPT_ANCHORS] = {"anchors", NULL, "the CAs instead", PKI_EXPORT},
	[PKI_OPT_PRIVATE_KEY] = {"private-key", NULL, "the private key too, in clear", PKI_EXPORT},
	[PKI_OPT_PKCS12] = {"pkcs12", "FILE",
		"certificate, chain and private key into FILE, under a passphrase", PKI_EXPORT},
	[PKI_OPT_PASSPHRASE_FILE] = {"passphrase-file", "FILE", "its first line, for --pkcs12",
		PKI_EXPORT},
	[PKI_OPT_PEER] = {"peer", "FILE", "a peer's certificate and chain: would it be let in?",
		PKI_VERIFY},
	[PKI_OPT_FORCE] = {"force", NULL, "replace a file that is there",
		PKI_GENERATE | PKI_SELF_SIGN | PKI_EXPORT},
	[PKI_OPT_JSON] = {"json", NULL, "print JSON", ALL},
};

static const struct {
	enum pki_command command;
	const char *usage;
} usages[] = {
	{PKI_GENERATE, "callgate pki generate [TRUSTPOINT] [OPTION]..."},
	{PKI_SELF_SIGN, "callgate pki self-sign [TRUSTPOINT] [OPTION]..."},
	{PKI_REQUEST, "callgate pki request [TRUSTPOINT] [OPTION]...     (to standard output)"},
	{PKI_IMPORT, "callgate pki import [TRUSTPOINT] [OPTION]...     (from standard input)"},
	{PKI_AUTHENTICATE,
		"callgate pki authenticate [TRUSTPOINT] [OPTION]...     (from standard input)"},
	{PKI_EXPORT, "callgate pki export [TRUSTPOINT] [OPTION]...     (to standard output)"},
	{PKI_SHOW, "callgate pki show [TRUSTPOINT] [OPTION]...     (default: all)"},
	{PKI_VERIFY, "callgate pki verify [TRUSTPOINT] [OPTION]...     (default: all)"},
};

static const char *usage_of(enum pki_command command)
{
	size_t i = 0;

	while (usages[i].command != command)
		i++;
	return usages[i].usage;
}

int pki_failed(const char *fmt, ...)
{
	va_list ap;

	fputs("callgate: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLIENT_FAILED;
}

static int config_read(struct pki_args *a)
{
	const char *env = getenv("CALLGATE_CONFIG");
	const char *path = a->v[PKI_OPT_CONFIG] != NULL ? a->v[PKI_OPT_CONFIG]
		: env != NULL                           ? env
							: CONFIG_DEFAULT;
	struct config_errors errs;

	if (config_load_names(path, &a->config, &errs) == 0)
		return CLIENT_OK;
	config_errors_print(stderr, path, &errs);
	config_errors_free(&errs);
	return pki_failed("%s: which files a trust-point has stands in a configuration (--config "
			  "FILE, $CALLGATE_CONFIG), or name them: --certificate, --key, --ca",
		path);
}

static int find(struct pki_args *a, const char *name)
{
	const struct config *c = a->config;

	for (size_t i = 0; i < c->n_trustpoints; i++) {
		if (strcmp(c->trustpoints[i].name, name) != 0)
			continue;
		a->index = (int)i;
		a->tp = c->trustpoints[i];
		return CLIENT_OK;
	}
	fprintf(stderr, "callgate: there is no trust-point %s, but:", name);
	for (size_t i = 0; i < c->n_trustpoints; i++)
		fprintf(stderr, " %s", c->trustpoints[i].name);
	fputc('\n', stderr);
	return CLIENT_FAILED;
}

static int file_option(const struct pki_args *a, enum pki_option option, char *path)
{
	if (a->v[option] == NULL || str_copy(str_from(a->v[option]), path, CONFIG_PATH_MAX))
		return CLIENT_OK;
	return usage_error("--%s: longer than a file's name can be", rows[option].name);
}

static int args_read(
	struct pki_args *a, enum pki_command command, int argc, char **argv, bool *help)
{
	bool all = (command & (PKI_SHOW | PKI_VERIFY)) != 0, files;
	int code, first;

	*a = (struct pki_args){.index = -1};
	code = options_read(
		rows, PKI_OPTIONS, command, usage_of(command), argc, argv, a->v, &first, help);
	if (code != CLIENT_OK || *help)
		return code;
	files = a->v[PKI_OPT_CERTIFICATE] != NULL || a->v[PKI_OPT_KEY] != NULL ||
		a->v[PKI_OPT_CA] != NULL;
	if (argc - first > 1)
		return usage_error("too many arguments: %s", argv[argc - 1]);
	if (argc == first && !all && !files)
		return usage_error(
			"TRUSTPOINT is needed, or its files\nusage: %s", usage_of(command));
	if (argc > first || !files)
		code = config_read(a);
	if (code == CLIENT_OK && argc > first)
		code = find(a, argv[first]);
	if (code == CLIENT_OK)
		code = file_option(a, PKI_OPT_CERTIFICATE, a->tp.certificate);
	if (code == CLIENT_OK)
		code = file_option(a, PKI_OPT_KEY, a->tp.key);
	if (code == CLIENT_OK)
		code = file_option(a, PKI_OPT_CA, a->tp.ca);
	if (code == CLIENT_OK)
		code = file_option(a, PKI_OPT_CRL, a->tp.crl);
	return code;
}

int pki_run(enum pki_command command, pki_command_fn *fn, int argc, char **argv)
{
	struct pki_args a;
	bool help;
	int code = args_read(&a, command, argc, argv, &help);

	if (code == CLIENT_OK && !help)
		code = fn(&a);
	config_free(a.config);
	return code;
}

int pki_domains(const struct pki_args *a, struct domain_ids *out)
{
	const char *text = a->v[PKI_OPT_DOMAIN];
	struct str rest, one;

	out->n = 0;
	if (text == NULL && a->config != NULL && a->config->n_imes > 0)
		text = a->config->imes[0].domain;
	if (text == NULL || text[0] == '\0')
		return usage_error("--domain DOMAIN is needed: what peers take us for");
	for (rest = str_from(text); rest.n > 0;) {
		rest = str_split(rest, ',', &one);
		if (!domain_valid(one) || one.n > DOMAIN_NAME_MAX)
			return usage_error(
				"--domain: found \"%.*s\", expected a DNS name", STR_FMT(one));
		if (out->n == DOMAIN_IDS_MAX)
			return usage_error("--domain: found more than %d", DOMAIN_IDS_MAX);
		out->id[out->n].n = (uint8_t)one.n;
		memcpy(out->id[out->n++].name, one.p, one.n);
	}
	return CLIENT_OK;
}

static void tell(void *arg, enum trustpoint_file file, const char *why)
{
	const struct config_trustpoint *tp = arg;

	fprintf(stderr, "callgate: %s%s%s: %s\n", tp->name, tp->name[0] != '\0' ? ": " : "",
		trustpoint_file_name(file), why);
}

bool pki_load(const struct config_trustpoint *files, struct trustpoint *out)
{
	struct config_trustpoint named = *files;

	return trustpoint_load(out, files, tell, &named) == 0;
}

EVP_PKEY *pki_key(const char *path)
{
	struct config_trustpoint files = {0};
	struct trustpoint t;
	EVP_PKEY *key = NULL;

	if (path[0] == '\0') {
		pki_failed("the trust-point has no key, it is an anchor alone; name one: --key");
		return NULL;
	}
	str_copy(str_from(path), files.key, sizeof(files.key));
	if (pki_load(&files, &t)) {
		key = t.key;
		t.key = NULL;
	}
	trustpoint_free(&t);
	return key;
}

static int reload_main(int argc, char **argv)
{
	static char command[] = "pki reload";

	argv[0] = command;
	return show_main(argc, argv);
}

int pki_main(int argc, char **argv)
{
	static const struct command commands[] = {
		{"generate", "make a private key", pki_generate_main},
		{"self-sign", "make a certificate of our own for it", pki_self_sign_main},
		{"request", "print a request for a CA to sign", pki_request_main},
		{"import", "take the certificate that the CA has signed", pki_import_main},
		{"authenticate", "trust a CA, or one certificate", pki_authenticate_main},
		{"export", "print the certificate, for others to trust", pki_export_main},
		{"show", "what is in the files", pki_show_main},
		{"verify", "whether files are in order, or a peer would be let in",
			pki_verify_main},
		{"reload", "have the daemon take what the files hold now", reload_main},
	};

	return commands_run(
		commands, sizeof(commands) / sizeof(commands[0]), "callgate pki", argc, argv);
}
