/* An empty file of its own for a test. */
#ifndef TESTS_UNIT_TEMP_FILE_H
#define TESTS_UNIT_TEMP_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* path: ends with XXXXXX, which becomes the file's name. Without a file the test ends. */
static inline void
temp_file(char *path)
{
	int fd = mkstemp(path);

	if (fd < 0) {
		printf("Bail out! no file %s\n", path);
		exit(1);
	}
	close(fd);
}

#endif
