/* URLs as libcurl reads them (RFC 3986 and its own leniences). */
#ifndef NET_HTTP_URL_H
#define NET_HTTP_URL_H

#include <stdbool.h>

/* True for http://HOST or https://HOST, with or without a port and a path: no user, no query, no
 * fragment, no blanks. */
bool url_is_place(const char *url);
/* True for the origin of a web page (RFC 6454): SCHEME://HOST[:PORT] and nothing behind it. Schemes
 * of browser extensions count. */
bool url_is_origin(const char *url);
/* True for HOST:PORT or [ADDRESS]:PORT with a port from 1 to 65535. */
bool url_is_host_port(const char *text);

#endif
