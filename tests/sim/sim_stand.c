/* The stand: gateway, clients, time, log, and the rules that are checked at the end. */
#include "config.h"

#include "sim_fetch.h"
#include "app/serve.h"
#include "sim_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/json/json.h"
#include "unset_options.h"
#include "app/keys/keyring.h"
#include "base/buf.h"
#include "app/keys/tokens.h"

#define FIRINGS_MAX 1000000

struct sim *sim;

void
sim_break(const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (sim->broken.len > 0)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	buf_adds(&sim->broken, text);
}

/* ---- start ---- */

static bool
load_conf(struct conf *conf, const char *const *options, char error[CONF_ERROR_MAX])
{
	unset_options();
	if (conf_load(conf, NULL, error) != 0)
		return false;
	for (; *options != NULL; options++) {
		struct slice value = slice_str(*options), name;
		char *text;
		int rc;

		slice_split(&value, '=', &name);
		text = xstrndup(name.ptr, name.len);
		rc = conf_set(conf, text, value.ptr, error);
		free(text);
		if (rc != 0)
			return false;
	}
	return true;
}

/* Short secrets would be found in ordinary text. */
static void
add_secret(struct slice secret)
{
	if (secret.len < 8)
		return;
	buf_add_slice(&sim->secrets, secret);
	buf_addc(&sim->secrets, '\0');
}

/* Secrets of the server come first. */
static void
add_server_secrets(void)
{
	struct buf others = sim->secrets;
	struct slice tokens = slice_str(sim->conf.access_tokens), entry, word;

	buf_init(&sim->secrets, MIB);
	for (size_t i = 0; i < snapshot_key_count(sim->gw->snapshot); i++)
		add_secret(slice_str(keyring_secret(sim->gw->snapshot->ring, i)));
	while (slice_split(&tokens, ',', &entry))
		for (entry = slice_trim(entry); slice_split(&entry, ' ', &word);)
			if (tokens_find(sim->gw->snapshot->tokens, word) != NULL)
				add_secret(word);
	add_secret(slice_str(sim->gw->snapshot->admin));
	sim->server_secrets += sim->secrets.len;
	buf_add_slice(&sim->secrets, buf_slice(&others));
	buf_release(&others);
}

static void
open_log(void)
{
	int fd;

	snprintf(sim->log_path, sizeof(sim->log_path), "/tmp/test-sim-XXXXXX");
	fd = mkstemp(sim->log_path);
	if (fd < 0 || log_open(sim->log_path, LOG_DEBUG) != 0)
		abort();
	close(fd);
}

bool
sim_open(const char *const *options)
{
	char error[CONF_ERROR_MAX] = "";

	sim = xcalloc(1, sizeof(*sim));
	sim->now = 1000000;
	sim->clients_end = &sim->clients;
	sim->calls_end = &sim->calls;
	buf_init(&sim->broken, KIB);
	buf_init(&sim->secrets, MIB);
	buf_init(&sim->log, 256 * MIB);
	open_log();
	if (!load_conf(&sim->conf, options, error) ||
	    (sim->gw = gateway_new(&sim->conf, error)) == NULL ||
	    gateway_open(sim->gw, error) != 0) {
		printf("# %s\n", error);
		return false;
	}
	add_server_secrets();
	return true;
}

const char *
sim_reload(const char *const *options)
{
	static char error[CONF_ERROR_MAX];
	struct conf conf;

	error[0] = '\0';
	if (load_conf(&conf, options, error) && gateway_reload(sim->gw, &conf, error) == 0)
		add_server_secrets();
	conf_release(&conf);
	return error;
}

/* ---- time ---- */

void
sim_pass(uint64_t ms)
{
	uint64_t end = sim->now + ms;
	size_t firings = 0;

	for (;;) {
		struct timer *first = NULL;

		for (struct timer *t = sim->timers; t != NULL; t = t->next)
			if (t->armed && t->due <= end &&
			    (first == NULL || t->due < first->due ||
				(t->due == first->due && t->order < first->order)))
				first = t;
		if (first == NULL)
			break;
		if (++firings > FIRINGS_MAX) {
			sim_break("timers fire without end");
			break;
		}
		if (first->due > sim->now)
			sim->now = first->due;
		first->armed = false;
		first->fn(first->ctx);
		sim_settle();
	}
	sim->now = end;
}

/* ---- clients ---- */

static void
note_credentials(const struct sim_ask *ask)
{
	static const char *const names[] = { "HTTP_AUTHORIZATION=Bearer ",
		"HTTP_X_GOOG_API_KEY=", "HTTP_API_KEY=", "HTTP_X_API_KEY=" };
	struct slice rest, part;
	const char *key = strstr(ask->uri, "key=");

	for (size_t i = 0; ask->params[i] != NULL; i++)
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			rest = slice_str(ask->params[i]);
			if (!slice_startsi(rest, slice_str(names[k])))
				continue;
			rest.ptr += strlen(names[k]);
			rest.len -= strlen(names[k]);
			while (slice_split(&rest, ',', &part))
				add_secret(slice_trim(part));
		}
	rest = slice_str(key != NULL ? key + strlen("key=") : "");
	if (key != NULL && (key == ask->uri || key[-1] == '?' || key[-1] == '&') &&
	    slice_split(&rest, '&', &part))
		while (slice_split(&part, ',', &rest))
			add_secret(rest);
}

struct sim_client *
sim_ask(const struct sim_ask *ask)
{
	struct sim_client *c = xcalloc(1, sizeof(*c));

	c->ask = *ask;
	if (ask->method == NULL)
		c->ask.method = "POST";
	if (ask->uri == NULL)
		c->ask.uri = "/v1/chat/completions";
	buf_init(&c->out, SIZE_MAX / 4);
	buf_init(&c->pending, SIZE_MAX / 4);
	note_credentials(&c->ask);
	sim_conn_init(c, &c->ask);
	*sim->clients_end = c;
	sim->clients_end = &c->next;
	serve_request(sim->gw, (struct loop *)sim, &c->conn);
	sim_settle();
	return c;
}

void
sim_vanish(struct sim_client *c)
{
	if (c->state != SIM_OPEN_YET || c->conn.gone)
		return;
	c->conn.gone = true;
	c->conn.events->gone(c->conn.ctx);
	if (c->state != SIM_DROPPED)
		sim_break("the request of a client that hung up was not dropped");
	sim_settle();
}

void
sim_vanish_early(struct sim_client *c)
{
	c->conn.gone = true;
	c->conn.events->gone(c->conn.ctx);
	sim_settle();
}

void
sim_cut(struct sim_client *c)
{
	if (c->state == SIM_OPEN_YET && !c->conn.gone)
		c->conn.events->cut(c->conn.ctx);
	sim_settle();
}

void
sim_hide(struct sim_client *c)
{
	c->hidden = true;
}

void
sim_stall(struct sim_client *c)
{
	c->stalled = true;
}

void
sim_drain(struct sim_client *c)
{
	bool waiting = c->pending.len > 0;

	c->stalled = false;
	buf_add_slice(&c->out, buf_slice(&c->pending));
	buf_reset(&c->pending);
	if (waiting && c->state == SIM_OPEN_YET)
		c->conn.events->drained(c->conn.ctx);
	sim_settle();
}

/* ---- the end and its rules ---- */

static void
check_access_line(const struct sim_client *c)
{
	json_object *line = sim_access_line(c->place);
	bool gone = c->hidden || c->conn.gone;
	int64_t want = sim_status(c) != 0 ? sim_status(c) : 499;

	if (line == NULL)
		sim_break("a request has no access line");
	else if (sim_status(c) != 0 &&
		 !slice_eq(json_get_str(line, "id"), sim_header(c, "x-request-id")))
		sim_break("the access line is not that of the request");
	else if (json_get_int(line, "status", -1) != want && !gone)
		sim_break("the access line has status %d", (int)json_get_int(line, "status", -1));
	else if (json_get_int(line, "bytes_out", -1) != (int64_t)c->out.len && !gone)
		sim_break("the access line has %d bytes instead of %zu",
		    (int)json_get_int(line, "bytes_out", -1), c->out.len);
	json_object_put(line);
}

static void
check_client(struct sim_client *c)
{
	struct slice length = sim_header(c, "Content-Length");
	uint64_t number;

	if (c->state == SIM_ENDED && !c->hidden && sim_status(c) == 0)
		sim_break("a request was ended without a head");
	if (c->state == SIM_ENDED && !c->hidden && length.ptr != NULL &&
	    strcmp(c->ask.method, "HEAD") != 0 &&
	    (!slice_u64(length, &number) || number != sim_body(c).len))
		sim_break("Content-Length is not the length of the body");
	for (size_t at = 0; at < sim->server_secrets; at += strlen(sim->secrets.data + at) + 1)
		if (slice_find(buf_slice(&c->out), slice_str(sim->secrets.data + at)) >= 0)
			sim_break("a client sees a secret of the server");
	check_access_line(c);
}

static void
check_log(void)
{
	struct slice log = buf_slice(&sim->log);

	for (size_t at = 0; at < sim->secrets.len; at += strlen(sim->secrets.data + at) + 1)
		if (slice_find(log, slice_str(sim->secrets.data + at)) >= 0)
			sim_break("the log shows a secret");
	if (sim_access_line(sim->over) != NULL)
		sim_break("a request has two access lines");
}

static void
close_clients(void)
{
	for (struct sim_client *c = sim->clients; c != NULL; c = c->next)
		if (c->state == SIM_OPEN_YET) {
			sim_break("a request is not over");
			sim_vanish(c);
		}
	sim_read_log();
	check_log();
	while (sim->clients != NULL) {
		struct sim_client *c = sim->clients;

		sim_drain(c);
		check_client(c);
		sim->clients = c->next;
		sim_conn_release(c);
		buf_release(&c->out);
		buf_release(&c->pending);
		free(c);
	}
}

const char *
sim_close(void)
{
	static char broken[512];

	close_clients();
	sim_calls_release();
	sim_timers_release();
	if (sim_fetches_open() != 0)
		sim_break("a fetch was not cancelled");
	sim_fetch_release();
	if (sim->gw != NULL && sim->gw->snapshot->ring != NULL &&
	    keyring_in_flight(sim->gw->snapshot->ring) != 0)
		sim_break("a picked key was not reported");
	if (sim->local_free != NULL)
		sim->local_free(sim->local);
	gateway_free(sim->gw);
	log_close();
	unlink(sim->log_path);
	snprintf(broken, sizeof(broken), "%s", sim->broken.len > 0 ? sim->broken.data : "");
	conf_release(&sim->conf);
	buf_release(&sim->broken);
	buf_release(&sim->secrets);
	buf_release(&sim->log);
	free(TAKE(sim));
	return broken;
}
