/* Words for the ends of an upstream call. */
#include "config.h"

#include "base/netresult.h"

const char *
netresult_word(enum netresult result)
{
	static const char *const words[] = {
#define NETRESULT_WORD(symbol, word) [NET_##symbol] = word,
		NETRESULTS(NETRESULT_WORD)
#undef NETRESULT_WORD
	};

	return words[result];
}
