// SPDX-License-Identifier: BSD-3-Clause
// Prints lines with hostile values for test_log_json.py: for each value one as JSON, one as text.
#include <stdio.h>

#include "cp/log_line.h"

static void print(struct str value)
{
	const struct log_field fields[] = {log_str("value", value), log_u64("after", 1)};
	char buf[LOG_LINE_MAX];

	for (int json = 1; json >= 0; json--) {
		const struct log_style style = {.host = "cg", .json = json};

		fwrite(buf, 1,
			log_line_write(&style, event_info(EVT_SIP_REFUSED), 0, fields, 2, buf,
				sizeof(buf)),
			stdout);
	}
}

int main(void)
{
	char two[2], all[256], long_one[3000];

	for (int i = 0; i < 256; i++) {
		two[0] = all[i] = (char)i;
		two[1] = 'x';
		print((struct str){two, 1});
		print((struct str){two, 2});
	}
	print((struct str){all, sizeof(all)});
	for (size_t i = 0; i < sizeof(long_one); i++)
		long_one[i] = (char)(i * 7);
	print((struct str){long_one, sizeof(long_one)});
	return 0;
}
