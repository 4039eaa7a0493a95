/* Google's catalogue in OpenAI's shape: pages, aliases, errors. */
#include "config.h"

#include "core/openai/models/model_list.h"

#include "base/limits.h"
#include "judge.h"
#include "tap.h"
#include "core/gemini/models.h"

static struct answer_scratch scratch;

static struct apierror err;
static struct buf out;

static struct models *
aliases(const char *spec)
{
	const char *error = NULL;

	return models_new(spec, &error);
}

static void
test_pages(void)
{
	struct models *models = aliases("text-embedding-ada-002=gemini-embedding-001,"
					"gpt-4*=gemini-2.5-pro,gone=gemini-1.0-pro,"
					"gemini-2.5-flash=gemini-2.5-pro,fast=gemini-2.5-flash|x");
	struct model_list l;

	model_list_init(&l, &scratch);
	is_int(model_list_add(&l,
		   SLICE("{\"models\":[{\"name\":\"models/gemini-2.5-pro\","
			 "\"displayName\":\"Pro\"},{\"name\":\"models/gemini-2.5-flash\"}],"
			 "\"nextPageToken\":\"t/1==\"}"),
		   &err),
	    0, "the first page");
	is_slice(buf_slice(&l.next_page), "t/1==", "has a token for the next");
	is_int(model_list_add(&l,
		   SLICE("{\"models\":[{\"name\":\"models/gemini-embedding-001\"},"
			 "{\"name\":\"models/gemini-2.5-pro\"},{},{\"name\":5},"
			 "{\"name\":\"tunedModels/mine\"}]}"),
		   &err),
	    0, "the last page");
	is_int(l.next_page.len, 0, "has none");
	buf_reset(&out);
	model_list_write(&l, models, &out);
	is_slice(buf_slice(&out),
	    "{\"object\":\"list\",\"data\":["
	    "{\"id\":\"gemini-2.5-pro\",\"object\":\"model\",\"created\":0,\"owned_by\":"
	    "\"google\"},"
	    "{\"id\":\"gemini-2.5-flash\",\"object\":\"model\",\"created\":0,\"owned_by\":"
	    "\"google\"},"
	    "{\"id\":\"gemini-embedding-001\",\"object\":\"model\",\"created\":0,\"owned_by\":"
	    "\"google\"},"
	    "{\"id\":\"tunedModels/"
	    "mine\",\"object\":\"model\",\"created\":0,\"owned_by\":\"google\"},"
	    "{\"id\":\"text-embedding-ada-002\",\"object\":\"model\",\"created\":0,"
	    "\"owned_by\":\"google\"},"
	    "{\"id\":\"fast\",\"object\":\"model\",\"created\":0,\"owned_by\":\"google\"}]}",
	    "each model once, then the aliases that lead to one");
	model_list_release(&l);
	models_free(models);
}

static void
test_faults(void)
{
	struct models *models = aliases("");
	struct model_list l;

	model_list_init(&l, &scratch);
	is_int(model_list_add(&l, SLICE("{}"), &err), 0, "an account without models");
	buf_reset(&out);
	model_list_write(&l, models, &out);
	is_slice(buf_slice(&out), "{\"object\":\"list\",\"data\":[]}", "is an empty list");
	is_int(model_list_add(&l, SLICE("<html>"), &err), -1, "no JSON");
	is_int(err.kind, APIERROR_BAD_ANSWER, "is the server's fault");
	is_int(model_list_add(&l, SLICE("[]"), &err), -1, "nor is an array a page");
	is_int(model_list_add(&l,
		   SLICE("{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\","
			 "\"message\":\"overloaded\"}}"),
		   &err),
	    -1, "an error object");
	is_int(judged(&scratch, &err)->kind, APIERROR_OVERLOADED, "is that error");
	is_str(err.message, "overloaded", "in Google's words");
	model_list_release(&l);
	models_free(models);
}

static void
test_item(void)
{
	buf_reset(&out);
	is_int(model_item_translate(SLICE("{\"name\":\"models/gemini-2.5-pro\"}"), SLICE("gpt-4"),
		   &scratch, &out, &err),
	    0, "one model");
	is_slice(buf_slice(&out),
	    "{\"id\":\"gpt-4\",\"object\":\"model\",\"created\":0,\"owned_by\":\"google\"}",
	    "under the name that was asked for");
	is_int(model_item_translate(SLICE("null"), SLICE("x"), &scratch, &out, &err), -1, "none");
	is_int(err.kind, APIERROR_BAD_ANSWER, "is the server's fault");
}

int
main(void)
{
	buf_init(&out, MIB);
	test_pages();
	test_faults();
	test_item();
	buf_release(&out);
	return tap_done();
}
