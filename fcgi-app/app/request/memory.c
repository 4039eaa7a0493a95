/* One counter with a ceiling. */
#include "config.h"

#include "app/request/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define MEMORY_LEAST (256 * MIB) /* for all bodies together, however small the machine */

struct memory {
	size_t most;
	atomic_size_t used;
};

/* The limit of a control group; SIZE_MAX when there is none, or no such file. */
static size_t
memory_read_limit(const char *path)
{
	unsigned long long limit;
	FILE *file = fopen(path, "re");
	bool known;

	if (file == NULL)
		return SIZE_MAX;
	known = fscanf(file, "%llu", &limit) == 1; /* "max" is none */
	fclose(file);
	return known && limit < SIZE_MAX ? (size_t)limit : SIZE_MAX;
}

static size_t
memory_of_machine(void)
{
	static const char *const limits[] = { "/sys/fs/cgroup/memory.max",
		"/sys/fs/cgroup/memory/memory.limit_in_bytes" };
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	size_t least = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		size_t limit = memory_read_limit(limits[i]);

		least = limit < least ? limit : least;
	}
	return least;
}

struct memory *
memory_new(uint64_t most)
{
	struct memory *m = xcalloc(1, sizeof(*m));
	size_t half;

	m->most = (size_t)most;
	if (most > 0)
		return m;
	half = memory_of_machine() / 2;
	m->most = half > MEMORY_LEAST ? half : MEMORY_LEAST;
	return m;
}

void
memory_free(struct memory *m)
{
	free(m);
}

size_t
memory_most(const struct memory *m)
{
	return m->most;
}

bool
memory_take(struct memory *m, size_t bytes)
{
	size_t before = atomic_fetch_add(&m->used, bytes);

	if (before <= m->most && bytes <= m->most - before)
		return true;
	atomic_fetch_sub(&m->used, bytes);
	return false;
}

void
memory_give(struct memory *m, size_t bytes)
{
	atomic_fetch_sub(&m->used, bytes);
}
