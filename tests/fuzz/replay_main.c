/*
 * Runs a fuzz target over its corpus without a fuzzer, as a TAP test. The corpus is the directory
 * named as the first argument, or $srcdir/tests/fuzz/corpus/ with the name of this program.
 */
#include "config.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "fuzz.h"

#define FILE_MAX (4 * MIB)

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Runs one file in memory of exactly its size, so that a sanitizer sees a read behind the end. */
static bool
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	struct stat st;
	bool good = false;

	if (file == NULL || fstat(fileno(file), &st) != 0 || st.st_size > (off_t)FILE_MAX)
		goto out;
	bytes = xmalloc((size_t)st.st_size);
	if (fread(bytes, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		goto out;
	LLVMFuzzerTestOneInput(bytes, (size_t)st.st_size);
	good = true;
out:
	free(bytes);
	if (file != NULL)
		fclose(file);
	return good;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char dir[4096], path[8192];
	struct dirent **entries = NULL;
	int count, failed = 0;

	if (argc > 1)
		snprintf(dir, sizeof(dir), "%s", argv[1]);
	else
		snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".",
		    name != NULL ? name + 1 : argv[0]);
	count = scandir(dir, &entries, is_visible, alphasort);
	if (count <= 0) {
		printf("Bail out! No corpus in %s\n", dir);
		return 1;
	}
	printf("1..%d\n", count + 1);
	for (int i = 0; i < count; i++) {
		bool good;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		good = replay(path);
		failed += !good;
		printf("%sok %d - %s\n", good ? "" : "not ", i + 1, entries[i]->d_name);
		fflush(stdout);
		free(entries[i]);
	}
	free(entries);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok %d - no input\n", count + 1);
	return failed > 0;
}
