// SPDX-License-Identifier: BSD-3-Clause
// The lines of a whole request, of which a test leaves out or changes one.
#pragma once

#define REQ  "BYE sip:a@b SIP/2.0\r\n"
#define VIA  "Via: SIP/2.0/TCP c\r\n"
#define FROM "From: <sip:d@e>;tag=f\r\n"
#define TO   "To: <sip:g@h>\r\n"
#define CID  "Call-ID: i\r\n"
#define CSEQ "CSeq: 1 BYE\r\n"
#define MF   "Max-Forwards: 70\r\n"
#define END  "l: 0\r\n\r\n"
