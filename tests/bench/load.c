/*
 * Load generator: the same request many times over HTTP/1.1 or FastCGI, strict about every answer,
 * with an eye on the CPU time and memory of the processes that serve it. tests/bench/README.md.
 */
#include "config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/xalloc.h"
#include "load_run.h"

#define BODY_MAX_BYTES (256UL * 1024 * 1024)
#define READ_BYTES_MAX (16UL * 1024 * 1024)
#define WIRE_MAX_BYTES (BODY_MAX_BYTES + 1024 * 1024)

static const char usage[] =
    "usage: load --target TARGET [option...]\n"
    "  --target TARGET      http://HOST:PORT | http:unix:PATH | fcgi:HOST:PORT | fcgi:unix:PATH\n"
    "  --path PATH          with the query; / by default\n"
    "  --method METHOD      GET, or POST with a body\n"
    "  --header NAME:VALUE  repeatable\n"
    "  --body-file FILE     request body\n"
    "  --streams N          N requests open at once, one each\n"
    "  --concurrency N      clients in a closed loop (1)\n"
    "  --requests M         requests in all (1)\n"
    "  --ramp MS            spread the opening over this time; 0: at once\n"
    "  --no-keepalive       a connection for each HTTP request\n"
    "  --expect-events E    each answer has E `data:` events; [DONE] and comments do not count\n"
    "  --expect-bytes B     each answer has a body of B bytes\n"
    "  --expect-done        each answer ends with [DONE]\n"
    "  --read-bytes B       read so much at a time at most (262144)\n"
    "  --watch-pid P[,P]    processes whose CPU time and memory are measured\n"
    "  --plateau MS         second memory sample, counted from the last first byte (1000)\n"
    "  --timeout MS         of the whole run (120000)\n"
    "  --json               one JSON object instead of text\n"
    "Exit status: 0 all answers good, 1 some failed, 2 no run.\n";

struct settings {
	struct run_conf run;
	struct request request;
	struct buf body;
	bool have_target;
	bool json;
};

static bool
read_body(struct settings *set, const char *path)
{
	FILE *f = fopen(path, "re");
	char *room;
	size_t n = 1;

	if (f == NULL)
		return false;
	while (n > 0 && (room = buf_room(&set->body, 65536)) != NULL) {
		n = fread(room, 1, 65536, f);
		set->body.len += n;
	}
	fclose(f);
	set->request.has_body = true;
	return n == 0;
}

static bool
take_target(struct settings *set, const char *text)
{
	return set->have_target = target_parse(&set->run.target, text);
}

static bool
take_header(struct settings *set, const char *text)
{
	struct request *rq = &set->request;

	if (rq->header_count == REQUEST_HEADERS_MAX || strchr(text, ':') == NULL)
		return false;
	rq->headers[rq->header_count++] = text;
	return true;
}

static bool
take_streams(struct settings *set, const char *text)
{
	if (!slice_u64(slice_str(text), &set->run.requests))
		return false;
	set->run.slots = set->run.requests;
	return true;
}

static bool
take_watch(struct settings *set, const char *text)
{
	return watch_parse(&set->run.watch, text);
}

enum kind { FLAG_ON, FLAG_OFF, TEXT, NUMBER, CALL };

#define AT(member) .offset = offsetof(struct settings, member)

static const struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	bool (*call)(struct settings *set, const char *text);
} rows[] = {
	{ "target", CALL, .call = take_target },
	{ "path", TEXT, AT(request.path) },
	{ "method", TEXT, AT(request.method) },
	{ "header", CALL, .call = take_header },
	{ "body-file", CALL, .call = read_body },
	{ "streams", CALL, .call = take_streams },
	{ "concurrency", NUMBER, AT(run.slots) },
	{ "requests", NUMBER, AT(run.requests) },
	{ "ramp", NUMBER, AT(run.ramp_ms) },
	{ "no-keepalive", FLAG_OFF, AT(run.keep) },
	{ "expect-events", NUMBER, AT(run.expect_events) },
	{ "expect-bytes", NUMBER, AT(run.expect_bytes) },
	{ "expect-done", FLAG_ON, AT(run.expect_done) },
	{ "read-bytes", NUMBER, AT(run.read_bytes) },
	{ "watch-pid", CALL, .call = take_watch },
	{ "plateau", NUMBER, AT(run.plateau_ms) },
	{ "timeout", NUMBER, AT(run.timeout_ms) },
	{ "json", FLAG_ON, AT(json) },
};

static bool
take_row(struct settings *set, const struct row *row, const char *text)
{
	void *at = (char *)set + row->offset;

	switch (row->kind) {
	case FLAG_ON:
	case FLAG_OFF:
		*(bool *)at = row->kind == FLAG_ON;
		return true;
	case TEXT:
		*(const char **)at = text;
		return true;
	case NUMBER:
		return slice_u64(slice_str(text), at);
	case CALL:
		return row->call(set, text);
	}
	return false;
}

static bool
take_options(struct settings *set, int argc, char **argv)
{
	struct option options[ARRAY_SIZE(rows) + 1] = { { 0 } };
	struct run_conf *run = &set->run;
	int index, got;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool flag = rows[i].kind == FLAG_ON || rows[i].kind == FLAG_OFF;

		options[i].name = rows[i].name;
		options[i].has_arg = flag ? no_argument : required_argument;
	}
	while ((got = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (got == '?')
			return false;
		if (!take_row(set, &rows[index], optarg)) {
			fprintf(stderr, "load: --%s: bad value: %s\n", rows[index].name, optarg);
			return false;
		}
	}
	if (!set->have_target || optind < argc || run->requests == 0 || run->slots == 0 ||
	    run->read_bytes == 0 || run->read_bytes > READ_BYTES_MAX)
		return false;
	if (run->slots > run->requests)
		run->slots = run->requests;
	if (set->request.method == NULL)
		set->request.method = set->request.has_body ? "POST" : "GET";
	set->request.body = buf_slice(&set->body);
	set->request.keep = run->keep;
	return true;
}

static void
load_put(struct buf *out, bool json, const char *name, double value)
{
	if (json)
		buf_addf(out, "%s\"%s\":%.10g", out->len > 1 ? "," : "", name, value);
	else
		buf_addf(out, "%-20s %.10g\n", name, value);
}

static void
put_hist(struct buf *out, bool json, const char *name, const struct hist *h)
{
	static const struct {
		const char *suffix;
		double percent;
	} at[] = { { "p50", 50 }, { "p99", 99 }, { "max", 100 } };
	char full[64];

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		snprintf(full, sizeof(full), "%s_%s_us", name, at[i].suffix);
		load_put(out, json, full, (double)hist_at(h, at[i].percent));
	}
}

static void
put_watched(struct buf *out, bool json, const struct run_result *res)
{
	double cpu = (double)(res->end.cpu_us - res->before.cpu_us);
	double grown = (double)res->plateau.pss_kb - (double)res->before.pss_kb;
	double requests = (double)(res->completed + res->failed.total);

	load_put(out, json, "cpu_us", cpu);
	load_put(out, json, "cpu_us_per_request", cpu / requests);
	if (res->events > 0)
		load_put(out, json, "cpu_us_per_event", cpu / (double)res->events);
	load_put(out, json, "pss_before_kb", (double)res->before.pss_kb);
	load_put(out, json, "pss_plateau_kb", (double)res->plateau.pss_kb);
	load_put(out, json, "pss_end_kb", (double)res->end.pss_kb);
	if (res->open_at_plateau > 0)
		load_put(out, json, "pss_kb_per_open", grown / (double)res->open_at_plateau);
}

static void
put_reasons(struct buf *out, bool json, const struct run_result *res)
{
	const struct reasons *rs = &res->failed;

	if (json)
		buf_adds(out, ",\"reasons\":{");
	for (size_t i = 0; i < rs->count; i++) {
		struct slice text = slice_str(rs->row[i].text);

		if (!json) {
			buf_addf(
			    out, "  %s: %llu\n", text.ptr, (unsigned long long)rs->row[i].times);
			continue;
		}
		buf_adds(out, i > 0 ? ",\"" : "\"");
		buf_add_json(out, text);
		buf_addf(out, "\":%llu", (unsigned long long)rs->row[i].times);
	}
	if (json) {
		buf_adds(out, "},\"example\":\"");
		buf_add_json(out, slice_str(res->example));
		buf_adds(out, "\"}");
	} else if (res->example[0] != '\0') {
		buf_addf(out, "  for example: %s\n", res->example);
	}
}

static void
print_result(const struct settings *set, const struct run_result *res)
{
	bool json = set->json;
	struct buf out;

	buf_init(&out, 65536);
	if (json)
		buf_addc(&out, '{');
	load_put(&out, json, "completed", (double)res->completed);
	load_put(&out, json, "events", (double)res->events);
	load_put(&out, json, "event_reads", (double)res->event_reads);
	load_put(&out, json, "bytes", (double)res->bytes);
	load_put(&out, json, "elapsed_us", (double)res->elapsed_us);
	load_put(&out, json, "open_at_plateau", (double)res->open_at_plateau);
	put_hist(&out, json, "first", &res->first);
	put_hist(&out, json, "gap", &res->gap);
	put_hist(&out, json, "total", &res->total);
	if (set->run.watch.count > 0)
		put_watched(&out, json, res);
	load_put(&out, json, "failed", (double)res->failed.total);
	put_reasons(&out, json, res);
	printf("%s%s", out.data, json ? "\n" : "");
	buf_release(&out);
}

static void
raise_descriptor_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

int
main(int argc, char **argv)
{
	static struct settings set;
	static struct run_result result;
	struct buf wire;
	int status = 2;

	set.run = (struct run_conf){ .slots = 1,
		.requests = 1,
		.keep = true,
		.read_bytes = 256UL * 1024,
		.plateau_ms = 1000,
		.timeout_ms = 120000,
		.expect_events = EXPECT_ANY,
		.expect_bytes = EXPECT_ANY };
	set.request.path = "/";
	buf_init(&set.body, BODY_MAX_BYTES);
	buf_init(&wire, WIRE_MAX_BYTES);
	if (!take_options(&set, argc, argv)) {
		fputs(usage, stderr);
		goto out;
	}
	request_build(&set.request, &set.run.target, &wire);
	if (wire.failed) {
		fprintf(stderr, "load: the request is too large\n");
		goto out;
	}
	set.run.wire = buf_slice(&wire);
	raise_descriptor_limit();
	if (!run_load(&set.run, &result))
		goto out;
	print_result(&set, &result);
	status = result.failed.total == 0 ? 0 : 1;
out:
	buf_release(&wire);
	buf_release(&set.body);
	return status;
}
