#include "config.h"

#include "base/granted.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/xalloc.h"

#define FILES_UNKNOWN 1024
#define FILES_MOST    1000000

size_t
granted_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return FILES_UNKNOWN;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur < FILES_MOST ? (size_t)limit.rlim_cur : FILES_MOST;
}

/* Stays until all are there. */
static void *
granted_stay(void *arg)
{
	pthread_mutex_t *gate = arg;

	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

size_t
granted_threads(size_t wanted)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t *threads = xcalloc(wanted, sizeof(*threads));
	size_t count = 0;

	pthread_mutex_lock(&gate);
	while (count < wanted && pthread_create(&threads[count], NULL, granted_stay, &gate) == 0)
		count++;
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return count;
}
