// SPDX-License-Identifier: BSD-3-Clause
// The MTU of a network interface of the kernel, whose frames af_packet takes.
#pragma once

#include <stdint.h>

// Raises the MTU of the interface that the device string names with `iface=`, where it is lower: else the
// kernel would refuse what we send in silence. One that is higher stays. Returns 0, or -errno; *found is
// what it was, 0 where that could not be read. Control thread, with the right to administer networks.
int kernel_mtu_raise(const char *device, uint16_t mtu, unsigned int *found);
