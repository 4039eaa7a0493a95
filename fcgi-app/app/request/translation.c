/* What the translations of all operations take from their request. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/lessons.h"
#include "app/request/translation.h"

struct translate_env
request_env(struct request *r)
{
	return (struct translate_env){
		.models = r->snapshot->models,
		.families = r->snapshot->families,
		.refs = &r->asked.refs,
		.changes = &r->asked.changes,
		/* The loop's own goes on with other requests. */
		.reader = r->asked.working ? NULL : request_local(r)->answers.json,
		.media_urls = r->gw->conf->media_urls == MEDIA_URLS_PASS,
		.lessons = lessons_for(r),
		.omit_signatures = (r->learnt.refused.kinds & REFUSED_SIGNATURE) != 0,
	};
}

int
request_body(struct request *r, struct slice *ret, struct apierror *err)
{
	if (body_slice(fcgi_conn_body(r->client.conn), ret))
		return 0;
	return apierror_set(err, APIERROR_INTERNAL, NULL, "%s", "");
}
