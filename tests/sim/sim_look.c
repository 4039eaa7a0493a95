/* What a test may look at: the client's bytes, the log, the calls. */
#include "config.h"

#include "sim_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "core/json/json.h"

enum sim_state
sim_state(const struct sim_client *c)
{
	return c->state;
}

struct slice
sim_head_of(const struct sim_client *c)
{
	struct slice out = buf_slice(&c->out);
	ptrdiff_t end = slice_find(out, SLICE("\r\n\r\n"));

	return (struct slice){ out.ptr, end < 0 ? 0 : (size_t)end + 4 };
}

struct slice
sim_body(const struct sim_client *c)
{
	size_t head = sim_head_of(c).len;

	return (struct slice){ buf_slice(&c->out).ptr + head, c->out.len - head };
}

struct slice
sim_header(const struct sim_client *c, const char *name)
{
	struct slice rest = sim_head_of(c), line, found;

	while (slice_split(&rest, '\n', &line))
		if (slice_split(&line, ':', &found) && slice_eqi(found, slice_str(name)))
			return slice_trim(line);
	return (struct slice){ NULL, 0 };
}

int
sim_status(const struct sim_client *c)
{
	struct slice status = sim_header(c, "Status");

	return status.ptr != NULL ? atoi(status.ptr) : 0;
}

size_t
sim_count(const struct sim_client *c, const char *text)
{
	struct slice rest = sim_body(c);
	size_t count = 0;
	ptrdiff_t at;

	for (; (at = slice_find(rest, slice_str(text))) >= 0; count++)
		rest = (struct slice){ rest.ptr + at + strlen(text),
			rest.len - (size_t)at - strlen(text) };
	return count;
}

bool
sim_forgotten(const struct sim_client *c)
{
	return c->conn.arena == NULL;
}

bool
sim_has(const struct sim_client *c, const char *text)
{
	return slice_find(sim_body(c), slice_str(text)) >= 0;
}

/* ---- log ---- */

void
sim_read_log(void)
{
	FILE *file = fopen(sim->log_path, "re");
	char bytes[16 * KIB];
	size_t n;

	buf_reset(&sim->log);
	if (file == NULL)
		return;
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add(&sim->log, bytes, n);
	fclose(file);
}

json_object *
sim_access_line(size_t n)
{
	struct slice rest = buf_slice(&sim->log), line;

	while (slice_split(&rest, '\n', &line)) {
		json_object *doc;

		if (slice_find(line, SLICE("\"event\":\"request\"")) < 0 || n-- > 0)
			continue;
		doc = json_read(line);
		if (doc == NULL)
			sim_break("a log line is not JSON");
		return doc;
	}
	return NULL;
}

const char *
sim_log(const struct sim_client *c, const char *field)
{
	static char text[256];
	struct slice value;
	json_object *line;

	sim_read_log();
	line = c->state != SIM_OPEN_YET ? sim_access_line(c->place) : NULL;
	value = json_get_str(line, field);
	snprintf(text, sizeof(text), "%.*s", (int)value.len, value.ptr);
	json_object_put(line);
	return text;
}

int64_t
sim_log_int(const struct sim_client *c, const char *field)
{
	json_object *line;
	int64_t value;

	sim_read_log();
	line = c->state != SIM_OPEN_YET ? sim_access_line(c->place) : NULL;
	value = json_get_int(line, field, -1);
	json_object_put(line);
	return value;
}

/* ---- calls ---- */

size_t
sim_calls(void)
{
	size_t count = 0;

	for (struct sim_call *k = sim->calls; k != NULL; k = k->next)
		count++;
	return count;
}

struct sim_call *
sim_call(size_t i)
{
	struct sim_call *k = sim->calls;

	while (k != NULL && i-- > 0)
		k = k->next;
	if (k == NULL)
		sim_break("the test asks for a call that was not made");
	return k;
}

struct sim_call *
sim_last_call(void)
{
	size_t count = sim_calls();

	return sim_call(count > 0 ? count - 1 : 0);
}

const char *
sim_method(const struct sim_call *k)
{
	return k != NULL ? k->method : "";
}

const char *
sim_url(const struct sim_call *k)
{
	return k != NULL ? k->url : "";
}

const char *
sim_key(const struct sim_call *k)
{
	return k != NULL ? k->key : "";
}

const char *
sim_proxy(const struct sim_call *k)
{
	return k != NULL ? k->proxy : "";
}

struct slice
sim_sent(const struct sim_call *k)
{
	return k != NULL ? buf_slice(&k->body) : SLICE("");
}

struct slice
sim_line(const struct sim_call *k, const char *name)
{
	struct header_lines lines;
	struct slice found, value;
	size_t pos = 0;

	if (k == NULL)
		return (struct slice){ NULL, 0 };
	lines.text = k->lines;
	while (header_lines_next(&lines, &pos, &found, &value))
		if (slice_eqi(found, slice_str(name)))
			return value;
	return (struct slice){ NULL, 0 };
}

bool
sim_wanted(const struct sim_call *k)
{
	return k != NULL && !k->over;
}

bool
sim_cancelled(const struct sim_call *k)
{
	return k != NULL && k->cancelled;
}

bool
sim_paused(const struct sim_call *k)
{
	return k != NULL && k->paused;
}
