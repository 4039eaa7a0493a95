/*
 * What is known about keys, projects, models and the host: who may be used now, who not before
 * when, and why. Pure: time and chance are arguments; the caller serialises calls.
 *
 * Quotas are properties of (project, model); a key whose project is not known counts as a project
 * of its own. When a cooldown ends, one call goes first; the others follow once it is answered, or
 * after HEALTH_PROBE_MS without an answer, for refusals come fast.
 */
#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/siphash.h"
#include "core/verdict.h"

struct health;

/* Milliseconds: monotonic, and since 1970-01-01 UTC. */
struct instant {
	uint64_t mono, wall;
};

/* The pool's keys and those of callers never push each other out of memory. */
enum health_side { HEALTH_POOL, HEALTH_CALLERS };

/* Ids are those of health_id. */
struct subject {
	enum health_side side;
	uint64_t key, project;
};

/* The widest first: each stands in the way of all behind it. */
enum health_scope { HEALTH_HOST, HEALTH_MODEL, HEALTH_PROJECT, HEALTH_KEY };

/* What stands in the way. */
struct health_bar {
	uint64_t until; /* monotonic */
	enum health_scope scope;
	struct verdict verdict; /* of the failure */
	const char *quota;      /* the violated quota's id, or ""; lives as long as the health */
};

/* How a call ended. */
struct health_event {
	struct subject who;
	uint64_t model;   /* 0: none */
	uint64_t started; /* monotonic */
	const struct verdict *verdict;
	const char *quota; /* id of the violated quota; "" or NULL: none */
	uint32_t hint_ms;  /* Google's; 0: none */
	uint64_t chance;   /* a random number, for the jitter */
	struct instant now;
};

/* key: secret, so that nobody can choose ids that collide. max: subjects remembered on each side.
 */
struct health *health_new(const uint8_t key[SIPHASH_KEY_BYTES], size_t max);
void health_free(struct health *h);
/* The id of a secret, a project or a model; never 0. */
uint64_t health_id(const struct health *h, struct slice text);

/* May calls for this model be made at all? Else false, with what stands in the way. */
bool health_open(const struct health *h, uint64_t model, uint64_t now, struct health_bar *ret);
/* May this key be used for it? */
bool health_ready(const struct health *h, const struct subject *who, uint64_t model, uint64_t now,
    struct health_bar *ret);
/* A call begins: it goes first where a cooldown has just ended. */
void health_begin(struct health *h, const struct subject *who, uint64_t model, uint64_t now);
/* True when others wait for how it ended: they should ask again. */
bool health_end(struct health *h, const struct health_event *event);
/* Google does not serve the place of this server, for all that is known. */
bool health_region(const struct health *h);

#endif
