// SPDX-License-Identifier: BSD-3-Clause
// Flows that stand beside what a test does, and must not suffer from it: FAR has called HOST_IN by its mapped
// address, over UDP and TCP and by a ping, and is answered.
#pragma once

#include "test/dp/harness.h"

enum beside { BESIDE_UDP, BESIDE_TCP, BESIDE_PING, BESIDES };

// As FAR sends it.
struct flow beside_flow(enum beside which);
// The next packet of the flow that came in on `iface`, with 10 octets of payload.
size_t beside_frame(uint8_t *frame, enum beside which, uint16_t iface);

// Opens them; nothing else may have a session.
void beside_up(void);
// Each passes both ways, by the session that it has had from the start, and nothing is dropped.
void beside_goes_on(void);

// All drops so far, whatever the reason.
uint64_t drops(void);
// Nothing leaves by any interface, or goes to the control plane.
void assert_silence(void);
