/* Small files of each kind, redirects, and servers that misbehave. */
#include "config.h"

#include "fetch.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base/xalloc.h"
#include "gjson.h"
#include "media.h"
#include "play.h"

#define BLOCK      (64UL * 1024)
#define HEAVY_MAX  (256ULL * 1024 * 1024)
#define DRIP_BYTES 600
#define DRIP_MS    100
#define HUGE_BYTES "107374182400" /* 100 GB */

enum answer {
	ANSWER_FILE,
	ANSWER_REDIRECT, /* `text` is where to; $PORT stands for ours */
	ANSWER_CHAIN,    /* /_media/chain-N: N redirects, then a picture */
	ANSWER_TO,       /* /_media/to?url=...: redirects there */
	ANSWER_STATUS,   /* /_media/status-N */
	ANSWER_SIZE,     /* /_media/size-N: N bytes as image/png */
	ANSWER_ENDLESS,
	ANSWER_HUGE,  /* announces 100 GB, sends little */
	ANSWER_SHORT, /* announces more than it sends */
	ANSWER_DRIP,
	ANSWER_SILENT,
	ANSWER_RESET,
};

static const struct {
	const char *path;
	enum answer answer;
	const char *text; /* of ANSWER_FILE: the media's name; of ANSWER_REDIRECT: the target */
	const char *type; /* NULL: no Content-Type */
} paths[] = {
	{ "a.png", ANSWER_FILE, "png", "image/png" },
	{ "a.jpg", ANSWER_FILE, "jpeg", "image/jpeg" },
	{ "a.gif", ANSWER_FILE, "gif", "image/gif" },
	{ "a.webp", ANSWER_FILE, "webp", "image/webp" },
	{ "a.pdf", ANSWER_FILE, "pdf", "application/pdf" },
	{ "a.wav", ANSWER_FILE, "wav", "audio/wav" },
	{ "a.mp3", ANSWER_FILE, "mp3", "audio/mpeg" },
	{ "a.mp4", ANSWER_FILE, "mp4", "video/mp4" },
	{ "a.txt", ANSWER_FILE, "txt", "text/plain; charset=utf-8" },
	{ "page.html", ANSWER_FILE, "html", "text/html; charset=utf-8" },
	{ "svg", ANSWER_FILE, "svg", "image/svg+xml" },
	{ "empty.png", ANSWER_FILE, "", "image/png" },
	{ "no-type", ANSWER_FILE, "png", NULL },
	{ "no-type.jpg", ANSWER_FILE, "jpeg", NULL },
	{ "octets", ANSWER_FILE, "png", "application/octet-stream" },
	{ "type-with-parameter", ANSWER_FILE, "png", "IMAGE/PNG; name=\"a.png\"" },
	{ "png-as-jpeg", ANSWER_FILE, "png", "image/jpeg" },
	{ "html-as-png", ANSWER_FILE, "html", "image/png" },
	{ "png-as-html", ANSWER_FILE, "png", "text/html" },
	{ "redirect", ANSWER_REDIRECT, "/_media/a.png", NULL },
	{ "redirect-absolute", ANSWER_REDIRECT, "http://127.0.0.1:$PORT/_media/a.png", NULL },
	{ "redirect-loop", ANSWER_REDIRECT, "/_media/redirect-loop", NULL },
	{ "redirect-loopback", ANSWER_REDIRECT, "http://127.0.0.1:$PORT/_media/a.png", NULL },
	{ "redirect-localhost", ANSWER_REDIRECT, "http://localhost:$PORT/_media/a.png", NULL },
	{ "redirect-loopback6", ANSWER_REDIRECT, "http://[::1]:$PORT/_media/a.png", NULL },
	{ "redirect-mapped", ANSWER_REDIRECT, "http://[::ffff:127.0.0.1]:$PORT/_media/a.png",
	    NULL },
	{ "redirect-metadata", ANSWER_REDIRECT, "http://169.254.169.254/latest/meta-data/", NULL },
	{ "redirect-private", ANSWER_REDIRECT, "http://10.0.0.1/a.png", NULL },
	{ "redirect-decimal", ANSWER_REDIRECT, "http://2130706433:$PORT/_media/a.png", NULL },
	{ "redirect-file", ANSWER_REDIRECT, "file:///etc/passwd", NULL },
	{ "redirect-gopher", ANSWER_REDIRECT, "gopher://127.0.0.1:$PORT/_x", NULL },
	{ "redirect-data", ANSWER_REDIRECT, "data:image/png;base64,iVBORw0KGgo=", NULL },
	{ "redirect-nowhere", ANSWER_REDIRECT, NULL, NULL },
	{ "chain-", ANSWER_CHAIN, NULL, NULL },
	{ "to", ANSWER_TO, NULL, NULL },
	{ "status-", ANSWER_STATUS, NULL, NULL },
	{ "size-", ANSWER_SIZE, NULL, NULL },
	{ "endless", ANSWER_ENDLESS, NULL, NULL },
	{ "huge", ANSWER_HUGE, NULL, NULL },
	{ "short", ANSWER_SHORT, NULL, NULL },
	{ "drip", ANSWER_DRIP, NULL, NULL },
	{ "silent", ANSWER_SILENT, NULL, NULL },
	{ "reset", ANSWER_RESET, NULL, NULL },
};

/* target: taken apart only for $PORT. NULL: a redirect without Location. */
static void
fetch_redirect(struct standin *si, struct conn *c, const char *target)
{
	const char *mark = target != NULL ? strstr(target, "$PORT") : NULL;
	struct buf headers;

	buf_init(&headers, HEAD_MAX);
	buf_adds(&headers, "");
	if (mark != NULL)
		buf_addf(&headers, "Location: %.*s%d%s\r\n", (int)(mark - target), target,
		    si->server.port, mark + 5);
	else if (target != NULL)
		buf_addf(&headers, "Location: %s\r\n", target);
	conn_reply(c, 302, "text/html", headers.data, SLICE("<p>Found.</p>\n"));
	buf_release(&headers);
}

static void
answer_chain(struct standin *si, struct conn *c, uint64_t count)
{
	struct buf target;

	buf_init(&target, 1024);
	if (count > 1)
		buf_addf(&target, "/_media/chain-%llu", (unsigned long long)count - 1);
	else
		buf_adds(&target, "/_media/a.png");
	fetch_redirect(si, c, target.data);
	buf_release(&target);
}

static void
answer_to(struct standin *si, struct conn *c)
{
	char *target = query_get(c->req->query, "url");

	if (target == NULL || strpbrk(target, "\r\n") != NULL)
		conn_reply(c, 400, "text/plain", "", SLICE("to?url=...\n"));
	else
		fetch_redirect(si, c, target);
	free(target);
}

static void
answer_size(struct conn *c, uint64_t size)
{
	struct buf body;

	if (size > HEAVY_MAX)
		size = HEAVY_MAX;
	buf_init(&body, HEAVY_MAX + 1);
	media_sample(&body, "png");
	if (body.len < size) {
		size_t more = (size_t)size - body.len;
		char *room = buf_room(&body, more);

		memset(room, 'x', more);
		body.len += more;
	}
	conn_reply(c, 200, "image/png", "",
	    (struct slice){ body.data, size < body.len ? (size_t)size : body.len });
	buf_release(&body);
}

static void
endless_drained(struct conn *c, void *owner)
{
	static const char block[BLOCK] = "\x89PNG\r\n\x1a\n";

	(void)owner;
	/* The framing is by the end of the connection, which does not come. */
	conn_try_raw(c, block, sizeof(block));
	conn_want_write(c);
}

static const struct conn_ops endless_ops = { .drained = endless_drained };

static void
answer_endless(struct conn *c)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
				   "Connection: close\r\n\r\n";

	c->req->status = 200;
	c->keep = false;
	conn_own(c, &endless_ops, NULL);
	conn_write_raw(c, head, sizeof(head) - 1);
	conn_want_write(c);
}

/* The first bytes of a picture behind a head that promises `length`. */
static void
answer_promise(struct standin *si, struct conn *c, const char *length, enum play_end end)
{
	struct play *p = play_new(si, c);
	struct buf raw;

	c->req->status = 200;
	buf_init(&raw, BLOCK);
	buf_addf(&raw, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %s\r\n\r\n",
	    length);
	media_sample(&raw, "png");
	play_add(p, 0, buf_slice(&raw));
	buf_release(&raw);
	play_start(p, end);
}

static void
answer_drip(struct standin *si, struct conn *c)
{
	struct play *p = play_new(si, c);

	play_head(p, 200, "image/png", "");
	for (int i = 0; i < DRIP_BYTES; i++)
		play_add(p, i > 0 ? DRIP_MS : 0, SLICE("x"));
	play_start(p, PLAY_END);
}

static void
answer_file(struct conn *c, const char *name, const char *type)
{
	struct buf body;

	buf_init(&body, BLOCK);
	media_sample(&body, name);
	conn_reply(c, 200, type, "", buf_slice(&body));
	buf_release(&body);
}

static void
answer_by(struct standin *si, struct conn *c, size_t row, uint64_t number)
{
	switch (paths[row].answer) {
	case ANSWER_FILE:
		answer_file(c, paths[row].text, paths[row].type);
		break;
	case ANSWER_REDIRECT:
		fetch_redirect(si, c, paths[row].text);
		break;
	case ANSWER_CHAIN:
		answer_chain(si, c, number);
		break;
	case ANSWER_TO:
		answer_to(si, c);
		break;
	case ANSWER_STATUS:
		conn_reply(c, number >= 200 && number < 600 ? (int)number : 404, "text/plain", "",
		    SLICE("a status\n"));
		break;
	case ANSWER_SIZE:
		answer_size(c, number);
		break;
	case ANSWER_ENDLESS:
		answer_endless(c);
		break;
	case ANSWER_HUGE:
		answer_promise(si, c, HUGE_BYTES, PLAY_STALL);
		break;
	case ANSWER_SHORT:
		answer_promise(si, c, "100000", PLAY_CUT);
		break;
	case ANSWER_DRIP:
		answer_drip(si, c);
		break;
	case ANSWER_SILENT:
		play_start(play_new(si, c), PLAY_STALL);
		break;
	case ANSWER_RESET:
		conn_reset(c);
		break;
	}
}

void
fetch_answer(struct standin *si, struct conn *c, struct slice tail)
{
	if (!si->control) {
		conn_reply(c, 403, "text/plain", "", SLICE("Media need the option --control.\n"));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct slice path = slice_str(paths[i].path), rest;
		uint64_t number = 0;

		if (!slice_ends(path, SLICE("-"))) {
			if (!slice_eq(tail, path))
				continue;
		} else {
			if (!slice_starts(tail, path))
				continue;
			rest = (struct slice){ tail.ptr + path.len, tail.len - path.len };
			if (!slice_u64(rest, &number))
				continue;
		}
		answer_by(si, c, i, number);
		return;
	}
	conn_reply(c, 404, "text/html", "", SLICE("<h1>Not Found</h1>\n"));
}
