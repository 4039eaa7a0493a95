/*
 * One JSON object per line, on standard error or in a file. Message text and secrets are never
 * logged: a key appears as its fingerprint.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/buf.h"

#define LOG_LINE_MAX (8 * KIB)

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *name;
	enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_SLICE } kind;
	const char *str;
	int64_t num;
	struct slice slice;
};

#define LOG_S(n, v)  ((struct log_field){ .name = (n), .kind = LOG_FIELD_STR, .str = (v) })
#define LOG_N(n, v)  ((struct log_field){ .name = (n), .kind = LOG_FIELD_INT, .num = (int64_t)(v) })
#define LOG_SL(n, v) ((struct log_field){ .name = (n), .kind = LOG_FIELD_SLICE, .slice = (v) })

/* path: NULL or "" for standard error. Returns -1 with errno when the file cannot be opened. */
int log_open(const char *path, enum log_level level);
/* The file anew, under the path it was opened with: for who has moved it away. From any thread.
 * Returns -1 with errno, and goes on with the old one, when it cannot be opened. */
int log_reopen(const char *path);
void log_close(void);
bool log_wanted(enum log_level level);
void log_write(
    enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define log_event(level, event, ...) \
	do { \
		if (log_wanted(level)) { \
			const struct log_field fields_[] = { __VA_ARGS__ }; \
			log_write(level, event, fields_, sizeof(fields_) / sizeof(fields_[0])); \
		} \
	} while (0)

#endif
