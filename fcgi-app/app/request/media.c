/* One fetch for each wanted URL, and what their results mean to the caller. */
#include "config.h"

#include "media.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "core/http/mime.h"
#include "net/fetch/fetch.h"
#include "net/loop.h"

#define MEDIA_CONNECT_MS 10000 /* name, connection and TLS, for each redirect anew */

struct item {
	struct media *media;
	struct ref *ref;
	struct fetch *fetch; /* NULL once it has ended */
};

struct media {
	struct media_order order;
	struct media_limits limits;
	struct item *items;
	size_t count, running;
	uint64_t bytes; /* of all media of the request that are here */
};

static const char unknown_mime[] = "application/octet-stream";

/* ---- errors ---- */

/* Sentences behind "Invalid value for '...': "; those with a number take it from an argument of
 * media_fault_set. They do not reveal what a name resolves to or what is there. */
static const struct {
	enum fetch_result result;
	const char *text;
} faults[] = {
	{ FETCH_URL, "only http and https URLs without a user name are fetched, from port 80, 443 "
		     "or one above 1023." },
	{ FETCH_ADDRESS, "the URL leads to an address that this gateway does not fetch from." },
	{ FETCH_RESOLVE, "the host of the URL was not found." },
	{ FETCH_CONNECT, "the server of the URL could not be reached." },
	{ FETCH_TLS, "the server of the URL has no valid certificate." },
	{ FETCH_REDIRECTS, "the URL redirects too often." },
	{ FETCH_CODED, "the server of the URL sends it compressed, without being asked to." },
	{ FETCH_CUT, "the server of the URL broke off its answer." },
};

static int
media_invalid(struct apierror *err, const char *at, const char *text)
{
	return apierror_set(err, APIERROR_BAD_VALUE, at, "Invalid value for '%s': %s", at, text);
}

static int
media_fault_set(struct apierror *err, const struct media *m, const char *at,
    enum fetch_result result, int status)
{
	if (result == FETCH_LOCAL)
		return apierror_set(
		    err, APIERROR_INTERNAL, at, "The gateway could not fetch '%s'.", at);
	if (result == FETCH_BUSY)
		return apierror_set(err, APIERROR_OVERLOADED, at,
		    "The gateway fetches too many files at the moment to fetch '%s'.", at);
	if (result == FETCH_STATUS)
		return apierror_set(err, APIERROR_BAD_VALUE, at,
		    "Invalid value for '%s': the server of the URL answered with HTTP status %d.",
		    at, status);
	if (result == FETCH_TIMEOUT)
		return apierror_set(err, APIERROR_BAD_VALUE, at,
		    "Invalid value for '%s': the file behind the URL did not arrive within %.10g "
		    "seconds.",
		    at, (double)m->limits.timeout_ms / 1000);
	if (result == FETCH_TOO_LARGE)
		return apierror_set(err, APIERROR_BAD_VALUE, at,
		    "Invalid value for '%s': the file behind the URL is larger than %llu bytes.",
		    at, (unsigned long long)m->limits.each_max);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (faults[i].result == result)
			return media_invalid(err, at, faults[i].text);
	return media_invalid(err, at, "the URL could not be fetched.");
}

static int
media_too_much(struct apierror *err, const struct media *m, const char *at)
{
	return apierror_set(err, APIERROR_BAD_VALUE, at,
	    "Invalid value for '%s': the files behind the URLs of this request are larger than "
	    "%llu "
	    "bytes together.",
	    at, (unsigned long long)m->limits.total_max);
}

/* ---- the end ---- */

static void
media_free(struct media *m)
{
	free(m->items);
	free(m);
}

void
media_cancel(struct media *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		fetch_cancel(m->items[i].fetch);
	media_free(m);
}

/* After one failure all that have not arrived fail as well. */
static void
media_give_up(struct media *m, const struct apierror *err)
{
	struct ext_refs *refs = m->order.refs;

	for (size_t i = 0; i < m->count; i++)
		fetch_cancel(TAKE(m->items[i].fetch));
	for (size_t i = 0; i < refs->count; i++) {
		struct ref *ref = refs->list[i];

		if (ref->kind != REF_MEDIA || ref->state != REF_WANTED)
			continue;
		ref->err = *err;
		ext_refs_absent(refs, ref);
	}
	m->running = 0;
}

/* ---- one file ---- */

static const char *
media_type_by_name(const char *url)
{
	return mime_from_name((struct slice){ url, strcspn(url, "?#") });
}

static bool
is_family(const char *mime, struct slice family)
{
	return slice_starts(slice_str(mime), family);
}

/* The bytes are believed where the server says nothing, calls an image by another image's name, or
 * calls text what has a NUL in its first bytes. */
static bool
media_bytes_win(const char *told, const char *guess, struct slice bytes)
{
	size_t len = bytes.len < MIME_HEAD ? bytes.len : MIME_HEAD;

	if (guess == NULL)
		return false;
	if (is_family(told, SLICE("image/")))
		return is_family(guess, SLICE("image/"));
	if (is_family(told, SLICE("text/")))
		return memchr(bytes.ptr, '\0', len) != NULL;
	return mime_is_vague(slice_str(told));
}

static void
media_find_type(struct ref *ref, struct slice told, struct slice bytes)
{
	const char *guess = mime_from_bytes(bytes);
	char *mime = ref->mime;

	_Static_assert(sizeof(ref->mime) == MIME_MAX, "a type fits");
	if (!mime_clean(told, mime))
		mime[0] = '\0';
	if (media_bytes_win(mime, guess, bytes))
		strcpy(mime, guess);
	if (!mime_is_vague(slice_str(mime)))
		return;
	guess = media_type_by_name(ref->key);
	strcpy(mime, guess != NULL ? guess : unknown_mime);
}

static int
media_take(
    struct media *m, struct ref *ref, const struct fetch_answer *answer, struct apierror *err)
{
	if (answer->result != FETCH_OK)
		return media_fault_set(err, m, ref->at, answer->result, answer->status);
	if (answer->bytes->len == 0)
		return media_invalid(err, ref->at, "the file behind the URL is empty.");
	if (m->bytes + answer->bytes->len > m->limits.total_max)
		return media_too_much(err, m, ref->at);
	m->bytes += answer->bytes->len;
	media_find_type(ref, answer->type, buf_slice(answer->bytes));
	ext_refs_found(m->order.refs, ref, answer->bytes);
	return 0;
}

static void
media_fetched(void *ctx, const struct fetch_answer *answer)
{
	struct item *item = ctx;
	struct media *m = item->media;
	struct media_order order = m->order;
	struct apierror err;
	int rc;

	item->fetch = NULL;
	m->running--;
	/* The URL and its host are not logged: they may be secrets of the caller. */
	log_event(LOG_DEBUG, "media", LOG_S("result", fetch_word(answer->result)),
	    LOG_N("status", answer->status), LOG_N("bytes", answer->bytes->len));
	rc = media_take(m, item->ref, answer, &err);
	if (rc != 0)
		media_give_up(m, &err);
	if (m->running > 0)
		return;
	media_free(m);
	order.done(order.ctx, rc != 0 ? &err : NULL);
}

/* ---- the start ---- */

static int
media_start(struct media *m, struct ref *ref, struct apierror *err)
{
	struct item *item = &m->items[m->count];
	struct fetch_limits limits = {
		.max_bytes = (size_t)m->limits.each_max,
		.total_ms = m->limits.timeout_ms,
		.connect_ms = MEDIA_CONNECT_MS,
		.redirects_max = MEDIA_REDIRECTS,
		.allow = m->limits.allow,
	};
	enum fetch_result refused;

	*item = (struct item){ .media = m, .ref = ref };
	m->count++;
	item->fetch = fetch_start(
	    loop_fetcher(m->order.loop), ref->key, &limits, media_fetched, item, &refused);
	if (item->fetch == NULL)
		return media_fault_set(err, m, ref->at, refused, 0);
	m->running++;
	return 0;
}

/* What an earlier pass has brought counts. */
static void
media_count_found(struct media *m)
{
	const struct ext_refs *refs = m->order.refs;
	uint64_t left;

	for (size_t i = 0; i < refs->count; i++)
		if (refs->list[i]->kind == REF_MEDIA && refs->list[i]->state == REF_FOUND)
			m->bytes += refs->list[i]->value.len;
	left = m->limits.total_max > m->bytes ? m->limits.total_max - m->bytes : 0;
	if (m->limits.each_max > left)
		m->limits.each_max = left;
}

int
media_fetch(const struct media_order *order, struct media **ret, struct apierror *err)
{
	struct ext_refs *refs = order->refs;
	struct media *m = xcalloc(1, sizeof(*m));
	int rc = 0;

	*ret = NULL;
	m->order = *order;
	m->limits = *order->limits;
	m->items = xcalloc(refs->count, sizeof(*m->items));
	media_count_found(m);
	for (size_t i = 0; rc == 0 && i < refs->count; i++)
		if (refs->list[i]->kind == REF_MEDIA && refs->list[i]->state == REF_WANTED)
			rc = media_start(m, refs->list[i], err);
	if (rc != 0)
		media_give_up(m, err);
	if (m->running > 0)
		*ret = m;
	else
		media_free(m);
	return rc;
}
