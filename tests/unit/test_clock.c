/* clock.c: time goes on while the machine is suspended. */
#include "config.h"

#include "base/clock.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "tap.h"

#define SUSPENDED_S 3600

static uint64_t
system_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
test_forward(void)
{
	uint64_t first = clock_mono_ms(), before = system_ms(), wall = clock_wall_ms();

	ok(first > 0 && clock_mono_ms() >= first, "it does not go back");
	ok(before <= wall && wall <= system_ms(), "the wall clock is the system's");
}

#ifdef CLONE_NEWTIME

/* For children: as if the machine had been suspended for an hour. False when the system does not
 * let us. */
static bool
pretend_suspend(void)
{
	char text[64];
	int fd, len = snprintf(text, sizeof(text), "boottime %d 0\n", SUSPENDED_S);
	bool done;

	if (unshare(CLONE_NEWTIME) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0)
		return false;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, text, (size_t)len) == len;
	if (fd >= 0)
		close(fd);
	return done;
}

static void
test_suspend(void)
{
	uint64_t before = clock_mono_ms();
	int status = 1;
	pid_t child;

	if (!pretend_suspend()) {
		ok(true, "time in suspend # SKIP no time namespaces");
		return;
	}
	child = fork();
	if (child == 0)
		_exit(clock_mono_ms() - before >= SUSPENDED_S * 1000 ? 0 : 1);
	ok(child > 0 && waitpid(child, &status, 0) == child && status == 0,
	    "the hour in suspend counts");
}

#else

static void
test_suspend(void)
{
	ok(true, "time in suspend # SKIP no time namespaces");
}

#endif

int
main(void)
{
	test_forward();
	test_suspend();
	return tap_done();
}
