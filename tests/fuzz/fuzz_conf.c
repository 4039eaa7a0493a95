/*
 * The file of options. It is read to its end, or refused in one sentence; what a refusal says is
 * text, and a file that was taken is taken again with the same outcome.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/conf/conf.h"
#include "fuzz.h"

static const char *const nothing[] = { NULL };

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char path[64], error[CONF_ERROR_MAX] = "";
	struct conf conf, again;
	int fd = memfd_create("conf", 0);
	int rc;

	FUZZ_CHECK(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = conf_load(&conf, path, error);
	if (rc == 0) {
		FUZZ_CHECK(conf_load(&again, path, error) == 0);
		FUZZ_CHECK(conf_difference(&conf, &again, nothing) == NULL);
		conf_release(&again);
	} else {
		FUZZ_CHECK(error[0] != '\0' && strlen(error) < CONF_ERROR_MAX);
	}
	conf_release(&conf);
	close(fd);
	return 0;
}
