// SPDX-License-Identifier: BSD-3-Clause
// See tls_storm.h. Used by bench_media_path.
#include "test/perf/tls_storm.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "test/perf/bench.h"

#define STEPS_MAX 16 // of a handshake, both ends

static SSL_CTX *server, *client;
static int is_on;
static uint64_t count;

static X509 *certificate(EVP_PKEY *key)
{
	const unsigned char name[] = "bench";
	X509 *x = X509_new();

	bench_need(x != NULL && X509_set_version(x, 2) == 1 &&
			ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
			X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
			X509_gmtime_adj(X509_getm_notAfter(x), 86400) != NULL &&
			X509_set_pubkey(x, key) == 1 &&
			X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				name, -1, -1, 0) == 1 &&
			X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
			X509_sign(x, key, EVP_sha256()) > 0,
		"no certificate");
	return x;
}

static SSL_CTX *context(const SSL_METHOD *method, EVP_PKEY *key, X509 *x)
{
	SSL_CTX *c = SSL_CTX_new(method);

	bench_need(c != NULL && SSL_CTX_use_PrivateKey(c, key) == 1 &&
			SSL_CTX_use_certificate(c, x) == 1 &&
			X509_STORE_add_cert(SSL_CTX_get_cert_store(c), x) == 1,
		"no TLS context");
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	return c;
}

static SSL *end(SSL_CTX *ctx, BIO *bio)
{
	SSL *s = SSL_new(ctx);

	bench_need(s != NULL, "no memory for TLS");
	SSL_set_bio(s, bio, bio);
	return s;
}

static void handshake(void)
{
	BIO *a, *b;
	SSL *s, *c;
	int done = 0;

	bench_need(BIO_new_bio_pair(&a, 0, &b, 0) == 1, "no memory for TLS");
	s = end(server, a);
	c = end(client, b);
	for (int i = 0; i < STEPS_MAX && done != 2; i++)
		done = (SSL_connect(c) == 1) + (SSL_accept(s) == 1);
	bench_need(done == 2, "a TLS handshake fails");
	SSL_free(s);
	SSL_free(c);
}

static void *storm(void *arg)
{
	const int *cpu = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(*cpu, &set);
	bench_need(pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0, "no such CPU");
	while (true) {
		if (!__atomic_load_n(&is_on, __ATOMIC_ACQUIRE)) {
			usleep(1000);
			continue;
		}
		handshake();
		__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

void storm_open(int cpu)
{
	static int where;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	pthread_t thread;
	X509 *x;

	bench_need(key != NULL, "no key");
	x = certificate(key);
	server = context(TLS_server_method(), key, x);
	client = context(TLS_client_method(), key, x);
	where = cpu;
	bench_need(pthread_create(&thread, NULL, storm, &where) == 0, "no thread");
}

void storm_set(bool on)
{
	__atomic_store_n(&is_on, on, __ATOMIC_RELEASE);
}

uint64_t storm_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
