/*
 * What an operator may change while the process runs: keys, tokens, aliases, model families. A
 * snapshot is immutable, apart from the counters of its keys and tokens; whoever uses one holds a
 * reference, so that a request ends with the snapshot that it began with.
 */
#ifndef APP_KEYS_SNAPSHOT_H
#define APP_KEYS_SNAPSHOT_H

#include <stdatomic.h>

#include "app/conf/conf.h"
#include "core/keys/keypool.h"

struct snapshot {
	atomic_uint refs;
	struct keyring *ring;    /* the pool; NULL when there is none */
	enum balance balance;    /* also among the keys of a caller */
	unsigned *key_repeats;   /* for each key, how many times more it was listed */
	bool keys_choose_models; /* some keys serve certain models only */
	struct tokens *tokens;
	char *admin; /* the operator's token; "": there is none */
	struct models *models;
	struct families *families; /* the operator's rows about models; NULL: none */
	struct scrub_set *scrub;   /* the pool's keys */
	bool open_access;          /* everybody may use the pool */
	bool own_keys;             /* callers may bring keys */
};

/* NULL with one sentence in error when the options contradict each other or a file is not readable.
 * old: whose tokens' counters are taken over; may be NULL. One reference is the caller's. conf is
 * not needed afterwards. */
struct snapshot *snapshot_new(
    const struct conf *conf, const struct snapshot *old, char error[CONF_ERROR_MAX]);
/* From any thread. */
struct snapshot *snapshot_share(struct snapshot *snapshot);
/* NULL is accepted. */
void snapshot_drop(struct snapshot *snapshot);

size_t snapshot_key_count(const struct snapshot *snapshot);
/* One line for each key: its name in the log, and where the operator finds it. */
void snapshot_print_keys(const struct snapshot *snapshot, FILE *out);
/* One line in the log about what an operator should know of the lists. */
void snapshot_log(const struct snapshot *snapshot);

#endif
