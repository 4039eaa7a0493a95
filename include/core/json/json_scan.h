/*
 * Walks over JSON as bytes, at any split, and tells of members whose value is a string or a list of
 * strings, without building a document: linear, and as fast as memchr over long strings. What is
 * not JSON gives no or odd members, never harm.
 */
#ifndef CORE_JSON_JSON_SCAN_H
#define CORE_JSON_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/limits.h"

#define MEMBER_KEY_MAX   32  /* keys that a scan of members knows */
#define MEMBER_VALUE_MAX KIB /* their values, as they are written */

struct json_scan;

struct member {
	struct slice key;
	struct slice value; /* decoded, as far as escapes stand for ASCII */
	struct slice top;   /* the member of the outermost object that it stands in, or it is */
	unsigned depth;     /* 1: a member of the outermost object */
};

enum member_interest {
	MEMBER_PASS,  /* the value does not matter, what is in it may */
	MEMBER_TELL,  /* the value is wanted */
	MEMBER_CLOSED /* nothing in the value matters */
};

struct member_reader {
	enum member_interest (*interest)(const struct json_scan *m, struct slice key);
	/* Values longer than MEMBER_VALUE_MAX are not told. */
	void (*found)(struct json_scan *m, const struct member *member);
};

struct json_scan {
	const struct member_reader *reader;
	unsigned depth;
	unsigned closed;    /* the depth of what does not matter; 0: nothing */
	unsigned key_depth; /* of the member whose value comes; 0: none does */
	bool in_list;       /* that value is a list */
	bool in_string, escaped;
	bool ended; /* text is a whole string, perhaps a key */
	enum member_interest interest;
	size_t key_len, top_len, text_len;
	bool too_long;
	char key[MEMBER_KEY_MAX], top[MEMBER_KEY_MAX], text[MEMBER_VALUE_MAX];
};

void json_scan_init(struct json_scan *m, const struct member_reader *reader);
void json_scan_feed(struct json_scan *m, struct slice bytes);

#endif
