/* granted.c: what the system grants is counted, not assumed. */
#include "config.h"

#include "base/granted.h"

#include <sys/resource.h>

#include "tap.h"

static void
test_files(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 32;
	limit.rlim_max = limit.rlim_max > 100 ? 100 : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	is_int(granted_files(), limit.rlim_max, "the limit is raised as far as it goes");
	getrlimit(RLIMIT_NOFILE, &limit);
	is_int(limit.rlim_cur, limit.rlim_max, "and so it is");
}

static void
test_threads(void)
{
	is_int(granted_threads(0), 0, "no thread");
	is_int(granted_threads(5), 5, "a few threads");
}

int
main(void)
{
	test_files();
	test_threads();
	return tap_done();
}
