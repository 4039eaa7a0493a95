/* A stand-in for Google's Gemini API: command line, start and stop. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api.h"
#include "bench.h"
#include "batches.h"
#include "caches.h"
#include "control.h"
#include "failures.h"
#include "files.h"
#include "overlay.h"
#include "rules.h"
#include "schema.h"
#include "standin.h"

static const char usage[] =
    "usage: standin --listen 127.0.0.1:PORT [--schema FILE] [--keys-any | --keys K1,K2]\n"
    "               [--think MS] [--control] [--loose-schemas]\n"
    "       standin --failures\n"
    "\n"
    "  --listen ADDRESS  where to listen; port 0 takes any free one\n"
    "  --schema FILE     checks request bodies against it (schema.json, made by make-schema.py);\n"
    "                    without it, the one it was built with or schema.json beside the program\n"
    "  --keys-any        every key is good (the default)\n"
    "  --keys LIST       only these keys are good\n"
    "  --think MS        a pause before an answer begins, a tenth of it between events\n"
    "  --control         opens /_control/ to everyone who can reach the port\n"
    "  --loose-schemas   takes JSON Schemas with keywords that Google does not document\n"
    "  --failures        prints the names of the failures that keys and scripts can ask for\n";

struct options {
	const char *listen;
	const char *schema;
	const char *keys;
	uint64_t think_ms;
	bool control;
	bool loose_schemas;
	bool failures;
};

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
read_options(int argc, char **argv, struct options *ret)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(name, "--keys-any") == 0) {
			ret->keys = NULL;
			continue;
		}
		if (strcmp(name, "--control") == 0) {
			ret->control = true;
			continue;
		}
		if (strcmp(name, "--loose-schemas") == 0) {
			ret->loose_schemas = true;
			continue;
		}
		if (strcmp(name, "--failures") == 0) {
			ret->failures = true;
			continue;
		}
		if (value == NULL)
			return -1;
		if (strcmp(name, "--listen") == 0)
			ret->listen = value;
		else if (strcmp(name, "--schema") == 0)
			ret->schema = value;
		else if (strcmp(name, "--keys") == 0)
			ret->keys = value;
		else if (strcmp(name, "--think") != 0 ||
			 !slice_u64(slice_str(value), &ret->think_ms) || ret->think_ms > 3600000)
			return -1;
		i++;
	}
	return ret->listen != NULL || ret->failures ? 0 : -1;
}

/* schema.json in the folder of the program; a new string. */
static char *
schema_beside(void)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
	struct buf path;

	while (len > 0 && self[len - 1] != '/')
		len--;
	buf_init(&path, 2 * sizeof(self));
	buf_add(&path, self, len > 0 ? (size_t)len : 0);
	buf_adds(&path, "schema.json");
	return buf_take(&path);
}

/* False when a schema was named and cannot be used. */
static bool
load_schema(const char *path, struct schema **ret)
{
	char *beside;

	*ret = NULL;
#ifdef STANDIN_SCHEMA
	if (path == NULL && access(STANDIN_SCHEMA, R_OK) == 0)
		path = STANDIN_SCHEMA;
#endif
	if (path != NULL)
		return (*ret = schema_load(path)) != NULL;
	beside = schema_beside();
	if (access(beside, R_OK) == 0)
		*ret = schema_load(beside);
	free(beside);
	if (*ret == NULL)
		fprintf(stderr, "standin: no schema: request bodies are not checked\n");
	return true;
}

static void
standin_init(struct standin *si, const struct options *options)
{
	uv_loop_init(&si->loop);
	wheel_init(&si->wheel, &si->loop);
	si->control = options->control;
	si->loose_schemas = options->loose_schemas;
	si->keys = options->keys;
	si->think_ms = (uint32_t)options->think_ms;
	si->bench = bench_new();
	si->rules = rules_new();
	si->records = records_new();
	si->files = files_new();
	si->caches = caches_new();
	si->batches = batches_new();
}

static void
standin_release(struct standin *si)
{
	bench_free(si->bench);
	rules_free(si->rules);
	overlay_clear();
	records_free(si->records);
	files_free(si->files);
	caches_free(si->caches);
	batches_free(si->batches);
	schema_free(si->schema);
	uv_loop_close(&si->loop);
}

static void
on_signal(uv_signal_t *handle, int signo)
{
	(void)signo;
	uv_stop(handle->loop);
}

static void
main_serve(struct standin *si)
{
	uv_signal_t term, intr;

	uv_signal_init(&si->loop, &term);
	uv_signal_init(&si->loop, &intr);
	uv_signal_start(&term, on_signal, SIGTERM);
	uv_signal_start(&intr, on_signal, SIGINT);
	uv_run(&si->loop, UV_RUN_DEFAULT);
	server_close(&si->server);
	wheel_close(&si->wheel);
	uv_close((uv_handle_t *)&term, NULL);
	uv_close((uv_handle_t *)&intr, NULL);
	uv_run(&si->loop, UV_RUN_DEFAULT);
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	static struct standin si;

	if (read_options(argc, argv, &options) != 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (options.failures) {
		failures_print();
		return 0;
	}
	raise_descriptor_limit();
	signal(SIGPIPE, SIG_IGN);
	if (!load_schema(options.schema, &si.schema))
		return 1;
	standin_init(&si, &options);
	if (server_init(&si.server, &si.loop, options.listen, &api_ops, &si) != 0)
		return 1;
	printf("listening 127.0.0.1:%d\n", si.server.port);
	fflush(stdout);
	main_serve(&si);
	standin_release(&si);
	return 0;
}
