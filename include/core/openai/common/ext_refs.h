/*
 * Things outside a request that its translation depends on: media behind URLs, thought signatures,
 * stored responses. A first pass of the translator names what it wants, the app gets it, and the
 * next pass finds it; so translation stays free of I/O. The output of a pass that wanted something
 * is worthless.
 */
#ifndef CORE_OPENAI_COMMON_EXT_REFS_H
#define CORE_OPENAI_COMMON_EXT_REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/buf.h"
#include "core/api/apierror.h"

#define REF_VALUE_MAX (100 * MIB) /* one of them */

enum ref_kind {
	REF_MEDIA,     /* key: an http(s) URL; value: the bytes, mime set */
	REF_SIGNATURE, /* key: a tool call's id; value: the thought signature, Base64 */
	REF_RESPONSE,  /* key: a response's id; value: its stored document */
	REF_KINDS
};

enum ref_state {
	REF_WANTED, /* asked for, not looked up yet */
	REF_FOUND,
	REF_ABSENT, /* there is no such thing, or err tells why it cannot be had */
};

struct ref {
	enum ref_kind kind;
	enum ref_state state;
	char *key; /* of key_len bytes: a caller's text may have a zero byte */
	size_t key_len;
	char *at; /* the field that first asked, as errors name it */
	struct buf value;
	char mime[128];
	struct apierror err;
};

struct ext_refs {
	struct ref **list;
	size_t count, room;
	size_t wanted; /* how many are in REF_WANTED */
};

struct slice ref_key(const struct ref *ref);

void ext_refs_init(struct ext_refs *r);
void ext_refs_release(struct ext_refs *r);
/* The reference of that key; an unknown one becomes WANTED. at: the field's name. NULL with err
 * when there are too many (REFS_MAX of base/limits.h) of that kind: 400. */
const struct ref *ext_refs_get(
    struct ext_refs *r, enum ref_kind kind, struct slice key, const char *at, struct apierror *err);
/* How a lookup ends. Takes *value. */
void ext_refs_found(struct ext_refs *r, struct ref *ref, struct buf *value);
void ext_refs_absent(struct ext_refs *r, struct ref *ref);

#endif
