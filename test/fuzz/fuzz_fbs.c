// SPDX-License-Identifier: BSD-3-Clause
// The sensitivity file: a fault has its place and leaves the table; a table has sane levels.
#include <stdlib.h>

#include "lib/fbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rma_table table = {0}, was = {0};
	struct fbs_fault fault = {0};

	if (!fbs_parse((struct str){(const char *)data, size}, &table, &fault)) {
		if (fault.line == 0 || fault.column == 0 || memcmp(&table, &was, sizeof(was)) != 0)
			abort();
		return 0;
	}
	for (size_t i = 1; i < RMA_LEVELS; i++)
		if (table.level[i].bls_ms < 20 || table.level[i].bls_ms > 60000 ||
			table.level[i].scs_8s < 1 || table.level[i].scs_8s > 8)
			abort();
	return 0;
}
