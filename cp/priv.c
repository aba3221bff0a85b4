// SPDX-License-Identifier: BSD-3-Clause
// Sheds what the process does not need, and keeps its keys in locked memory. Called by cp/main.c,
// and by each worker at its start.
#include "cp/priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// What a running firewall has no use for, and whoever takes one over would want first: other
// programs and processes, other namespaces and file systems, the kernel's inside.
static const int forbidden[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(open_tree),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(personality),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
};

int priv_start(void)
{
	const struct rlimit none = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return 0;
}

// Whether memory may be locked without any right.
static bool lock_is_free(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_MEMLOCK, &r) == 0 && r.rlim_cur == RLIM_INFINITY;
}

static bool may_lock(void)
{
	return capng_get_caps_process() == 0 &&
		capng_have_capability(CAPNG_EFFECTIVE, CAP_IPC_LOCK) == 1;
}

static void keep(int cap)
{
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
		(unsigned int)cap);
}

// Keeps the capabilities listed up to -1, here and in the bounding set. And the right to lock memory,
// where it takes one: after priv_lock_all() a thread without it gets none from the kernel.
static int keep_only(const int *caps)
{
	bool lock = !lock_is_free() && may_lock();

	capng_clear(CAPNG_SELECT_ALL);
	for (; *caps >= 0; caps++)
		keep(*caps);
	if (lock)
		keep(CAP_IPC_LOCK);
	return capng_apply(CAPNG_SELECT_ALL) == 0 ? 0 : -EPERM;
}

int priv_shed_control(void)
{
	return keep_only((const int[]){CAP_NET_ADMIN, CAP_NET_RAW, -1});
}

int priv_shed_worker(void)
{
	return keep_only((const int[]){-1});
}

// A thread may be made, a process not. clone3 hides its flags from a filter; without it the C
// library takes clone.
static int forbid_processes(scmp_filter_ctx filter)
{
	int e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (e < 0)
		return e;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

int priv_forbid_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int e;

	if (filter == NULL)
		return -ENOMEM;
	e = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); // every thread there is
	for (size_t i = 0; e == 0 && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (e == 0)
		e = forbid_processes(filter);
	if (e == 0)
		e = seccomp_load(filter);
	seccomp_release(filter);
	return e;
}

// ---- Memory for keys ----------------------------------------------------------------------------

#define KEY_BLOCK_MIN 64

size_t priv_key_block(size_t n)
{
	size_t block = KEY_BLOCK_MIN;

	while (block < n)
		block *= 2;
	return block;
}

int priv_key_memory(size_t size)
{
	switch (CRYPTO_secure_malloc_init(priv_key_block(size), KEY_BLOCK_MIN)) {
	case 1:
		return 0;
	case 2:
		return -EPERM;
	default:
		return -ENOMEM;
	}
}

int priv_lock_all(void)
{
	static const struct rlimit off = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &off); // takes CAP_SYS_RESOURCE
	// What is mapped later counts against the limit too, and must not fail then.
	if (!lock_is_free() && !may_lock())
		return -EPERM;
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}
