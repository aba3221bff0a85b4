// SPDX-License-Identifier: BSD-3-Clause
// What the commands of `callgate pki` share: options, the trust-point that they are about, and files.
#pragma once

#include <openssl/x509.h>
#include <sys/types.h>

#include "config/config.h"
#include "config/trustpoint.h"
#include "lib/domain.h"
#include "tools/callgate/client.h"

enum pki_command {
	PKI_GENERATE = 1,
	PKI_SELF_SIGN = 2,
	PKI_REQUEST = 4,
	PKI_IMPORT = 8,
	PKI_AUTHENTICATE = 16,
	PKI_EXPORT = 32,
	PKI_SHOW = 64,
	PKI_VERIFY = 128,
};

enum pki_option {
	PKI_OPT_CONFIG,
	PKI_OPT_CERTIFICATE,
	PKI_OPT_KEY,
	PKI_OPT_CA,
	PKI_OPT_CRL,
	PKI_OPT_IN,
	PKI_OPT_MODULUS,
	PKI_OPT_CURVE,
	PKI_OPT_DOMAIN,
	PKI_OPT_SUBJECT,
	PKI_OPT_DAYS,
	PKI_OPT_NEW_KEY,
	PKI_OPT_ANCHOR,
	PKI_OPT_FINGERPRINT,
	PKI_OPT_YES,
	PKI_OPT_REPLACE,
	PKI_OPT_CHAIN,
	PKI_OPT_ANCHORS,
	PKI_OPT_PRIVATE_KEY,
	PKI_OPT_PKCS12,
	PKI_OPT_PASSPHRASE_FILE,
	PKI_OPT_PEER,
	PKI_OPT_FORCE,
	PKI_OPT_JSON,
	PKI_OPTIONS,
};

struct pki_args {
	const char *v[PKI_OPTIONS];
	struct config *config;       // NULL: no trust-point was named
	int index;                   // of the trust-point in it; -1: all, or none
	struct config_trustpoint tp; // its files, or those of the options
};

// Reads options, configuration and trust-point, and runs a command with them.
typedef int pki_command_fn(const struct pki_args *a);
int pki_run(enum pki_command command, pki_command_fn *fn, int argc, char **argv);

// Says what went wrong on standard error and returns CLIENT_FAILED.
int pki_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

// The domains that a certificate is to name: those of --domain, else the one of the configuration.
// CLIENT_OK, or the fault has been told.
int pki_domains(const struct pki_args *a, struct domain_ids *out);

// Reads some of the files of the trust-point ("" in *files: not this one) and tells every fault on
// standard error. False: faulty. *out is to be freed in any case.
bool pki_load(const struct config_trustpoint *files, struct trustpoint *out);

// The private key of the trust-point, or NULL with the fault told.
EVP_PKEY *pki_key(const char *path);

// ---- pki_file.c ---------------------------------------------------------------------------------

// Certificates in PEM, or one in DER, from a file (NULL: standard input). NULL: the fault has been
// told.
STACK_OF(X509) * pki_certs_read(const char *path);

// Writes a whole file at once: whoever reads it sees the old or the new. With `force` an old one is
// replaced. CLIENT_OK, or CLIENT_FAILED with the fault told.
int pki_file_write(const char *path, const char *text, size_t n, mode_t mode, bool force);

// Appends certificates in PEM to a memory BIO.
bool pki_certs_print(BIO *bio, const STACK_OF(X509) * certs);

// What a memory BIO holds.
static inline struct str pki_text(BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	return (struct str){p, n > 0 ? (size_t)n : 0};
}

// Shows one certificate as `show` does, in JSON or not.
void pki_cert_show(const struct pki_args *a, X509 *x);

int pki_generate_main(int argc, char **argv);
int pki_self_sign_main(int argc, char **argv);
int pki_request_main(int argc, char **argv);
int pki_import_main(int argc, char **argv);
int pki_authenticate_main(int argc, char **argv);
int pki_export_main(int argc, char **argv);
int pki_show_main(int argc, char **argv);
int pki_verify_main(int argc, char **argv);
