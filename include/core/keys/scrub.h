/*
 * Hides known secrets in bytes that pass by, at any split, keeping the length, so that JSON stays
 * valid and Content-Length true. Google's error bodies repeat the key that was used. A secret is
 * found as it is and as the inside of a JSON string, in which any character may be escaped.
 */
#ifndef CORE_KEYS_SCRUB_H
#define CORE_KEYS_SCRUB_H

#include "base/buf.h"

struct scrub_set; /* immutable: the secrets and their search table (Wu-Manber, blocks of three) */

/* Copies the secrets. Those shorter than 8 bytes are left out: they would hide ordinary text. */
struct scrub_set *scrub_set_new(const struct slice *secrets, size_t count);
/* Zeroes the secrets; NULL is accepted. */
void scrub_set_free(struct scrub_set *set);

/* In what follows a set that is NULL hides nothing. */

/* Replaces every secret in data by asterisks, overlapping ones too. Returns at how many places one
 * begins. */
size_t scrub_bytes(const struct scrub_set *set, char *data, size_t len);

/* For streams: what may be passed on now. Holds back the longest tail that begins a secret. */
struct scrub_stream {
	const struct scrub_set *set;
	struct buf held; /* as it came */
	size_t hidden;   /* bytes at the start of held that belong to a secret already */
	bool escaped;    /* some of held may be an escaped character */
};

void scrub_stream_init(struct scrub_stream *s, const struct scrub_set *set);
void scrub_stream_release(struct scrub_stream *s);
/* Calls fn with clean bytes, zero or more times; most of the time once with `bytes` itself, not
 * copied. */
void scrub_stream_feed(struct scrub_stream *s, struct slice bytes,
    void (*fn)(void *ctx, struct slice clean), void *ctx);
/* The end of the data: passes on what is held. */
void scrub_stream_finish(
    struct scrub_stream *s, void (*fn)(void *ctx, struct slice clean), void *ctx);

#endif
