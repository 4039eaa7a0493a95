/* The prices are those of json-c 0.16 on 64 bits, with malloc's own share; test_json_cost.c holds
 * them against what malloc says. */
#include "config.h"

#include "core/json/json_cost.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define OBJECT_COST  832 /* with the table that every object begins with */
#define OBJECT_FREE  10  /* members that fit into it */
#define MEMBER_COST  136 /* of each further one: the table doubles when it is two thirds full */
#define ARRAY_COST   368 /* with the slots that every array begins with */
#define ARRAY_FREE   32  /* elements that fit into them */
#define ELEMENT_COST 24  /* of each further one: old and new slots exist together */
#define STRING_COST  80  /* beside its bytes */
#define INTEGER_COST 64
#define DECIMAL_COST 128 /* it keeps its text */
#define BOOLEAN_COST 56

/* One pass over a text. */
struct pass {
	struct slice text;
	size_t at, cost;
	size_t depth;
	uint32_t counts[JSON_DEPTH_MAX + 1]; /* members or elements, by depth */
	bool lists[JSON_DEPTH_MAX + 1];
};

/* json-c refuses what is deeper: there its price does not matter. */
static size_t
cost_level(const struct pass *p)
{
	return p->depth <= JSON_DEPTH_MAX ? p->depth : JSON_DEPTH_MAX;
}

static void
open_value(struct pass *p, bool list)
{
	p->depth++;
	p->counts[cost_level(p)] = 0;
	p->lists[cost_level(p)] = list;
	p->cost += list ? ARRAY_COST : OBJECT_COST;
}

/* A comma or a colon: one more element, or one more member. */
static void
count_one(struct pass *p, bool comma)
{
	bool list = p->lists[cost_level(p)];
	uint32_t count;

	if (list != comma)
		return;
	count = ++p->counts[cost_level(p)];
	if (list && count >= ARRAY_FREE)
		p->cost += ELEMENT_COST;
	else if (!list && count > OBJECT_FREE)
		p->cost += MEMBER_COST;
}

/* Behind the opening quote. */
static void
cost_skip_string(struct pass *p)
{
	const char *from = p->text.ptr + p->at, *end = p->text.ptr + p->text.len, *quote = from;
	size_t slashes;

	do {
		quote = memchr(quote, '"', (size_t)(end - quote));
		if (quote == NULL) {
			p->cost += STRING_COST + (size_t)(end - from);
			p->at = p->text.len;
			return;
		}
		for (slashes = 0; quote - slashes > from && quote[-1 - (ptrdiff_t)slashes] == '\\';)
			slashes++;
		quote++;
	} while (slashes % 2 == 1);
	p->cost += STRING_COST + (size_t)(quote - from);
	p->at = (size_t)(quote - p->text.ptr);
}

/* A number or a word, at its first byte. */
static void
cost_skip_scalar(struct pass *p)
{
	const char *s = p->text.ptr;
	size_t from = p->at;
	bool decimal = false;

	for (; p->at < p->text.len && strchr(",]}: \t\r\n\"", s[p->at]) == NULL; p->at++)
		decimal = decimal || s[p->at] == '.' || s[p->at] == 'e' || s[p->at] == 'E';
	if (p->at == from)
		p->at++; /* a NUL */
	else if (s[from] == 't' || s[from] == 'f')
		p->cost += BOOLEAN_COST;
	else if (s[from] != 'n')
		p->cost += decimal ? DECIMAL_COST + p->at - from : INTEGER_COST;
}

size_t
json_cost(struct slice text, size_t most)
{
	struct pass p = { .text = text };

	while (p.at < text.len && p.cost <= most) {
		switch (text.ptr[p.at]) {
		case '{':
		case '[':
			open_value(&p, text.ptr[p.at++] == '[');
			break;
		case '}':
		case ']':
			p.depth -= p.depth > 0;
			p.at++;
			break;
		case ',':
		case ':':
			count_one(&p, text.ptr[p.at++] == ',');
			break;
		case '"':
			p.at++;
			cost_skip_string(&p);
			break;
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			p.at++;
			break;
		default:
			cost_skip_scalar(&p);
		}
	}
	return p.cost;
}
