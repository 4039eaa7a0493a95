/* An answer written down beforehand: a head, pieces with pauses between them, and how it ends. */
#ifndef STANDIN_PLAY_H
#define STANDIN_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "standin.h"

enum play_end {
	PLAY_END,   /* as it should */
	PLAY_CUT,   /* FIN, without the end of the body */
	PLAY_RESET, /* RST */
	PLAY_STALL, /* nothing more, the connection stays open */
};

struct play;

struct play *play_new(struct standin *si, struct conn *c);
/* The head of a body without length; type NULL for none. Without a call there is no head at all and
 * the pieces go out as they are. headers: complete lines. */
void play_head(struct play *p, int status, const char *type, const char *headers);
/* A whole answer in one go, after the pieces' pauses: it takes the place of a head. */
void play_reply(
    struct play *p, int status, const char *type, const char *headers, struct slice body);
/* One more piece, sent delay_ms after the one before it. The bytes are copied. */
void play_add(struct play *p, uint32_t delay_ms, struct slice data);
/* Before anything is sent. */
void play_wait(struct play *p, uint32_t delay_ms);
/* Every piece after the first waits for play_release_all. */
void play_gate(struct play *p);
/* The body's bytes, chunk framing included, leave in writes of n bytes, a millisecond apart. */
void play_split(struct play *p, size_t n);
/* Begins; p frees itself. It counts as a stream if it has a head without length. */
void play_start(struct play *p, enum play_end end);
/* Lets one piece of every gated play go; returns how many went. */
unsigned play_release_all(struct standin *si);

#endif
