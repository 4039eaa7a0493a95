/* Drives a curl multi from a libuv loop: sockets and the timer, nothing else. */
#ifndef NET_HTTP_CURL_UV_H
#define NET_HTTP_CURL_UV_H

#include <curl/curl.h>
#include <uv.h>

struct curl_uv;

/* returned: called whenever libcurl has done work and returned to the loop. */
struct curl_uv *curl_uv_new(uv_loop_t *uv, CURLM *multi, void (*returned)(void *ctx), void *ctx);
/* Sets the socket functions of an easy handle. */
void curl_uv_profile(struct curl_uv *d, CURL *easy);
/* Lets libcurl keep the certificate authorities of a handle's transfers between them. */
void curl_uv_trust_bundle(CURL *easy);
/* The open-socket function of that profile, for handles that look at the address first. */
curl_socket_t curl_uv_open(struct curl_uv *d, const struct curl_sockaddr *address);
/* Lets libcurl look at its transfers in the next turn. */
void curl_uv_kick(struct curl_uv *d);
/* After curl_multi_cleanup; the loop must turn once before curl_uv_free. */
void curl_uv_close(struct curl_uv *d);
void curl_uv_free(struct curl_uv *d);

#endif
