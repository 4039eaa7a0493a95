/*
 * What is known about keys, projects, models and the host: who may be used now, who not before
 * when, and why. Pure: time and chance are arguments; the caller serialises calls.
 *
 * Quotas are properties of (project, model); a key whose project is not known counts as a project
 * of its own. When a cooldown ends, one call goes first; the others follow once it is answered, or
 * after HEALTH_PROBE_MS without an answer, for refusals come fast.
 */
#ifndef CORE_KEYS_HEALTH_H
#define CORE_KEYS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/siphash.h"
#include "core/gemini/verdict.h"

#define HEALTH_PROBE_MS           2000    /* after a cooldown one call is so far ahead of others */
#define HEALTH_MIDNIGHT_SPREAD_MS 5000    /* quotas of a day are tried so long after midnight */
#define HEALTH_LATE_MS            3600000 /* Google may reset so late */
#define HEALTH_LATE_CHECK_MS      300000  /* checks until then */
#define HEALTH_MODEL_FREE         3       /* faults of a model in a row before it is given a rest */
#define HEALTH_MODEL_MS           500     /* the rest, doubled */
#define HEALTH_SLOW_MAX_MS        8000    /* when it says that it is overloaded */
#define HEALTH_FAULT_MAX_MS       2000    /* when one caller's request may be the cause */
#define HEALTH_HOST_MS            5000    /* rest of an address that is throttled, doubled */
#define HEALTH_SUSPECT_MS         10000   /* within this mean the address */

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
	uint64_t model;       /* 0: none */
	uint64_t quota_model; /* whose quota it is, when Google names another; 0: none */
	uint64_t started;     /* monotonic */
	const struct verdict *verdict;
	const char *quota; /* id of the violated quota; "" or NULL: none */
	uint32_t hint_ms;  /* Google's; 0: none */
	uint64_t chance;   /* a random number, for the jitter */
	struct instant now;
	uint64_t source; /* what was asked, and by whom; 0: not known */
};

/* key: secret, so that nobody can choose ids that share a place in the tables. max: subjects
 * remembered on each side. */
struct health *health_new(const uint8_t key[SIPHASH_KEY_BYTES], size_t max);
void health_free(struct health *h);
/* The id of a secret, a project or a model, the same in every process; never 0. */
uint64_t health_id(struct slice text);

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

/* Google has told to which project a key belongs. */
void health_learn(struct health *h, enum health_side side, uint64_t key, uint64_t project);
/* That project's id, or 0. */
uint64_t health_project(const struct health *h, enum health_side side, uint64_t key);

/*
 * Several processes that share what they learn: each tells the others every change by its name, a
 * short word, and in a text of one line, of which the newest counts. Texts have wall clock times.
 */
#define HEALTH_NAME_MAX 24
#define HEALTH_TEXT_MAX 256

struct health_watch {
	uint64_t place; /* id of the machine: an address that is slowed down is its own matter */
	void (*told)(void *ctx, struct slice name, struct slice text);
	void *ctx;
};

/* told is called for every change from now on; it must not call back. */
void health_set_watch(struct health *h, const struct health_watch *watch);
/* Tells everything that is known, as after a change. */
void health_tell_all(const struct health *h, const struct instant *now);
/* What another told, or this one. True when something is better than was known: others may wait
 * for that. What is not understood is ignored. */
bool health_take(struct health *h, struct slice name, struct slice text, const struct instant *now);
/* Grows whenever health_take made something better on that side, or brought a project. */
uint64_t health_news(const struct health *h, enum health_side side);

#endif
