/*
 * Allocation that aborts instead of returning NULL: every input is capped (base/limits.h), so
 * running out of memory is a fault of the machine, and a supervised daemon is restarted.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s);
/* Copies len bytes and appends a NUL. */
char *xstrndup(const char *s, size_t len);

/* Zeroes a NUL-terminated secret before freeing it; NULL is accepted. */
void secret_free(char *secret);

/* Yields p and nulls the variable: the only way to hand over a local. */
#define TAKE(p) \
	({ \
		__typeof__(p) take_ = (p); \
		(p) = NULL; \
		take_; \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
