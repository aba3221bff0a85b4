// SPDX-License-Identifier: BSD-3-Clause
#include "lib/rma.h"

const struct rma_table rma_table_default = {
	.playout_depth_ms = 60,
	.scs_ms = 50,
	.media_stall_ms = 2000,
	.level =
		{
			{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
			{2000, 2000, 16, 200000, 7},
			{1500, 1500, 12, 150000, 6},
			{1000, 1000, 8, 100000, 4},
			{500, 500, 5, 60000, 3},
			{300, 240, 3, 40000, 2},
		},
};
