/* CPU time and memory of other processes. */
#include "config.h"

#include "load_watch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

bool
watch_parse(struct watch *w, const char *list)
{
	char *end;
	long pid;

	do {
		pid = strtol(list, &end, 10);
		if (end == list || pid <= 0 || w->count == WATCH_MAX)
			return false;
		w->pid[w->count++] = (pid_t)pid;
		list = end + 1;
	} while (*end == ',');
	return *end == '\0';
}

/* The process's CPU clock counts what utime + stime of /proc/PID/stat count, in nanoseconds instead
 * of ticks of 10 ms. */
static bool
cpu_us(pid_t pid, uint64_t *ret)
{
	clockid_t id;
	struct timespec ts;

	if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &ts) != 0)
		return false;
	*ret = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	return true;
}

static bool
pss_kb(pid_t pid, uint64_t *ret)
{
	char path[64], line[256];
	unsigned long long kb;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", (long)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = sscanf(line, "Pss: %llu", &kb) == 1;
	fclose(f);
	if (found)
		*ret = kb;
	return found;
}

bool
watch_sample(const struct watch *w, struct sample *ret)
{
	struct sample sum = { 0 };

	for (size_t i = 0; i < w->count; i++) {
		uint64_t us, kb;

		if (!cpu_us(w->pid[i], &us) || !pss_kb(w->pid[i], &kb))
			return false;
		sum.cpu_us += us;
		sum.pss_kb += kb;
	}
	*ret = sum;
	return true;
}
