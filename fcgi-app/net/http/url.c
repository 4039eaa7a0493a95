/* What a URL consists of, asked of libcurl. */
#include "config.h"

#include "net/http/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of a URL that is there and not empty. */
static bool
url_has(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && text[0] != '\0';

	curl_free(text);
	return has;
}

static bool
url_equals(CURLU *url, CURLUPart part, const char *value)
{
	char *text = NULL;
	bool same = curl_url_get(url, part, &text, 0) == CURLUE_OK && strcmp(text, value) == 0;

	curl_free(text);
	return same;
}

/* NULL when the text is not a URL with a host, or has more than a scheme, a host, a port and a
 * path. */
static CURLU *
url_parse(const char *text, unsigned flags)
{
	CURLU *url = curl_url();

	if (url != NULL && strpbrk(text, " \t\r\n\\") == NULL &&
	    curl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK &&
	    url_has(url, CURLUPART_HOST) && !url_has(url, CURLUPART_USER) &&
	    !url_has(url, CURLUPART_PASSWORD) && strpbrk(text, "?#@") == NULL)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

bool
url_is_place(const char *text)
{
	CURLU *url = url_parse(text, 0);
	bool good = url != NULL && (url_equals(url, CURLUPART_SCHEME, "http") ||
				       url_equals(url, CURLUPART_SCHEME, "https"));

	curl_url_cleanup(url);
	return good;
}

bool
url_is_origin(const char *text)
{
	CURLU *url = url_parse(text, CURLU_NON_SUPPORT_SCHEME);
	const char *host = strstr(text, "://");
	bool good = url != NULL && host != NULL && strchr(host + 3, '/') == NULL;

	curl_url_cleanup(url);
	return good;
}

bool
url_is_host_port(const char *text)
{
	char full[512];
	CURLU *url;
	bool good;

	if ((size_t)snprintf(full, sizeof(full), "http://%s", text) >= sizeof(full) ||
	    strchr(text, '/') != NULL)
		return false;
	url = url_parse(full, 0);
	good = url != NULL && url_has(url, CURLUPART_PORT) && !url_equals(url, CURLUPART_PORT, "0");
	curl_url_cleanup(url);
	return good;
}
