/* The script: which requests are answered otherwise, and how. */
#ifndef STANDIN_RULES_H
#define STANDIN_RULES_H

#include <json-c/json.h>

#include "failures.h"
#include "route.h"
#include "standin.h"

struct rules;
struct rule;

struct rules *rules_new(void);
void rules_free(struct rules *r);
void rules_clear(struct rules *r);
/* Adds the rules of {"rules":[...]} behind those that are there. False, and nothing added, with the
 * reason when one of them cannot be understood. */
bool rules_add(struct rules *r, json_object *script, struct buf *ret_reason);
/* The first rule with times left that fits, or NULL. */
struct rule *rules_match(
    struct rules *r, const struct request *req, const struct route *route, const char *key);
/* Early: before checks. */
bool rule_is_early(const struct rule *rule);
/* Uses the rule up by one. False when it only delays: *ret_delay_ms says how long. */
bool rule_play(struct rule *rule, const struct ask *a, uint32_t *ret_delay_ms);

#endif
