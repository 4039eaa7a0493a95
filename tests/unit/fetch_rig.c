/* The loop, the fetcher, the jobs. */
#include "config.h"

#include "fetch_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "fetch_server.h"
#include "net/http/upstream.h"

/* Long enough for everything that is not about time. */
#define LONG_MS 60000

static uv_loop_t loop;
static uv_timer_t pulse; /* no turn waits longer */
static struct address_list list;
struct fetcher *fetcher;

struct fetch_limits
limits(void)
{
	return (struct fetch_limits){ .max_bytes = 4096,
		.total_ms = LONG_MS,
		.connect_ms = LONG_MS,
		.redirects_max = 5,
		.allow = &list };
}

static void
done(void *ctx, const struct fetch_answer *answer)
{
	struct job *job = ctx;

	job->fetch = NULL;
	job->calls++;
	job->result = answer->result;
	job->status = answer->status;
	snprintf(job->type, sizeof(job->type), "%.*s", (int)answer->type.len, answer->type.ptr);
	buf_release(&job->body);
	if (answer->result == FETCH_OK) {
		job->body = *answer->bytes;
		*answer->bytes = (struct buf){ 0 };
	}
	if (job->then != NULL)
		job->then(job);
}

char *
full_url(const char *text)
{
	struct buf url;

	buf_init(&url, 4 * URL_MAX);
	if (text[0] == '/')
		buf_addf(&url, "http://127.0.0.1:%u", server_port(0));
	for (; *text != '\0'; text++) {
		if (text[0] == '%' && (text[1] == 'p' || text[1] == 'q'))
			buf_addf(&url, "%u", server_port(*++text == 'q'));
		else
			buf_addc(&url, *text);
	}
	return buf_take(&url);
}

void
start_limited(struct job *job, const struct fetch_limits *limited, const char *text)
{
	char *url = full_url(text);

	job->fetch = fetch_start(fetcher, url, limited, done, job, &job->result);
	free(url);
}

void
start(struct job *job, const char *text)
{
	const struct fetch_limits usual = limits();

	start_limited(job, &usual, text);
}

static void
beat(uv_timer_t *timer)
{
	(void)timer;
}

bool
turn(void)
{
	return uv_run(&loop, UV_RUN_ONCE) != 0;
}

void
finish(struct job *job)
{
	while (job->fetch != NULL)
		if (!turn()) {
			/* It will never end: no test expects this. */
			job->result = FETCH_LOCAL;
			break;
		}
}

enum fetch_result
get_limited(struct job *job, const struct fetch_limits *limited, const char *text)
{
	buf_release(&job->body);
	start_limited(job, limited, text);
	finish(job);
	return job->result;
}

enum fetch_result
get(struct job *job, const char *text)
{
	const struct fetch_limits usual = limits();

	return get_limited(job, &usual, text);
}

bool
rig_open(void)
{
	/* A closed port: a fetch that heeds the environment fails. */
	setenv("http_proxy", "http://127.0.0.1:1025", 1);
	setenv("https_proxy", "http://127.0.0.1:1025", 1);
	setenv("all_proxy", "http://127.0.0.1:1025", 1);
	if (!address_list_read(&list, SLICE("127.0.0.1"), NULL) || upstream_global_init() != 0 ||
	    !server_start())
		return false;
	uv_loop_init(&loop);
	uv_timer_init(&loop, &pulse);
	uv_timer_start(&pulse, beat, 1, 1);
	uv_unref((uv_handle_t *)&pulse);
	fetcher = fetcher_new(&loop);
	return true;
}

bool
rig_close(void)
{
	fetcher_close(fetcher);
	uv_close((uv_handle_t *)&pulse, NULL);
	while (turn())
		;
	fetcher_free(fetcher);
	return uv_loop_close(&loop) == 0;
}

void
rig_end(void)
{
	server_stop();
	upstream_global_release();
}
