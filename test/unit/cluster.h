// SPDX-License-Identifier: BSD-3-Clause
// Enterprise A with more than one call manager: edits for rig_up().
#pragma once

#define UCM_31        "192.168.10.31"
#define UCM_31_MAPPED "209.165.200.231"
#define UCM_32        "192.168.10.32"

// Two more of them that the access lists know.
#define CLUSTER                                                                                    \
	"      - {address: 192.168.10.30, trunk-security-mode: nonsecure}",                        \
		"      - {address: 192.168.10.30, trunk-security-mode: nonsecure}\n"               \
		"      - {address: 192.168.10.31, trunk-security-mode: nonsecure}\n"               \
		"      - {address: 192.168.10.32, trunk-security-mode: nonsecure}",                \
		"tcp any host 192.168.10.30 eq 5070", "tcp any 192.168.10.0/24 eq 5070",           \
		"tcp host 192.168.10.30 any", "tcp 192.168.10.0/24 any"

// And whom the outside can address.
#define CLUSTER_MAPPED                                                                             \
	"    ucm_map_209.165.200.228:",                                                            \
		"    real_31: {host: 192.168.10.31}\n    map_31: {host: 209.165.200.231}\n"        \
		"    real_32: {host: 192.168.10.32}\n    map_32: {host: 209.165.200.232}\n"        \
		"    ucm_map_209.165.200.228:",                                                    \
		"  - {from: inside, to: outside, source: {static: {real: ucm_real_192.168.10.30",  \
		"  - {from: inside, to: outside, source: {static: {real: real_31, mapped: "        \
		"map_31}}}\n"                                                                      \
		"  - {from: inside, to: outside, source: {static: {real: real_32, mapped: "        \
		"map_32}}}\n"                                                                      \
		"  - {from: inside, to: outside, source: {static: {real: ucm_real_192.168.10.30"
