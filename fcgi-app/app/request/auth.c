/* Who may use which keys. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"
#include "app/request/auth.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/siphash.h"
#include "base/xalloc.h"
#include "core/http/query.h"
#include "app/keys/tokens.h"
#include "app/keys/caller_keys.h"

#define CREDENTIAL_MAX ((size_t)CALLER_KEYS_MAX * 64)

struct slice
auth_header(const struct fcgi_conn *conn)
{
	static const struct {
		const char *param, *scheme;
	} places[] = {
		{ "HTTP_X_GOOG_API_KEY", "" },
		{ "HTTP_AUTHORIZATION", "Bearer " },
		{ "HTTP_API_KEY", "" },
		{ "HTTP_X_API_KEY", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct slice text = slice_trim(slice_str(fcgi_conn_param(conn, places[i].param)));
		struct slice scheme = slice_str(places[i].scheme);

		if (!slice_startsi(text, scheme))
			continue;
		text = slice_trim(slice_skip(text, scheme.len));
		if (text.len > 0)
			return text;
	}
	return SLICE("");
}

bool
auth_credential(const struct request *r, struct buf *out)
{
	struct slice raw = auth_header(r->client.conn);

	if (raw.len > 0) {
		buf_add_slice(out, raw);
		return !out->failed;
	}
	if (query_get(r->asked.route->query, "key", &raw) && raw.len > 0 &&
	    percent_decode(raw, true, out))
		return out->len > 0 && !out->failed;
	buf_reset(out);
	return false;
}

bool
auth_is_admin(const struct request *r, struct slice credential)
{
	return r->snapshot->admin[0] != '\0' && tokens_equal(r->snapshot->admin, credential);
}

int
auth_check_own(const struct request *r, struct apierror *err)
{
	if (tokens_count(r->snapshot->tokens) == 0 && r->snapshot->admin[0] == '\0')
		return 0;
	for (size_t i = 0; i < keyring_count(r->keys.caller_ring); i++) {
		struct slice key = slice_str(keyring_secret(r->keys.caller_ring, i));

		if (tokens_find(r->snapshot->tokens, key) != NULL || auth_is_admin(r, key))
			return apierror_set(err, APIERROR_BAD_KEY, NULL,
			    "The credential list contains an access token of this gateway; "
			    "send it on its own.");
	}
	return 0;
}

static int
auth_bring_own(struct request *r, struct slice list, struct apierror *err)
{
	const char *reason = NULL;

	r->keys.caller_place = caller_keys_get(
	    r->gw->caller_keys, list, r->snapshot->balance, clock_mono_ms(), &reason);
	if (r->keys.caller_place == NULL && reason != NULL)
		return apierror_set(
		    err, APIERROR_BAD_KEY, NULL, "The credential cannot be used: %s.", reason);
	if (r->keys.caller_place == NULL)
		return apierror_set(err, APIERROR_NO_KEY, NULL, "%s", "");
	r->keys.caller_ring = caller_ring_keys(r->keys.caller_place);
	/* Checked each time, because a reload may have changed the tokens. */
	if (auth_check_own(r, err) != 0)
		return -1;
	r->keys.ring = r->keys.caller_ring;
	return 0;
}

void
auth_release(struct request *r)
{
	if (r->keys.caller_place != NULL)
		caller_keys_put(r->gw->caller_keys, TAKE(r->keys.caller_place), clock_mono_ms());
	else
		keyring_free(r->keys.caller_ring);
	r->keys.caller_ring = NULL;
}

int
auth_admit(struct request *r, struct apierror *err)
{
	if (token_admit(r->client.token, r->gw->spending, err) == 0)
		return 0;
	access_set_class(r, err->kind == APIERROR_QUOTA ? "token_day" : "token_minute");
	return -1;
}

static int
auth_decide(struct request *r, struct slice credential, bool present, struct apierror *err)
{
	const struct snapshot *snapshot = r->snapshot;

	if (present && auth_is_admin(r, credential))
		return apierror_set(err, APIERROR_FORBIDDEN, NULL,
		    "The admin token is only for /verify; send an access token instead.");
	if (present)
		r->client.token = tokens_find(snapshot->tokens, credential);
	if (r->client.token != NULL && snapshot->ring == NULL)
		return apierror_set(err, APIERROR_FORBIDDEN, NULL,
		    "This gateway has no keys of its own for the access token to use.");
	if (snapshot->ring != NULL &&
	    (r->client.token != NULL || (snapshot->open_access && !snapshot->own_keys))) {
		r->keys.ring = snapshot->ring;
		return r->client.token != NULL ? auth_admit(r, err) : 0;
	}
	if (present && snapshot->own_keys)
		return auth_bring_own(r, credential, err);
	if (snapshot->ring != NULL && snapshot->open_access) {
		r->keys.ring = snapshot->ring;
		return 0;
	}
	if (present)
		return apierror_set(
		    err, APIERROR_BAD_KEY, NULL, "This gateway does not know the access token.");
	return apierror_set(err, APIERROR_NO_KEY, NULL,
	    snapshot->own_keys
		? "No API key was sent. Send your Gemini API key as \"Authorization: Bearer KEY\" "
		  "or "
		  "\"x-goog-api-key: KEY\"; several keys are separated by commas."
		: "No access token was sent. Send it as \"Authorization: Bearer TOKEN\" or "
		  "\"x-goog-api-key: TOKEN\".");
}

/* Fixed, because it must name the same owner in other processes and after a restart. It
 * separates the callers in the state store; it does not protect the credential. */
static const uint8_t owner_key[16] = "gemini-balance/1";

int
auth_check(struct request *r, struct apierror *err)
{
	struct buf credential;
	bool present;
	int rc;

	buf_init(&credential, CREDENTIAL_MAX);
	present = auth_credential(r, &credential);
	r->client.owner = siphash(owner_key, buf_slice(&credential));
	rc = auth_decide(r, buf_slice(&credential), present, err);
	if (credential.data != NULL)
		explicit_bzero(credential.data, credential.cap);
	buf_release(&credential);
	return rc;
}

/* ---- the model ---- */

/* Paths of files, in Google's API and in an environment: `/v1beta/files/...`,
 * `/upload/v1beta/environments/E/files`. */
static bool
auth_is_of_files(const char *path)
{
	static const char environments[] = "/environments/", files[] = "/files";
	const char *at = strstr(path, "/v1");

	if (at != NULL)
		at = strchr(at + 1, '/');
	if (at != NULL && strncmp(at, environments, sizeof(environments) - 1) == 0)
		at = strchr(at + sizeof(environments) - 1, '/');
	return at != NULL && strncmp(at, files, sizeof(files) - 1) == 0 &&
	       strchr("/:", at[sizeof(files) - 1]) != NULL; /* or the end */
}

/* A native request without a model in its path may name one in its body. Only paths of files, and
 * requests that read or delete, need none. A header may override the method at Google. */
static bool
auth_needs_no_model(const struct request *r)
{
	static const char *const methods[] = { "GET", "HEAD", "DELETE" };
	const char *method = fcgi_conn_param(r->client.conn, "REQUEST_METHOD");

	if (!r->op->native || auth_is_of_files(r->asked.route->path))
		return true;
	if (fcgi_conn_param(r->client.conn, "HTTP_X_HTTP_METHOD_OVERRIDE") != NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

int
auth_check_model(struct request *r)
{
	if (r->client.token == NULL || token_models(r->client.token)[0] == '\0')
		return 0;
	if (r->asked.model[0] == '\0' && auth_needs_no_model(r))
		return 0;
	access_set_class(r, "token_model");
	if (r->asked.model[0] == '\0')
		return apierror_set(&r->err, APIERROR_FORBIDDEN, "model",
		    "This access token is limited to certain models, and the path does not "
		    "name one.");
	if (token_check_model(r->client.token, slice_str(r->asked.model), &r->err) != 0)
		return -1;
	access_set_class(r, NULL);
	return 0;
}

struct slice
client_address(const struct gateway *gw, const struct fcgi_conn *conn)
{
	const char *forwarded = NULL;

	if (gw->trusted_proxies->count > 0)
		forwarded = fcgi_conn_param(conn, "HTTP_X_FORWARDED_FOR");
	return address_of_client(slice_str(fcgi_conn_param(conn, "REMOTE_ADDR")),
	    slice_str(forwarded), gw->trusted_proxies);
}
