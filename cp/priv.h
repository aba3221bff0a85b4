// SPDX-License-Identifier: BSD-3-Clause
// What the process may do (design.md section 4, Trust). Capabilities belong to a thread, so each
// sheds its own.
#pragma once

// At the start of the process, before any thread or secret: no core dumps, no tracing by others,
// nothing gained by exec. Returns -errno.
int priv_start(void);

// The control thread, once everything is built: keeps CAP_NET_ADMIN and CAP_NET_RAW (neighbours
// and transparent sockets in the private namespace). Returns -errno.
int priv_shed_control(void);

// A worker thread, at its start (dp_options.thread_start): keeps nothing. Returns -errno.
int priv_shed_worker(void);

// Every thread of the process, for good: no new programs or processes, namespaces, mounts, kernel
// modules, tracing. They fail with EPERM, so that the calls that are up go on. After priv_start().
// Returns -errno.
int priv_forbid_calls(void);
