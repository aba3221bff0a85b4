// SPDX-License-Identifier: BSD-3-Clause
// The compact form of PASSporTs (RFC 8225 7): only the signature travels, and what was signed is what
// the request says, written as RFC 8225 9 has it. See lib/passport.h.
#include <stdio.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/passport.h"

#define DATE_SIZE 29

// RFC 3261 25.1 knows one way to write a time: what was read must come out again.
bool passport_date(struct str value, uint64_t *seconds)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[DATE_SIZE + 1], again[64], month[4] = "";
	struct tm tm = {.tm_isdst = 0};
	time_t t;

	if (value.n != DATE_SIZE || !str_copy(value, text, sizeof(text)) ||
		sscanf(text, "%*3c, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month, &tm.tm_year,
			&tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	while (tm.tm_mon < 12 && strcmp(months[tm.tm_mon], month) != 0)
		tm.tm_mon++;
	if (tm.tm_mon == 12)
		return false;
	t = timegm(&tm); // puts 30 Feb in order
	snprintf(again, sizeof(again), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (t < 0 || strcmp(text, again) != 0)
		return false;
	*seconds = (uint64_t)t;
	return true;
}

void passport_complete(
	struct passport *p, const struct did *caller, const struct did *called, uint64_t iat)
{
	struct str *dest = &p->dest[0];
	int n, header;
	size_t at;

	// Members in the order of their names, no white space; a URL has nothing to escape (is_url()).
	header = snprintf(p->header_text, sizeof(p->header_text),
		"{\"alg\":\"ES256\",\"typ\":\"passport\",\"x5u\":\"%.*s\"}", STR_FMT(p->info));
	n = snprintf(p->payload_text, sizeof(p->payload_text),
		"{\"dest\":{\"tn\":[\"%.*s\"]},\"iat\":%llu,\"orig\":{\"tn\":\"%.*s\"}}", called->n,
		called->digits, (unsigned long long)iat, caller->n, caller->digits);
	p->header = (struct str){p->header_text, (size_t)header};
	p->payload = (struct str){p->payload_text, (size_t)n};
	*dest = (struct str){strchr(p->payload_text, '[') + 2, called->n};
	p->n_dest = 1;
	p->orig = (struct str){p->payload_text + n - 3 - caller->n, caller->n};
	p->iat = iat;
	at = base64url_encode((const uint8_t *)p->header.p, p->header.n, p->signed_text);
	p->signed_text[at++] = '.';
	at += base64url_encode((const uint8_t *)p->payload.p, p->payload.n, p->signed_text + at);
	p->signed_part = (struct str){p->signed_text, at};
}
