// SPDX-License-Identifier: BSD-3-Clause
// Certificates, in the manner of the ASA's `show crypto ca certificates`; see layout.h.
#include "tools/callgate/layout.h"

#include <string.h>

static void print_list(FILE *f, const char *title, const cJSON *list, const char *none)
{
	const cJSON *i;
	bool first = true;

	fprintf(f, "  %s: ", title);
	cJSON_ArrayForEach (i, list) {
		if (cJSON_IsString(i))
			fprintf(f, "%s%s", first ? "" : ", ", i->valuestring);
		first = false;
	}
	fprintf(f, "%s\n", first ? none : "");
}

static void print_validity(FILE *f, const cJSON *i)
{
	fprintf(f, "  Validity Date:\n");
	fprintf(f, "    start date: %s\n", json_text(i, "not_before"));
	fprintf(f, "    end   date: %s", json_text(i, "not_after"));
	if (cJSON_HasObjectItem(i, "days_left") && json_number(i, "days_left") >= 0)
		fprintf(f, ", %.0f days left", json_number(i, "days_left"));
	fputc('\n', f);
}

static void print_crl(FILE *f, const cJSON *i)
{
	fprintf(f, "CRL\n  Status: %s%s\n  Issuer Name: %s\n", json_text(i, "status"),
		json_true(i, "has_issuer") ? "" : "; of none of the CAs of its trust-point",
		json_text(i, "issuer"));
	print_validity(f, i);
	fprintf(f, "  Revoked Certificates: %.0f\n", json_number(i, "revoked"));
}

static void print_cert(FILE *f, const cJSON *i)
{
	const char *kind = json_text(i, "kind");
	bool ca = strcmp(kind, "ca") == 0 || strcmp(kind, "intermediate") == 0;

	fprintf(f, "%s\n  Status: %s\n", ca ? "CA Certificate" : "Certificate",
		json_text(i, "status"));
	fprintf(f, "  Certificate Serial Number: %s\n", json_text(i, "serial"));
	fprintf(f, "  Public Key Type: %s (%.0f bits)\n", json_text(i, "key"),
		json_number(i, "bits"));
	fprintf(f, "  Issuer Name: %s%s\n", json_text(i, "issuer"),
		json_true(i, "self_signed") ? " (self-signed)" : "");
	fprintf(f, "  Subject Name: %s\n", json_text(i, "subject"));
	if (!ca)
		print_list(f, "Taken for", cJSON_GetObjectItemCaseSensitive(i, "identities"),
			"no domain");
	print_validity(f, i);
	fprintf(f, "  SHA-256 Fingerprint: %s\n", json_text(i, "sha256"));
	fprintf(f, "  SHA-1 Fingerprint: %s\n", json_text(i, "sha1"));
}

void layout_certificate(FILE *f, const cJSON *i)
{
	if (strcmp(json_text(i, "kind"), "crl") == 0)
		print_crl(f, i);
	else
		print_cert(f, i);
	if (json_text(i, "trustpoint")[0] != '\0')
		fprintf(f, "  Associated Trustpoints: %s\n", json_text(i, "trustpoint"));
	if (cJSON_HasObjectItem(i, "used_by"))
		print_list(f, "Used by", cJSON_GetObjectItemCaseSensitive(i, "used_by"),
			"no tls-proxy");
}

void layout_certificates(FILE *f, const cJSON *data)
{
	const cJSON *i;
	bool first = true;

	cJSON_ArrayForEach (i, data) {
		if (!first)
			fputc('\n', f);
		layout_certificate(f, i);
		first = false;
	}
}

void layout_pki_reload(FILE *f, const cJSON *d)
{
	fprintf(f, "%.0f trust-points, %.0f certificates and %.0f CRLs are in force\n",
		json_number(d, "trustpoints"), json_number(d, "certificates"),
		json_number(d, "crls"));
	if (json_number(d, "judged") > 0)
		fprintf(f, "the peers of %.0f live connections are judged by them\n",
			json_number(d, "judged"));
}
