// SPDX-License-Identifier: BSD-3-Clause
// The ticket vectors of protocol.md 2.13 and Appendix A, by their ids.
#pragma once

#define TICKET_PASSWORD "Tk1-9f!BCDEFGHJKLMNP"

#define TICKET_2_13                                                                                \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEACQAUkkPnAaT7"                 \
	"GqxLHy67zvBb3wJmq2Q="
#define TICKET_A1                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEACQAUkkPnAaT7"                 \
	"GqxLHy67zvBb3wJmq2U="
#define TICKET_A2                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAIACQAUm24oRPRC"                 \
	"3LSPQEkyQvw33PEt9To="
#define TICKET_A3                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEACQAU4kUaknNZ"                 \
	"NwzvzeEx2TqmL14vgoY="
#define TICKET_A4                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEACQAUkkPnAaT7"                 \
	"GqxLHy67zvBb3w=="
#define TICKET_A5                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEABAAMKzE0MDg1"                 \
	"NTUwMTk5AAkAFO/G9kwqy9CUMmK/AuffwOd/9EK0"
#define TICKET_A6                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAGAAQABeAAJABSN"                 \
	"IKYo8SlxrkqEjraoL5fJB3j7eA=="
#define TICKET_A7                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEAQgABeAAJABQC"                 \
	"MpLTCyTXBro5RVa8DON9zOlv9w=="
#define TICKET_A8                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFEVudGVycHJpc2UtQi5FWEFNUExFAAgABAAAAAEACQAUmYlmbcdc"                 \
	"SsIJgAKZF3wwki5aZUI="
#define TICKET_A9                                                                                  \
	"AAEAEI9PLB5tG0o3nFUBI0VniasAAgAQAAECAwQFBgcICQoLDA0ODwADABDtADeAAAAAAO3u"                 \
	"1wAAAAAAAAQADCsxNDA4NTU1MDEyMwAFABChssPU5fYHGCk6S1xtfo+QAAYAFGVudGVycHJp"                 \
	"c2UtYS5leGFtcGxlAAcAFGVudGVycHJpc2UtYi5leGFtcGxlAAgABAAAAAEACQAgl+6qq1lT"                 \
	"d1VqGc4tYvpAI97KdNa+WMTWwlB8gsPdCRk="
