// SPDX-License-Identifier: BSD-3-Clause
// callgate pki import and authenticate: the manual's `crypto ca import` and `crypto ca authenticate`.
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config/trustpoint_json.h"
#include "lib/cert.h"
#include "tools/callgate/layout.h"
#include "tools/callgate/pki.h"

// ---- import -------------------------------------------------------------------------------------

// Takes the certificate of our key out of what the CA sent, in whatever order. NULL: there is none.
static X509 *leaf_take(STACK_OF(X509) * certs, const EVP_PKEY *key)
{
	char ours[CERT_KEY_MAX], theirs[CERT_KEY_MAX];
	struct cert_facts f;

	for (int i = 0; i < sk_X509_num(certs); i++)
		if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(certs, i)), key) == 1)
			return sk_X509_delete(certs, i);
	cert_facts(sk_X509_value(certs, 0), &f);
	pki_failed("found %s of the key %s, expected the certificate of our key, another %s; was "
		   "the request made with it?",
		f.subject, cert_key_text(X509_get0_pubkey(sk_X509_value(certs, 0)), theirs),
		cert_key_text(key, ours));
	return NULL;
}

static bool anchors_read(const struct pki_args *a, struct trustpoint *out, const char **path)
{
	struct config_trustpoint files = {0};

	*path = a->v[PKI_OPT_ANCHOR] != NULL ? a->v[PKI_OPT_ANCHOR] : a->tp.ca;
	*out = (struct trustpoint){0};
	if ((*path)[0] == '\0') {
		usage_error("--anchor FILE is needed: the CA that has signed the certificate");
		return false;
	}
	str_copy(str_from(*path), files.ca, sizeof(files.ca));
	return pki_load(&files, out);
}

static void not_chained(int why, const STACK_OF(X509) * chain, int depth, const char *path, int n)
{
	struct cert_facts f = {.subject = "the certificate"};

	if (depth < sk_X509_num(chain))
		cert_facts(sk_X509_value(chain, depth), &f);
	if (why == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
		why == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
		why == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
		pki_failed(
			"%s is signed by %s, which is neither among the %d CAs of %s nor in what "
			"is imported; add it there, or name its CA: --anchor FILE",
			f.subject, f.issuer, n, path);
	else if (why == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
		why == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
		pki_failed("the chain ends at %s, which is none of the %d CAs of %s; callgate pki "
			   "authenticate it, or name another: --anchor FILE",
			f.subject, n, path);
	else
		pki_failed("%s: %s", f.subject, X509_verify_cert_error_string(why));
}

// Both roles: the Internet sees it from our server and from our client. *chain: what to store.
static bool chains(
	const struct pki_args *a, X509 *leaf, STACK_OF(X509) * others, STACK_OF(X509) * *chain)
{
	struct trustpoint anchors;
	const char *path;
	X509_STORE *store =
		anchors_read(a, &anchors, &path) ? trustpoint_store(&anchors, false) : NULL;
	int why = X509_V_OK, depth = 0;

	*chain = NULL;
	for (int server = 0; store != NULL && server < 2 && why == X509_V_OK; server++) {
		sk_X509_pop_free(*chain, X509_free);
		why = trustpoint_judge(store, leaf, others, server == 1, chain, &depth);
	}
	if (store != NULL && why != X509_V_OK)
		not_chained(why, *chain, depth, path, sk_X509_num(anchors.ca));
	X509_STORE_free(store);
	trustpoint_free(&anchors);
	return store != NULL && why == X509_V_OK;
}

// A peer compares what the certificate names with the tickets and routes that it has of us.
static void judge_names(const struct pki_args *a, X509 *leaf)
{
	const char *domain = "";
	struct domain_ids ids;

	if (a->config != NULL && a->config->n_imes > 0)
		domain = a->config->imes[0].domain;
	domain_ids_from_cert(&ids, leaf);
	if (ids.n == 0)
		fputs("callgate: warning: the certificate names no domain: no peer knows by it who "
		      "we are (RFC 5922)\n",
			stderr);
	else if (domain[0] != '\0' && !domain_ids_has(&ids, str_from(domain)))
		fprintf(stderr,
			"callgate: warning: the certificate does not name %s, the domain of the "
			"uc-ime\n",
			domain);
}

static int store(const struct pki_args *a, STACK_OF(X509) * chain)
{
	const char *new_key = a->v[PKI_OPT_NEW_KEY];
	BIO *bio = BIO_new(BIO_s_mem());
	int code = CLIENT_OK, last = sk_X509_num(chain) - 1;

	if (last > 0 && X509_self_signed(sk_X509_value(chain, last), 0) == 1)
		X509_free(sk_X509_pop(chain)); // whoever trusts it has it
	if (!pki_certs_print(bio, chain))
		code = pki_failed("out of memory");
	if (code == CLIENT_OK && new_key != NULL && rename(new_key, a->tp.key) < 0)
		code = pki_failed(
			"%s: cannot become %s: is it on another file system?", new_key, a->tp.key);
	if (code == CLIENT_OK)
		code = pki_file_write(
			a->tp.certificate, pki_text(bio).p, pki_text(bio).n, 0644, true);
	BIO_free(bio);
	return code;
}

static int import(const struct pki_args *a)
{
	const char *new_key = a->v[PKI_OPT_NEW_KEY];
	STACK_OF(X509) * certs, *chain = NULL;
	EVP_PKEY *key;
	X509 *leaf;
	int code = CLIENT_FAILED;

	if (a->tp.certificate[0] == '\0')
		return usage_error(
			"the trust-point has no certificate; name a file: --certificate");
	key = pki_key(new_key != NULL ? new_key : a->tp.key);
	certs = key != NULL ? pki_certs_read(a->v[PKI_OPT_IN]) : NULL;
	leaf = certs != NULL ? leaf_take(certs, key) : NULL;
	if (leaf != NULL && chains(a, leaf, certs, &chain))
		code = store(a, chain);
	if (code == CLIENT_OK) {
		judge_names(a, leaf);
		pki_cert_show(a, leaf);
		fputs("callgate pki reload puts it into force.\n", stderr);
	}
	X509_free(leaf);
	sk_X509_pop_free(certs, X509_free);
	sk_X509_pop_free(chain, X509_free);
	EVP_PKEY_free(key);
	return code;
}

int pki_import_main(int argc, char **argv)
{
	return pki_run(PKI_IMPORT, import, argc, argv);
}

// ---- authenticate -------------------------------------------------------------------------------

// Hex digits alone, in one case.
static void digits_of(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from != '\0' && n + 1 < size; from++)
		if (*from != ':' && *from != ' ')
			to[n++] = (char)(*from >= 'a' && *from <= 'f' ? *from - 'a' + 'A' : *from);
	to[n] = '\0';
}

static bool has_fingerprint(const struct cert_facts *f, const char *wanted)
{
	char want[128], sha256[128], sha1[128];

	digits_of(wanted, want, sizeof(want));
	digits_of(f->sha256, sha256, sizeof(sha256));
	digits_of(f->sha1, sha1, sizeof(sha1));
	return strcmp(want, sha256) == 0 || strcmp(want, sha1) == 0;
}

// The answer comes from the terminal, also when the certificate came from a pipe.
static bool person_accepts(void)
{
	FILE *tty = fopen("/dev/tty", "r+e");
	char answer[16] = "";

	if (tty == NULL) {
		usage_error("nobody is here to ask: --fingerprint HEX or --yes is needed");
		return false;
	}
	fputs("Do you accept this certificate? [yes/no]: ", tty);
	fflush(tty);
	if (fgets(answer, sizeof(answer), tty) == NULL)
		answer[0] = '\0';
	fclose(tty);
	return strcmp(answer, "yes\n") == 0 || strcmp(answer, "y\n") == 0;
}

// Its fingerprint is shown before anybody is asked.
static bool accepted(const struct pki_args *a, X509 *x)
{
	const char *wanted = a->v[PKI_OPT_FINGERPRINT];
	cJSON *j = cert_json(x, (int64_t)time(NULL));
	struct cert_facts f;

	cert_facts(x, &f);
	if (a->v[PKI_OPT_JSON] == NULL)
		layout_certificate(stdout, j);
	cJSON_Delete(j);
	if (!f.ca)
		fputs("callgate: warning: it is no CA: toward the call manager this very "
		      "certificate is trusted, toward the Internet nobody by it\n",
			stderr);
	if (wanted != NULL && !has_fingerprint(&f, wanted)) {
		pki_failed("found the fingerprint %s, expected %s", f.sha256, wanted);
		return false;
	}
	return wanted != NULL || a->v[PKI_OPT_YES] != NULL || person_accepts();
}

static bool is_there(const STACK_OF(X509) * certs, const X509 *x)
{
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (X509_cmp(sk_X509_value(certs, i), x) == 0)
			return true;
	return false;
}

// The CAs that are trusted already; none where the file is yet to be made.
static bool old_read(const struct pki_args *a, struct trustpoint *out)
{
	struct config_trustpoint files = {0};

	*out = (struct trustpoint){0};
	if (a->v[PKI_OPT_REPLACE] != NULL || access(a->tp.ca, F_OK) != 0)
		return true;
	str_copy(str_from(a->tp.ca), files.ca, sizeof(files.ca));
	return pki_load(&files, out);
}

static int anchors_write(
	const struct pki_args *a, const STACK_OF(X509) * old, const STACK_OF(X509) * fresh)
{
	cJSON *added = cJSON_CreateArray();
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = pki_certs_print(bio, old);
	int code;

	for (int i = 0; ok && i < sk_X509_num(fresh); i++) {
		X509 *x = sk_X509_value(fresh, i);

		if (is_there(old, x))
			continue;
		ok = PEM_write_bio_X509(bio, x) == 1;
		cJSON_AddItemToArray(added, cert_json(x, (int64_t)time(NULL)));
	}
	code = ok ? pki_file_write(a->tp.ca, pki_text(bio).p, pki_text(bio).n, 0644, true)
		  : pki_failed("out of memory");
	BIO_free(bio);
	if (code == CLIENT_OK)
		fprintf(stderr, "%d added to %s; callgate pki reload puts it into force.\n",
			cJSON_GetArraySize(added), a->tp.ca);
	if (code == CLIENT_OK && a->v[PKI_OPT_JSON] != NULL)
		json_print(added);
	else
		cJSON_Delete(added);
	return code;
}

static int authenticate(const struct pki_args *a)
{
	struct trustpoint old;
	STACK_OF(X509) * fresh;
	int code = CLIENT_OK;

	if (a->tp.ca[0] == '\0')
		return usage_error("the trust-point has no ca; name a file: --ca");
	fresh = pki_certs_read(a->v[PKI_OPT_IN]);
	if (fresh == NULL)
		return CLIENT_FAILED;
	if (a->v[PKI_OPT_FINGERPRINT] != NULL && sk_X509_num(fresh) != 1)
		code = pki_failed("found %d certificates, expected the one with the fingerprint",
			sk_X509_num(fresh));
	for (int i = 0; code == CLIENT_OK && i < sk_X509_num(fresh); i++)
		if (!accepted(a, sk_X509_value(fresh, i)))
			code = pki_failed("not accepted: nothing is changed");
	if (code == CLIENT_OK) {
		code = old_read(a, &old) ? anchors_write(a, old.ca, fresh) : CLIENT_FAILED;
		trustpoint_free(&old);
	}
	sk_X509_pop_free(fresh, X509_free);
	return code;
}

int pki_authenticate_main(int argc, char **argv)
{
	return pki_run(PKI_AUTHENTICATE, authenticate, argc, argv);
}
