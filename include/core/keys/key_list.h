/* Keys as the operator lists them, in an option or in a file, with what is said about each. */
#ifndef CORE_KEYS_KEY_LIST_H
#define CORE_KEYS_KEY_LIST_H

#include "core/keys/keypool.h"

struct key_list {
	struct key_spec *specs; /* each key once, in order; texts are the list's */
	unsigned *repeats;      /* for each of them, how many times more it was listed */
	size_t count;
};

struct key_list_error {
	unsigned line; /* of the file, from 1; 0: it is in the option */
	const char *reason;
};

/*
 * Reads the entries of core/keys/entries.h, `KEY project=NAME weight=N proxy=URL models=a,b*
 * name=NAME`, of an option and of a file without its comments. Of a key that is listed again, what
 * is said there fills what was left open before. -1 with ret_error, which shows no key, and an
 * empty list. Release it in both cases.
 */
int key_list_read(struct key_list *list, struct slice option, struct slice file,
    struct key_list_error *ret_error);
/* The same for a list of a caller, who may say nothing about a key. */
int key_list_read_plain(struct key_list *list, struct slice text, struct key_list_error *ret_error);
void key_list_release(struct key_list *list);

/* May this key be used for that model of Gemini's? "" stands for requests that name none. */
bool key_serves(const struct key_spec *spec, struct slice model);

#endif
