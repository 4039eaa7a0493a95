/* Token counts of one answer, from Gemini's usageMetadata. Running totals: the last one wins. */
#ifndef CORE_GEMINI_USAGE_H
#define CORE_GEMINI_USAGE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/json/jwriter.h"

struct usage {
	bool known;
	int64_t prompt;      /* promptTokenCount: the cached part is in it */
	int64_t cached;      /* cachedContentTokenCount */
	int64_t tool_prompt; /* toolUsePromptTokenCount: not in prompt */
	int64_t candidates;  /* candidatesTokenCount: thoughts are not in it */
	int64_t thoughts;    /* thoughtsTokenCount */
	int64_t total;       /* totalTokenCount, or the sum when absent */
	int64_t prompt_audio, prompt_image, prompt_text; /* promptTokensDetails */
	int64_t output_audio, output_image, output_text; /* candidatesTokensDetails */
	char service_tier[16];
};

/* Reads a usageMetadata object; fields that are absent keep what an earlier event said. */
void usage_read(struct usage *u, json_object *metadata);
/* Adds the counts of another answer of the same request. */
void usage_add(struct usage *u, const struct usage *more);
int64_t usage_input(const struct usage *u);  /* prompt + tool_prompt */
int64_t usage_output(const struct usage *u); /* candidates + thoughts */
/* OpenAI's CompletionUsage object under key. */
void usage_write_openai(const struct usage *u, struct jwriter *w, const char *key);

/* OpenAI's ResponseUsage object under key. */
void usage_write_responses(const struct usage *u, struct jwriter *w, const char *key);

/* A side scanner for the native route: keeps the last whole "usageMetadata" object of the bytes
 * that pass by, at any split, without parsing the rest. */
struct usage_scan {
	enum { USAGE_SCAN_KEY, USAGE_SCAN_COLON, USAGE_SCAN_OBJECT } state;
	size_t matched; /* bytes of the key seen at the end of the last feed */
	int depth;      /* braces open in the object */
	bool in_string, escaped;
	struct buf object, last; /* being captured; the last whole one */
	struct usage usage;      /* after usage_scan_finish */
};

void usage_scan_init(struct usage_scan *s);
void usage_scan_release(struct usage_scan *s);
void usage_scan_feed(struct usage_scan *s, struct slice bytes);
/* Reads the last object into s->usage. May be called again after more bytes. */
void usage_scan_finish(struct usage_scan *s);

#endif
