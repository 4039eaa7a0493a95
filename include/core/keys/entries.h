/*
 * Lists of keys and of tokens, each with attributes. Two forms of the same thing:
 *
 *   a file     KEY name=value name=value     one entry a line; values up to white space
 *   an option  KEY name=value,KEY KEY        entries and values end at commas and white space
 *
 * Several keys on one line of a file, separated by commas, share its attributes. Quotation marks
 * around a key are taken off, and the brackets of a JSON array around a list.
 */
#ifndef CORE_KEYS_ENTRIES_H
#define CORE_KEYS_ENTRIES_H

#include <stdbool.h>

#include "base/buf.h"

enum entry_item {
	ENTRY_END,
	ENTRY_WORD,      /* a key or a token; value is the word */
	ENTRY_ATTRIBUTE, /* of the words since reader.first; name is one of names, value may be ""
	                  */
	ENTRY_STRAY,     /* an attribute without a word, or something behind a word that is none */
	ENTRY_UNKNOWN,   /* behind a word, what looks like an attribute and is not one of names */
};

struct entry_reader {
	struct slice rest;
	bool lines;               /* the form of a file */
	const char *const *names; /* of attributes, ended by NULL */
	unsigned line;            /* of the last item, from 1 */
	size_t words;             /* so far */
	size_t first;             /* number of the first word that an attribute here belongs to */
	bool behind;              /* in this line a word has ended */
};

/* text: comments already taken out; must outlive the reader. */
void entry_reader_init(
    struct entry_reader *r, struct slice text, bool lines, const char *const *names);

/* What a whole list is read into. Both functions answer NULL or what is wrong (static). */
struct entry_sink {
	size_t (*count)(void *ctx); /* of entries so far */
	/* at: its line, from 1, and number (words), from 1. */
	const char *(*word)(void *ctx, struct slice word, const struct entry_reader *at);
	const char *(*attribute)(void *ctx, size_t index, const char *name, struct slice value);
	const char *stray;   /* what is wrong with something that belongs nowhere */
	const char *unknown; /* with an attribute that does not exist */
};

/* Reads all of it; an attribute goes to each entry that it belongs to. NULL, or what is wrong at
 * reader->line. */
const char *entries_read(struct entry_reader *r, const struct entry_sink *sink, void *ctx);

/* True when the name is in a list such as `gemini-flash-latest,gemini-*-pro*`, whose items are
 * separated by commas or `|`; each `*` in them stands for any text. NULL and "" hold every name. */
bool entry_lists_model(const char *list, struct slice name);

/* True for the URL of a proxy: [SCHEME://][USER:PASSWORD@]HOST[:PORT][/], with a scheme that
 * libcurl knows. */
bool entry_is_proxy(struct slice url);

#endif
