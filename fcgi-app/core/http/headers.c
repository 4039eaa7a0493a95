/*
 * The header tables. Requests: what names the gateway's own hop, the network behind it or a
 * credential stays here, everything else goes to Google. Answers: what belongs to Google's hop or
 * origin stays here, and so does what the web server in front would take for an order (CGI's
 * Status, X-Accel-Redirect and their kin).
 */
#include "config.h"

#include "core/http/headers.h"

#include <string.h>

#include "base/xalloc.h"

/* clang-format off */
static const char *const request_names[] = {
	/* this hop (RFC 9110, section 7.6.1) */
	"connection", "host", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding",
	"upgrade", "content-length", "expect", "accept-encoding",
	/* credentials */
	"authorization", "x-goog-api-key", "x-goog-user-project", "x-api-key", "api-key",
	"x-auth-token", "x-access-token", "x-admin-token", "cookie", "cookie2",
	/* the caller's browser and network */
	"origin", "referer", "dnt", "priority", "upgrade-insecure-requests", "x-requested-with",
	"forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
	"x-request-id",
};

static const char *const request_prefixes[] = {
	"proxy", "sec-", "x-forwarded-", "cf-", "x-original-", "access-control-",
};

static const char *const answer_names[] = {
	/* this hop */
	"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "via", "alt-svc",
	"content-length",
	/* Google's origin, or set by the gateway itself */
	"set-cookie", "set-cookie2", "server", "date", "x-request-id", "strict-transport-security",
	"expect-ct", "nel", "report-to", "reporting-endpoints", "clear-site-data",
	/* orders to the web server in front */
	"status", "x-sendfile", "x-sendfile2", "x-sendfile-temporary", "x-lighttpd-send-file",
	"x-reproxy-url",
};

static const char *const answer_prefixes[] = {
	"proxy-", "access-control-", "x-accel-", "x-lighttpd-",
};
/* clang-format on */

/* Every name of the tables is in lower case, so the first letter rules most of them out. */
static bool
may_match(struct slice name, const char *entry)
{
	return name.len > 0 && (name.ptr[0] | 0x20) == entry[0];
}

static bool
in_names(struct slice name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (may_match(name, names[i]) && slice_eqi(name, slice_str(names[i])))
			return true;
	return false;
}

static bool
in_prefixes(struct slice name, const char *const *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (may_match(name, prefixes[i]) && slice_startsi(name, slice_str(prefixes[i])))
			return true;
	return false;
}

bool
header_from_param(const char *param, char *ret, size_t size)
{
	struct slice name = slice_str(param);

	if (slice_starts(name, SLICE("HTTP_")))
		name = slice_skip(name, 5);
	else if (!slice_eq(name, SLICE("CONTENT_TYPE")) && !slice_eq(name, SLICE("CONTENT_LENGTH")))
		return false;
	if (name.len == 0 || name.len >= size)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c >= 'A' && c <= 'Z')
			ret[i] = (char)(c - 'A' + 'a');
		else if (c == '_')
			ret[i] = '-';
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
			ret[i] = c;
		else
			return false;
	}
	ret[name.len] = '\0';
	return true;
}

bool
header_forwards(const char *name)
{
	struct slice s = slice_str(name);

	return !in_names(s, request_names, ARRAY_SIZE(request_names)) &&
	       !in_prefixes(s, request_prefixes, ARRAY_SIZE(request_prefixes));
}

bool
header_returns(struct slice name)
{
	return !in_names(name, answer_names, ARRAY_SIZE(answer_names)) &&
	       !in_prefixes(name, answer_prefixes, ARRAY_SIZE(answer_prefixes));
}

bool
header_value_ok(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || value.ptr[i] == '\0')
			return false;
	return true;
}
