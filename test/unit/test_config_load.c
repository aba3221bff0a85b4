// SPDX-License-Identifier: BSD-3-Clause
// Loading with real files: the samples, certificates and keys made here with openssl, and every
// way in which such a file can be wrong. Runs in a folder of its own.
#include "test/unit/config_edit.h"

#include "config/files.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PASSWORD "correct-horse-battery"

static char folder[] = "/tmp/callgate-config-XXXXXX";

// What every test starts from; `make CN` gives CN.crt and CN.key under ca.pem.
static const char setup_script[] =
	"set -e; umask 077; exec >/dev/null 2>&1\n"
	"rm -rf ./*; key() { openssl ecparam -name prime256v1 -genkey -noout -out $1; }\n"
	"make() { key $1.key; openssl req -new -key $1.key -subj /CN=$1 -out $1.csr\n"
	"openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "
	"$1.crt; }\n"
	"key ca.key; openssl req -x509 -new -key ca.key -subj /CN=ca -days 2 -out ca.pem\n"
	"make a; make b; printf '" PASSWORD "\\n' > ticket.password\n";

static void run(const char *script)
{
	assert_int_equal(system(script), 0);
}

static void write_file(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	static char root[4096];

	*state = root;
	if (getcwd(root, sizeof(root)) == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0 ||
		system(setup_script) != 0)
		return -1;
	write_file("right.yaml", config_right, sizeof(config_right) - 1);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") == 0 ? system(command) : -1;
}

static struct config *load(const char *path)
{
	struct config_errors errs = {0};
	struct config *c = NULL;

	if (config_load(path, &c, &errs) != 0) {
		config_errors_print(stderr, path, &errs);
		fail();
	}
	assert_null(errs.list);
	return c;
}

static struct config *load_sample(const char *root, const char *name)
{
	char command[8192];

	snprintf(command, sizeof(command), "cp '%s/config/samples/%s.yaml' .", root, name);
	run(command);
	snprintf(command, sizeof(command), "%s.yaml", name);
	return load(command);
}

static void assert_ip(const struct ip_addr *ip, const char *text)
{
	char buf[IP_TEXT_MAX];

	assert_string_equal(ip_format(ip, buf), text);
}

static void test_sample_a(void **state)
{
	struct config *c = load_sample(*state, "enterprise-a");
	const struct config_ime *m = &c->imes[0];

	assert_string_equal(c->hostname, "callgate-a");
	assert_int_equal(c->n_workers, 1);
	assert_int_equal(c->worker_cores[0], 1);
	assert_true(c->poll_adaptive);
	assert_false(c->hugepages);
	assert_string_equal(c->socket_path, "/run/callgate/a.sock");
	assert_int_equal(c->n_ifaces, 3);
	assert_int_equal(c->ifaces[2].security_level, 50);
	assert_string_equal(c->ifaces[0].device, "net_af_packet0,iface=outside");
	assert_ip(&c->ifaces[0].ip, "209.165.200.225");
	assert_int_equal(c->ifaces[0].subnet.len, 96 + 27);
	assert_int_equal(c->ifaces[0].acl_in, 0);
	assert_int_equal(c->ifaces[1].acl_in, -1);
	assert_int_equal(c->ifaces[1].security_level, 100);
	assert_int_equal(c->ifaces[1].mtu, 1500);
	assert_ip(&c->routes[0].gateway, "209.165.200.254");
	assert_int_equal(c->n_nat, 2);
	assert_int_equal(c->nat[0].real_if, 1);
	assert_int_equal(c->nat[0].mapped_if, 0);
	assert_ip(&c->nat[0].real.ip, "192.168.10.30");
	assert_ip(&c->nat[0].mapped.ip, "209.165.200.228");
	assert_int_equal(c->n_acls, 3);
	assert_int_equal(c->acls[2].aces[1].dport.hi, 6000);
	assert_ip(&c->mtas[m->mta].addrs[1].ip, "192.168.10.3");
	assert_int_equal(c->mtas[m->mta].rtp_max_port, 32767);
	assert_int_equal(m->epoch, 1);
	assert_string_equal(m->password, PASSWORD); // without the newline
	assert_string_equal(m->ticket_profile, "t1");
	assert_string_equal(m->domain, "enterprise-a.example");
	assert_int_equal(m->fallback.monitoring_ms, 100);
	assert_ip(&m->ucms[0].ip, "192.168.10.30");
	assert_false(m->ucms[0].secure);
	assert_string_equal(c->trustpoints[0].key, "a.key");
	assert_int_equal(c->n_inspects, 2);
	assert_string_equal(c->inspects[1].class_name, "ime-inbound-sip");
	assert_int_equal(c->inspects[1].acl, 1);
	assert_int_equal(c->tls_proxies[c->inspects[1].tls_proxy].side[TLS_SERVER].trustpoint, 0);
	assert_int_equal(c->tls_proxies[c->inspects[0].tls_proxy].side[TLS_CLIENT].trustpoint, 0);
	assert_int_equal(c->timeouts.half_open_s, 30);
	assert_int_equal(c->timeouts.sip_s, 1800);
	config_free(c);
}

// The line of the sample's file has this in it.
static void assert_line(uint32_t line, const char *text)
{
	FILE *f = fopen("enterprise-a.yaml", "r");
	char *got = NULL;
	size_t size = 0;

	assert_non_null(f);
	assert_true(line > 0);
	for (; line > 0; line--)
		assert_true(getline(&got, &size, f) > 0);
	if (strstr(got, text) == NULL)
		fail_msg("%s: no %s in it", got, text);
	free(got);
	fclose(f);
}

static void test_lines(void **state)
{
	struct config *c = load_sample(*state, "enterprise-a");

	assert_line(c->ifaces[0].line, "  outside:");
	assert_line(c->ifaces[2].line, "  dmz:");
	assert_line(c->routes[0].line, "gateway: 209.165.200.254");
	assert_line(c->nat[0].line, "mapped: ucm_map_209.165.200.228");
	assert_line(c->acls[0].aces[0].line, "host 192.168.10.30 eq 5070");
	assert_line(c->acls[2].aces[1].line, "6000");
	config_free(c);
}

// Sample B leaves out what sample A spells out, so their defaults must agree.
static void test_sample_b(void **state)
{
	struct config *a = load_sample(*state, "enterprise-a"),
		      *b = load_sample(*state, "enterprise-b");

	assert_string_equal(b->hostname, "callgate-b");
	assert_ip(&b->ifaces[0].ip, "203.0.113.1");
	assert_ip(&b->nat[0].mapped.ip, "203.0.113.10");
	assert_string_equal(b->imes[0].domain, "enterprise-b.example");
	assert_memory_equal(&a->timeouts, &b->timeouts, sizeof(a->timeouts));
	assert_int_equal(a->descriptors, b->descriptors);
	assert_int_equal(a->memory_mb, b->memory_mb);
	assert_int_equal(a->rx_queues, b->rx_queues);
	assert_int_equal(a->sessions_max, b->sessions_max);
	assert_int_equal(a->log_severity, b->log_severity);
	assert_int_equal(a->log_json, b->log_json);
	assert_int_equal(a->log_asa, b->log_asa);
	assert_int_equal(a->tls_sessions_max, b->tls_sessions_max);
	assert_int_equal(a->sip_header_max, b->sip_header_max);
	assert_int_equal(a->sip_body_max, b->sip_body_max);
	assert_int_equal(a->mtas[0].rtp_min_port, b->mtas[0].rtp_min_port);
	assert_int_equal(a->mtas[0].rtp_max_port, b->mtas[0].rtp_max_port);
	assert_int_equal(a->imes[0].ticket_skew_s, b->imes[0].ticket_skew_s);
	assert_int_equal(a->imes[0].did_source, b->imes[0].did_source);
	assert_int_equal(a->imes[0].route_check, b->imes[0].route_check);
	assert_int_equal(a->imes[0].fallback.hold_down_s, b->imes[0].fallback.hold_down_s);
	config_free(a);
	config_free(b);
}

static void test_absolute_paths(void **state)
{
	struct config_errors errs;
	char path[256], key[256];
	struct config *c;

	snprintf(path, sizeof(path), "%s/right.yaml", folder);
	snprintf(key, sizeof(key), "%s/b.key", folder);
	c = load(path);
	assert_string_equal(c->trustpoints[0].key, key);
	config_free(c);
	assert_int_equal(config_load_text(STR_LIT(config_right), folder, &c, &errs), 0);
	assert_string_equal(c->trustpoints[0].key, key);
	config_free(c);
}

// Each script spoils a file; the fault it must lead to.
static const struct {
	const char *script, *faults;
} spoilt[] = {
	{"chmod 0640 b.key", "44:40: key: found b.key with mode 0640, expected 0600 or less"},
	{"chmod 0700 b.key", "44:40: key: found b.key with mode 0700, expected 0600 or less"},
	{"chmod 0604 ticket.password",
		"56:39: password-file: found ticket.password with mode 0604, expected 0600 or "
		"less"},
	{"rm b.key; mkfifo -m 600 b.key", "44:40: key: found b.key, expected a regular file"},
	{"rm b.crt",
		"44:28: certificate: found b.crt (No such file or directory), expected a file "
		"that can be read"},
	{"rm b.crt; mkdir b.crt", "44:28: certificate: found b.crt, expected a regular file"},
	{"echo x > b.crt",
		"44:28: certificate: found b.crt without a certificate, expected one in PEM"},
	{"cp a.key b.key",
		"44:40: key: found the key of another certificate, expected the one of b.crt"},
	{": > b.key",
		"44:40: key: found b.key without a usable private key, expected one in PEM "
		"without a passphrase"},
	{"openssl ec -in a.key -aes128 -passout pass:secret -out b.key 2>/dev/null",
		"44:40: key: found b.key without a usable private key, expected one in PEM without "
		"a passphrase"},
	{"openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=b -keyout b.key -out b.crt "
	 "2>/dev/null",
		"44:28: certificate: found an RSA key of 1024 bits, expected 2048 or more (TLS-5)"},
	{"echo x > ca.pem",
		"44:51: ca: found ca.pem with 0 certificates and then a faulty one or none, "
		"expected "
		"certificates in PEM\n"
		"45:16: ca: found ca.pem with 0 certificates and then a faulty one or none, "
		"expected "
		"certificates in PEM"},
	{"head -n 3 b.crt >> ca.pem; echo '-----END CERTIFICATE-----' >> ca.pem",
		"44:51: ca: found ca.pem with 1 certificates and then a faulty one or none, "
		"expected "
		"certificates in PEM\n"
		"45:16: ca: found ca.pem with 1 certificates and then a faulty one or none, "
		"expected "
		"certificates in PEM"},
	{"truncate -s 1048577 b.crt",
		"44:28: certificate: found b.crt with 1048577 octets, expected at most 1048576"},
	{"cat b.crt b.crt > x; echo '-----BEGIN CERTIFICATE-----' >> x; mv x b.crt",
		"44:28: certificate: found b.crt with a faulty certificate after 2 good ones, "
		"expected certificates in PEM"},
	{"sed -i 's/anchor: {ca: ca.pem}/anchor: {ca: ca.pem, crl: ca.pem}/' right.yaml",
		"45:29: crl: found ca.pem with 0 CRLs and then a faulty one or none, expected CRLs "
		"in PEM, or one in DER"},
	{"sed -i 's/b.key, ca: ca.pem}/b.key, ca: ca.pem, enroll: self}/' right.yaml",
		"44:28: certificate: found a certificate that CN=ca signed, expected a self-signed "
		"one (enroll: self)"},
	{"rm ticket.password",
		"56:39: password-file: found ticket.password (No such file or directory), expected "
		"a "
		"file that can be read"},
	{"printf 123456789 > ticket.password",
		"56:39: password-file: found a password of 9 characters, expected 10 to 64"},
	{"printf '123456789\\n' > ticket.password",
		"56:39: password-file: found a password of 9 characters, expected 10 to 64"},
	{"printf %065d 0 > ticket.password",
		"56:39: password-file: found a password of 65 characters, expected 10 to 64"},
	{"printf %099d 0 > ticket.password",
		"56:39: password-file: found ticket.password with 99 octets, expected at most 66"},
	{"printf 'with a blank' > ticket.password",
		"56:39: password-file: found a password with a blank or an unusual character, "
		"expected characters from ! to ~ (E1)"},
	{"printf 'two-newlines\\n\\n' > ticket.password",
		"56:39: password-file: found a password with a blank or an unusual character, "
		"expected characters from ! to ~ (E1)"},
	{"printf 'carriage-return\\r\\n' > ticket.password",
		"56:39: password-file: found a password with a blank or an unusual character, "
		"expected characters from ! to ~ (E1)"},
	{"printf 'umlaut-\\303\\244\\303\\266' > ticket.password",
		"56:39: password-file: found a password with a blank or an unusual character, "
		"expected characters from ! to ~ (E1)"},
	{"printf 'with-a-\\0-in-it' > ticket.password",
		"56:39: password-file: found a password with a blank or an unusual character, "
		"expected characters from ! to ~ (E1)"},
};

static void faults_of(const char *path, char *buf, size_t size)
{
	struct config_errors errs;
	struct config *c;

	assert_int_equal(config_load(path, &c, &errs), -EINVAL);
	assert_null(c);
	faults_text(&errs, buf, size);
	config_errors_free(&errs);
}

static void test_spoilt_files(void **state)
{
	char faults[4096];

	run("mkdir kept && cp -p b.crt b.key ca.pem ticket.password right.yaml kept");
	for (size_t i = 0; i < COUNT(spoilt); i++) {
		run(spoilt[i].script);
		faults_of("right.yaml", faults, sizeof(faults));
		assert_string_equal(faults, spoilt[i].faults);
		run("rm -rf b.crt b.key ca.pem ticket.password && cp -p kept/* .");
		config_free(load("right.yaml")); // it was the script's doing
	}
}

// FB-11: thresholds come with the configuration, or it does not come at all.
static void test_sensitivity_file(void **state)
{
	char faults[4096];
	struct config *c;

	run("sed 's|hold-down-timer: 20|sensitivity-file: x.fbs, header-map: {level: {header: "
	    "X-Level}}|' right.yaml > fbs.yaml");
	run("printf 'version 1\nlevel 3 rblr-pct-x100 70 bls-ms 1000 ite-8s 8 "
	    "pdv-avg-usec 100000 scs-8s 4\n' > x.fbs");
	c = load("fbs.yaml");
	assert_int_equal(c->imes[0].fallback.table.level[3].rblr_pct_x100, 70);
	assert_int_equal(c->imes[0].fallback.table.level[2].bls_ms, 1500);
	assert_string_equal(c->imes[0].fallback.map[FB_LEVEL].header, "X-Level");
	assert_string_equal(c->imes[0].fallback.map[FB_LEVEL].param, "");
	assert_int_equal(c->imes[0].fallback.hold_down_s, 20);
	config_free(c);
	run("printf 'version 1\nlevel 3 rblr-pct-x100 0\n' > x.fbs");
	faults_of("fbs.yaml", faults, sizeof(faults));
	assert_string_equal(faults,
		"61:57: sensitivity-file: x.fbs:2:23: found \"0\", expected a number from 1 to "
		"10000");
	run("rm x.fbs");
	faults_of("fbs.yaml", faults, sizeof(faults));
	assert_string_equal(faults,
		"61:57: sensitivity-file: found x.fbs (No such file or directory), expected a file "
		"that can be read");
}

// The folder and the anchors of stir are looked at, too.
static void test_stir_files(void **state)
{
	char faults[4096], *text = NULL;
	struct config *c;
	size_t n = 0;
	FILE *f;

	run("sed 's|    did-source: request-uri|    stir: {verify: tag, certificates: stir, "
	    "anchors: sti.pem}|' right.yaml > stir.yaml; mkdir stir; cp ca.pem sti.pem");
	c = load("stir.yaml");
	f = open_memstream(&text, &n);
	assert_non_null(f);
	config_summary(f, c);
	fclose(f);
	assert_non_null(strstr(
		text, "  stir verify tag, freshness 60 s, certificates stir, anchors sti.pem\n"));
	free(text);
	config_free(c);
	run("rmdir stir; echo x > sti.pem");
	faults_of("stir.yaml", faults, sizeof(faults));
	assert_string_equal(faults,
		"58:39: certificates: found stir (No such file or directory), expected a folder\n"
		"58:54: anchors: found sti.pem with 0 certificates and then a faulty one or none, "
		"expected certificates in PEM");
}

static void test_foreign_owner(void **state)
{
	char faults[4096];

	if (geteuid() != 0)
		skip(); // only root can give a file away
	assert_int_equal(chown("b.key", 65534, 0), 0);
	faults_of("right.yaml", faults, sizeof(faults));
	assert_string_equal(faults,
		"44:40: key: found b.key owned by user 65534, expected root or "
		"the user of the daemon");
	assert_int_equal(chown("b.key", 0, 0), 0);
}

static void test_password_bounds(void **state)
{
	static const char *const passwords[] = {
		"!~!~!~!~!~", "1234567890123456789012345678901234567890123456789012345678901234"};
	struct config *c;

	for (size_t i = 0; i < COUNT(passwords); i++) {
		write_file("ticket.password", passwords[i], strlen(passwords[i]));
		c = load("right.yaml");
		assert_string_equal(c->imes[0].password, passwords[i]);
		config_free(c);
	}
	run("printf '" PASSWORD "\\n' > ticket.password");
}

static void test_file_itself(void **state)
{
	char faults[4096];

	faults_of("none.yaml", faults, sizeof(faults));
	assert_string_equal(faults,
		"1:1: found none.yaml (No such file or directory), expected a "
		"file that can be read");
	faults_of(folder, faults, sizeof(faults));
	assert_true(str_has_prefix(str_from(faults), STR_LIT("1:1: found /tmp/callgate-config-")));
	run("truncate -s 1048577 big.yaml; : > empty.yaml");
	faults_of("big.yaml", faults, sizeof(faults));
	assert_string_equal(
		faults, "1:1: found big.yaml with 1048577 octets, expected at most 1048576");
	faults_of("empty.yaml", faults, sizeof(faults));
	assert_string_equal(faults, "1:1: found an empty file, expected a mapping");
}

static void test_summary(void **state)
{
	struct config *c = load("right.yaml");
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	config_summary(f, c);
	fclose(f);
	assert_string_equal(text,
		"cg: OK, 1 worker, constant poll\n"
		"media: 8192 streams, srtp-engine auto\n"
		"interface outside: 203.0.113.1/24, security-level 0, device "
		"net_af_packet0,iface=o, access-list in incoming\n"
		"interface inside: 192.168.20.1/24, security-level 100, device "
		"net_af_packet1,iface=i\n"
		"interface dmz: 10.0.0.1/8, security-level 50, device 0000:01:00.0\n"
		"nat (inside,outside) source static 192.168.20.30 203.0.113.10\n"
		"nat (inside,outside) source static 192.168.20.31 203.0.113.12 service tcp 5070 "
		"5570\n"
		"access-list incoming: 1 entry\n"
		"access-list sip-in: 1 entry\n"
		"access-list sip-out: 1 entry\n"
		"uc-ime ime: ticket epoch 1 password ***** profile t1, drop on failure\n"
		"  ucm address 192.168.20.30 trunk-security-mode nonsecure port 5070\n"
		"  ucm address 192.168.30.7 trunk-security-mode nonsecure\n"
		"  media-termination address 203.0.113.11 interface outside, ports 16384 to 32767, "
		"guard 30 s\n"
		"  media-termination address 192.168.20.3 interface inside, ports 16384 to 32767, "
		"guard 30 s\n"
		"  parity off, rtcp relay, media-latch off, call-id-privacy off\n"
		"  srtp offer AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32\n"
		"  srtp accept AES_CM_128_HMAC_SHA1_80 AES_CM_128_HMAC_SHA1_32 AEAD_AES_128_GCM "
		"AEAD_AES_256_GCM AES_256_CM_HMAC_SHA1_80\n"
		"inspect sip: class out, tls-proxy local_to_remote-ent, uc-ime ime\n"
		"inspect sip: class in, tls-proxy remote_to_local-ent, uc-ime ime\n");
	free(text);
	config_free(c);
}

// A global address is one line, whatever it serves.
static void test_summary_global(void **state)
{
	char yaml[2 * sizeof(config_right)], *text = NULL;
	struct config_errors errs;
	struct config *c;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	strcpy(yaml, config_right);
	edit(yaml, sizeof(yaml),
		"      - {address: 203.0.113.11, interface: outside}\n"
		"      - {address: 192.168.20.3, interface: inside}\n",
		"      - {address: 198.51.100.1}\n");
	assert_int_equal(config_parse(str_from(yaml), "", false, &c, &errs), 0);
	config_summary(f, c);
	fclose(f);
	assert_non_null(strstr(text, "interface any, ports 16384 to 32767, guard 30 s\n  parity"));
	assert_null(strstr(text, "198.51.100.1 interface dmz"));
	free(text);
	config_free(c);
}

// `callgate pki` reads a configuration whose files are yet to be made.
static void test_names(void **state)
{
	struct config_errors errs;
	struct config *c;

	run("mkdir empty && cp right.yaml empty");
	assert_int_equal(config_load_names("empty/right.yaml", &c, &errs), 0);
	assert_string_equal(c->trustpoints[0].certificate, "empty/b.crt");
	config_free(c);
	run("rm -r empty");
	assert_int_equal(config_load_names("empty/right.yaml", &c, &errs), -EINVAL);
	config_errors_free(&errs);
}

// Every block that is freed while `watching` is searched for the password (see meson.build).
static bool watching;
static unsigned int freed_with_password, freed;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p)
{
	if (watching && p != NULL) {
		freed++;
		if (memmem(p, malloc_usable_size(p), PASSWORD, strlen(PASSWORD)) != NULL)
			freed_with_password++;
	}
	__real_free(p);
}

static void test_wiped(void **state)
{
	struct config_errors errs;
	struct config *c;
	char *seen, why[FILE_WHY_MAX];
	size_t n;

	assert_int_equal(file_read("ticket.password", 66, FILE_SECRET, &seen, &n, why), 0);
	watching = true;
	free(seen);
	assert_int_equal(freed_with_password, 1); // the watch works
	c = load("right.yaml");
	assert_string_equal(c->imes[0].password, PASSWORD);
	config_free(c);
	run("sed s/epoch:.1/epoch:\\ 0/ right.yaml > bad.yaml");
	assert_int_equal(config_load("bad.yaml", &c, &errs), -EINVAL); // freed half-way
	config_errors_free(&errs);
	watching = false;
	assert_int_equal(freed_with_password, 1);
	assert_true(freed > 100);
	config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sample_a),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sample_b),
		cmocka_unit_test(test_absolute_paths),
		cmocka_unit_test(test_spoilt_files),
		cmocka_unit_test(test_sensitivity_file),
		cmocka_unit_test(test_stir_files),
		cmocka_unit_test(test_foreign_owner),
		cmocka_unit_test(test_password_bounds),
		cmocka_unit_test(test_file_itself),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_summary_global),
		cmocka_unit_test(test_wiped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
