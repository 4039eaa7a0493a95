#include "config.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
random_bytes(void *to, size_t len)
{
	if (getentropy(to, len) == 0)
		return;
	perror("gemini-balance: no random bytes (getentropy)");
	abort();
}

uint64_t
random_u64(void)
{
	uint64_t ret;

	random_bytes(&ret, sizeof(ret));
	return ret;
}
