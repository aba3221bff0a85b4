// SPDX-License-Identifier: BSD-3-Clause
// Enterprise A's configuration with a secure trunk, as pairs for rig_up().
#pragma once

// The two tls-proxies as the manual completes them: the trust-point toward the call manager holds
// what its certificate must chain to, and inside-identity what it is shown.
#define SECURE_TRUNK(ucm)                                                                          \
	"trustpoints:\n",                                                                          \
		"trustpoints:\n  local-asa: {certificate: asa.crt, key: asa.key, ca: "             \
		"inside-ca.pem}\n  local-ent-ucm: {ca: " ucm "}\n",                                \
		"local_to_remote-ent: {client: {trust-point: local-ent}}",                         \
		"local_to_remote-ent: {server: {trust-point: local-ent-ucm}, client: "             \
		"{trust-point: local-ent}}",                                                       \
		"remote_to_local-ent: {server: {trust-point: local-ent}}",                         \
		"remote_to_local-ent: {server: {trust-point: local-ent}, client: {trust-point: "   \
		"local-ent-ucm}}",                                                                 \
		"    domain: enterprise",                                                          \
		"    inside-identity: {trust-point: local-asa}\n    domain: enterprise",           \
		"192.168.10.30, trunk-security-mode: nonsecure",                                   \
		"192.168.10.30, trunk-security-mode: secure"
