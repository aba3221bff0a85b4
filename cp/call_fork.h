// SPDX-License-Identifier: BSD-3-Clause
// Which of a call's dialogs the media is with when its INVITE was forked: the last to answer early,
// then the first to answer for good; and when that one hangs up while another is up, the other. All
// of them share the ports that the caller was told. Control thread only.
#pragma once

#include "cp/call_state.h"

// Where an answer of the dialog with that tag belongs, to the INVITE that made the call. NULL: it is
// to take effect; else it is to be kept there, with what was kept before freed.
struct session_fork **call_fork_apart(struct call *call, struct str tag);

// A dialog was answered, or is over: the media goes where it belongs.
void call_fork_follow(struct call *call);

// A dialog is over: whoever is spoken to in its call is then a party of one that is up.
void call_fork_speak(struct call *call, struct call_dialog *over);

// Whether another dialog than that one is up.
bool call_fork_other_is_up(const struct call *call, struct str tag);

// The dialog with that tag was ended by us.
void call_fork_drop(struct call *call, struct str tag);
