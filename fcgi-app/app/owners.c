/* Who a request is of, before its body is there. */
#include "config.h"

#include "request.h"
#include "auth.h"

#include "base/siphash.h"

struct slice
client_address(const struct gateway *gw, const struct edge *edge)
{
	const char *forwarded = NULL;

	if (gw->trusted_proxies->count > 0)
		forwarded = edge_param(edge, "HTTP_X_FORWARDED_FOR");
	return address_of_client(
	    slice_str(edge_param(edge, "REMOTE_ADDR")), slice_str(forwarded), gw->trusted_proxies);
}

size_t
gateway_owners(void *ctx, const struct edge *edge, uint64_t *ret)
{
	const struct gateway *gw = ctx;
	struct slice credential = auth_header(edge);
	uint8_t network[16];
	size_t count = 0;

	if (address_network(client_address(gw, edge), network))
		ret[count++] = siphash(
		    gw->owner_key, (struct slice){ (const char *)network, sizeof(network) });
	if (credential.len > 0)
		ret[count++] = siphash(gw->owner_key, credential);
	return count;
}
