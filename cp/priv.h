// SPDX-License-Identifier: BSD-3-Clause
// What the process may do (design.md section 4, Trust). Capabilities belong to a thread, so each
// sheds its own.
#pragma once

#include <stddef.h>

// At the start of the process, before any thread or secret: no core dumps, no tracing by others,
// nothing gained by exec. Returns -errno.
int priv_start(void);

// The control thread, once everything is built: keeps CAP_NET_ADMIN and CAP_NET_RAW (neighbours
// and transparent sockets in the private namespace), and CAP_IPC_LOCK if it takes that to map memory after
// priv_lock_all(). Returns -errno.
int priv_shed_control(void);

// A worker thread, at its start (dp_options.thread_start): keeps nothing, but CAP_IPC_LOCK likewise.
// Returns -errno.
int priv_shed_worker(void);

// Every thread of the process, for good: no new programs or processes, namespaces, mounts, kernel
// modules, tracing. They fail with EPERM, so that the calls that are up go on. After priv_start().
// Returns -errno.
int priv_forbid_calls(void);

// Reserves `size` octets of memory for keys, locked and left out of core dumps: OpenSSL's secure
// heap, from which OPENSSL_secure_malloc() gives, and OpenSSL takes for private keys. The kernel
// gives its pages when they are first touched. Once, before privileges are shed and the first key is
// read. -EPERM: it may not be locked (RLIMIT_MEMLOCK), but is there all the same; -ENOMEM: it is not.
int priv_key_memory(size_t size);

// What a block of `n` octets takes of it: a power of two.
size_t priv_key_block(size_t n);

// Locks all memory that the process has and will have, each page when it is first touched: what is on
// its way through the heap and the stack, a key in a message, never comes to a disk that swaps
// (SRTP-4). Core dumps are off anyway, see priv_start(). Before privileges are shed: RLIMIT_MEMLOCK is
// raised if they permit it. -EPERM: it takes CAP_IPC_LOCK, or RLIMIT_MEMLOCK without a limit, and
// nothing has been locked.
int priv_lock_all(void);
