/*
 * Google takes recursion only in properties that need not be there, null or not. A definition that
 * needs itself through required properties gets those made optional; one that needs itself through
 * arrays and unions alone has the reference replaced by what anything fits.
 */
#include "config.h"

#include "schema_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum pass {
	PASS_ALL,    /* notes all references in required places */
	PASS_FREE,   /* makes properties on a cycle optional */
	PASS_DIRECT, /* notes references that no property is around */
	PASS_OPEN,   /* replaces those on a cycle */
};

struct edge {
	size_t from, to;
};

struct graph {
	struct schema_run *run;
	enum pass pass;
	size_t from;        /* whose schema is looked at, as a place in run->queue */
	struct edge *edges; /* in the order of `from` */
	size_t count, room;
	size_t *number;    /* of a definition, by index: its place in run->queue */
	size_t *component; /* of a place in the queue: definitions that reach each other */
	bool opened;       /* a reference was replaced */
	bool failed;       /* run->err says why */
};

static void
add_edge(struct graph *g, size_t to)
{
	if (g->count == g->room) {
		g->room = g->room * 2 + 64;
		g->edges = xrealloc(g->edges, g->room * sizeof(*g->edges));
	}
	g->edges[g->count++] = (struct edge){ g->from, to };
}

/* ---- the walk ---- */

/* True for a reference in schema that the nearest property around has to be made optional for.
 * around: some property is. */
static bool cycles_visit(struct graph *g, json_object *schema, bool around);

static bool
visit_ref(struct graph *g, json_object *schema, json_object *ref, bool around)
{
	struct schema_def *def = schema_target(g->run, ref);
	size_t to = g->number[json_get_int(g->run->names, def->name, 0)];
	bool cycle = (g->pass == PASS_FREE || g->pass == PASS_OPEN) &&
	             g->component[g->from] == g->component[to];

	if (g->pass == PASS_ALL || (g->pass == PASS_DIRECT && !around))
		add_edge(g, to);
	if (g->pass == PASS_OPEN && cycle && !around) {
		json_object_object_del(schema, "$ref");
		g->opened = true;
		if (schema_note_key(g->run, CHANGE_DROPPED, "$ref") != 0)
			g->failed = true;
	}
	return g->pass == PASS_FREE && cycle && around;
}

/* The required names without those in freed. */
static void
cycles_unrequire(struct graph *g, json_object *schema, json_object *freed)
{
	json_object *names = json_get(schema, "required"), *left = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(names); i++) {
		json_object *name = json_object_array_get_idx(names, i);

		if (json_object_object_get_ex(freed, json_object_get_string(name), NULL))
			continue;
		json_append(left, json_object_get(name));
	}
	if (json_object_array_length(left) > 0)
		json_put(schema, "required", TAKE(left));
	else
		json_object_object_del(schema, "required");
	json_object_put(left);
	if (schema_note_key(g->run, CHANGE_REWRITTEN, "required") != 0)
		g->failed = true;
}

/* Optional properties are not entered: what is in them may refer to anything. */
static void
visit_properties(struct graph *g, json_object *schema, json_object *properties)
{
	json_object *names = json_get_array(schema, "required");
	json_object *required = json_object_new_object(), *freed = json_object_new_object();

	for (size_t i = 0; names != NULL && i < json_object_array_length(names); i++)
		json_put(
		    required, json_object_get_string(json_object_array_get_idx(names, i)), NULL);
	json_object_object_foreach(properties, name, member)
	{
		size_t outer = schema_push(g->run, "properties");

		schema_push(g->run, name);
		if (json_object_object_get_ex(required, name, NULL) &&
		    cycles_visit(g, member, true))
			json_put(freed, name, NULL);
		schema_pop(g->run, outer);
	}
	if (json_object_object_length(freed) > 0)
		cycles_unrequire(g, schema, freed);
	json_object_put(required);
	json_object_put(freed);
}

static bool
visit_list(struct graph *g, json_object *list, bool around)
{
	bool found = false;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		size_t mark = schema_push_index(g->run, i);

		found = cycles_visit(g, json_object_array_get_idx(list, i), around) || found;
		schema_pop(g->run, mark);
	}
	return found;
}

static bool
cycles_visit(struct graph *g, json_object *schema, bool around)
{
	json_object *ref = json_get(schema, "$ref");
	bool found = false;

	if (!json_object_is_type(schema, json_type_object))
		return false;
	if (ref != NULL)
		return visit_ref(g, schema, ref, around);
	/* This may delete a keyword, so it cannot be part of the loop. */
	if (json_get(schema, "properties") != NULL)
		visit_properties(g, schema, json_get(schema, "properties"));
	json_object_object_foreach(schema, key, value)
	{
		size_t mark = schema_push(g->run, key);

		if (strcmp(key, "items") == 0 || strcmp(key, "additionalProperties") == 0)
			found = cycles_visit(g, value, around) || found;
		else if (strcmp(key, "anyOf") == 0 || strcmp(key, "oneOf") == 0 ||
			 strcmp(key, "prefixItems") == 0)
			found = visit_list(g, value, around) || found;
		schema_pop(g->run, mark);
	}
	return found;
}

/* ---- which definitions reach each other ---- */

/* Tarjan's strongly connected components, with a stack of its own. */
struct search {
	const struct graph *g;
	size_t *start;        /* of a node: its first edge; one more at the end */
	size_t *next;         /* the edge to follow next */
	size_t *order, *low;  /* order is 0 before the first visit */
	size_t *path, *nodes; /* the way to the node at hand; nodes without component */
	size_t deep, open, visited, components;
};

static void
cycles_enter(struct search *s, size_t node)
{
	s->order[node] = s->low[node] = ++s->visited;
	s->next[node] = s->start[node];
	s->path[s->deep++] = node;
	s->nodes[s->open++] = node;
}

static void
cycles_leave(struct search *s, size_t node)
{
	size_t member;

	s->deep--;
	if (s->deep > 0 && s->low[node] < s->low[s->path[s->deep - 1]])
		s->low[s->path[s->deep - 1]] = s->low[node];
	if (s->low[node] != s->order[node])
		return;
	do {
		member = s->nodes[--s->open];
		s->g->component[member] = s->components;
	} while (member != node);
	s->components++;
}

static void
search_from(struct search *s, size_t first)
{
	cycles_enter(s, first);
	while (s->deep > 0) {
		size_t node = s->path[s->deep - 1], to;

		if (s->next[node] == s->start[node + 1]) {
			cycles_leave(s, node);
			continue;
		}
		to = s->g->edges[s->next[node]++].to;
		if (s->order[to] == 0)
			cycles_enter(s, to);
		else if (s->g->component[to] == SIZE_MAX && s->order[to] < s->low[node])
			s->low[node] = s->order[to];
	}
}

static void
find_components(struct graph *g)
{
	size_t nodes = g->run->queued, edge = 0;
	struct search s = { .g = g };

	s.start = xcalloc(nodes + 1, sizeof(size_t));
	s.next = xcalloc(nodes + 1, sizeof(size_t));
	s.order = xcalloc(nodes + 1, sizeof(size_t));
	s.low = xcalloc(nodes + 1, sizeof(size_t));
	s.path = xcalloc(nodes + 1, sizeof(size_t));
	s.nodes = xcalloc(nodes + 1, sizeof(size_t));
	for (size_t node = 0; node < nodes; node++) {
		g->component[node] = SIZE_MAX;
		s.start[node] = edge;
		while (edge < g->count && g->edges[edge].from == node)
			edge++;
	}
	s.start[nodes] = edge;
	for (size_t node = 0; node < nodes; node++)
		if (s.order[node] == 0)
			search_from(&s, node);
	free(s.start);
	free(s.next);
	free(s.order);
	free(s.low);
	free(s.path);
	free(s.nodes);
}

/* ---- all of it ---- */

static void
cycles_walk(struct graph *g, enum pass pass)
{
	struct schema_run *run = g->run;

	g->pass = pass;
	g->count = 0;
	for (g->from = 0; g->from < run->queued && !g->failed; g->from++) {
		struct schema_def *def = run->defs[run->queue[g->from]];

		schema_pop(run, 0);
		buf_adds(&run->path, def->place.path);
		cycles_visit(g, def->out, false);
	}
}

/* A union that an opened reference is a member of says nothing any more: what is clean, apart from
 * that, is finished again. */
static int
finish_again(struct schema_run *run)
{
	run->written = 0;
	for (size_t i = 0; i < run->queued; i++) {
		struct schema_def *def = run->defs[run->queue[i]];
		json_object *out = NULL;

		schema_pop(run, 0);
		buf_adds(&run->path, def->place.path);
		if (schema_finish(run, def->out, &out) != 0)
			return -1;
		json_object_put(def->out);
		def->out = out;
	}
	return 0;
}

int
schema_break_cycles(struct schema_run *run)
{
	struct graph g = { .run = run };

	if (run->queued == 0)
		return 0;
	g.number = xcalloc(run->def_count, sizeof(size_t));
	g.component = xcalloc(run->queued, sizeof(size_t));
	for (size_t i = 0; i < run->queued; i++)
		g.number[run->queue[i]] = i;
	cycles_walk(&g, PASS_ALL);
	find_components(&g);
	cycles_walk(&g, PASS_FREE);
	cycles_walk(&g, PASS_DIRECT);
	find_components(&g);
	if (!g.failed)
		cycles_walk(&g, PASS_OPEN);
	if (g.opened && !g.failed)
		g.failed = finish_again(run) != 0;
	free(g.edges);
	free(g.number);
	free(g.component);
	return g.failed ? -1 : 0;
}
