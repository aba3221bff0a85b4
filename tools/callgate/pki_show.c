// SPDX-License-Identifier: BSD-3-Clause
// callgate pki show and verify: what is in the files, and whether it is in order. The daemon judges
// with the same functions at start and at a reload.
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <time.h>

#include "config/trustpoint_json.h"
#include "lib/cert.h"
#include "tools/callgate/layout.h"
#include "tools/callgate/pki.h"

// ---- One trust-point or all ---------------------------------------------------------------------

struct walk {
	const struct pki_args *a;
	cJSON *list;
	bool ok;
	int64_t now_s;
	const struct config_trustpoint *tp;
	size_t index; // of tp in the configuration
};

typedef void walk_fn(struct walk *w, const struct trustpoint *t);

static void walk_one(struct walk *w, const struct config_trustpoint *tp, size_t index, walk_fn *fn)
{
	struct trustpoint t;

	w->tp = tp;
	w->index = index;
	w->ok &= pki_load(tp, &t);
	fn(w, &t);
	trustpoint_free(&t);
}

static void walk(struct walk *w, walk_fn *fn)
{
	const struct pki_args *a = w->a;

	w->list = cJSON_CreateArray();
	w->ok = true;
	w->now_s = (int64_t)time(NULL);
	if (a->index >= 0 || a->config == NULL) {
		walk_one(w, &a->tp, (size_t)a->index, fn);
		return;
	}
	for (size_t i = 0; i < a->config->n_trustpoints; i++)
		walk_one(w, &a->config->trustpoints[i], i, fn);
}

// ---- show ---------------------------------------------------------------------------------------

static void list_item(const struct trustpoint_item *item, void *arg)
{
	struct walk *w = arg;

	cJSON_AddItemToArray(
		w->list, trustpoint_json(w->a->config, w->index, w->tp->name, item, w->now_s));
}

static void list(struct walk *w, const struct trustpoint *t)
{
	trustpoint_foreach(t, list_item, w);
}

static int show(const struct pki_args *a)
{
	struct walk w = {.a = a};

	walk(&w, list);
	if (a->v[PKI_OPT_JSON] != NULL) {
		json_print(w.list);
	} else {
		layout_certificates(stdout, w.list);
		cJSON_Delete(w.list);
	}
	return w.ok ? CLIENT_OK : CLIENT_FAILED;
}

int pki_show_main(int argc, char **argv)
{
	return pki_run(PKI_SHOW, show, argc, argv);
}

// ---- verify -------------------------------------------------------------------------------------

static void result_add(struct walk *w, bool ok, const char *what, const char *why)
{
	cJSON *j = cJSON_CreateObject();

	w->ok &= ok;
	cJSON_AddStringToObject(j, "trustpoint", w->tp->name);
	cJSON_AddStringToObject(j, "what", what);
	cJSON_AddBoolToObject(j, "ok", ok);
	cJSON_AddStringToObject(j, "why", why);
	cJSON_AddItemToArray(w->list, j);
}

static void verify_item(const struct trustpoint_item *item, void *arg)
{
	struct walk *w = arg;
	char what[CERT_NAME_MAX + 16], why[96], time[CERT_TIME_MAX];
	int64_t from_s, to_s;
	enum cert_phase phase;

	if (item->cert != NULL) {
		struct cert_facts f;

		cert_facts(item->cert, &f);
		snprintf(what, sizeof(what), "%s", f.subject);
		from_s = f.from_s;
		to_s = f.to_s;
	} else {
		struct crl_facts f;

		crl_facts(item->crl, &f);
		snprintf(what, sizeof(what), "CRL of %s", f.issuer);
		from_s = f.from_s;
		to_s = f.to_s;
	}
	phase = cert_phase(from_s, to_s, w->now_s);
	snprintf(why, sizeof(why), "%s, until %s", cert_phase_text(phase),
		cert_time_text(to_s, time));
	if (item->crl != NULL && !item->has_issuer)
		result_add(w, false, what, "of none of the CAs of its trust-point");
	else
		result_add(w, phase != CERT_OVER && phase != CERT_NOT_YET, what, why);
}

static void verify_files(struct walk *w, const struct trustpoint *t)
{
	trustpoint_foreach(t, verify_item, w);
}

static void taken_for(struct walk *w, X509 *leaf)
{
	char text[DOMAIN_IDS_MAX * (DOMAIN_NAME_MAX + 2)] = "";
	struct domain_ids ids;
	size_t n = 0;

	domain_ids_from_cert(&ids, leaf);
	for (unsigned int i = 0; i < ids.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s", i > 0 ? ", " : "",
			ids.id[i].n, ids.id[i].name);
	result_add(w, ids.n > 0, "taken for", ids.n > 0 ? text : "no domain (RFC 5922)");
}

// As the peer's server and as its client; toward the inside its own certificate may be the anchor.
static void verify_peer(struct walk *w, const struct trustpoint *t)
{
	static const char *const roles[] = {"as a TLS client", "as a TLS server"};
	STACK_OF(X509) *certs = pki_certs_read(w->a->v[PKI_OPT_PEER]);
	X509_STORE *store = trustpoint_store(t, w->tp->certificate[0] == '\0');
	X509 *leaf = certs != NULL ? sk_X509_shift(certs) : NULL;

	w->ok &= leaf != NULL && store != NULL;
	for (int server = 0; leaf != NULL && store != NULL && server < 2; server++) {
		int why = trustpoint_judge(store, leaf, certs, server == 1, NULL, NULL);

		result_add(w, why == X509_V_OK, roles[server],
			why == X509_V_OK ? "let in" : X509_verify_cert_error_string(why));
	}
	if (leaf != NULL)
		taken_for(w, leaf);
	X509_free(leaf);
	sk_X509_pop_free(certs, X509_free);
	X509_STORE_free(store);
}

static int verify(const struct pki_args *a)
{
	bool peer = a->v[PKI_OPT_PEER] != NULL;
	struct walk w = {.a = a};
	const cJSON *i;

	if (peer && a->tp.ca[0] == '\0')
		return usage_error(
			"--peer is judged by the CAs of one trust-point: name it, or --ca");
	walk(&w, peer ? verify_peer : verify_files);
	if (a->v[PKI_OPT_JSON] != NULL) {
		json_print(w.list);
		return w.ok ? CLIENT_OK : CLIENT_FAILED;
	}
	cJSON_ArrayForEach (i, w.list) {
		const char *name = json_text(i, "trustpoint");

		printf("%s%s%s: %s: %s\n", name, name[0] != '\0' ? ": " : "",
			json_true(i, "ok") ? "ok" : "FAULT", json_text(i, "what"),
			json_text(i, "why"));
	}
	cJSON_Delete(w.list);
	return w.ok ? CLIENT_OK : CLIENT_FAILED;
}

int pki_verify_main(int argc, char **argv)
{
	return pki_run(PKI_VERIFY, verify, argc, argv);
}
