/* Uploads and files, in memory. */
#include "config.h"

#include "files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "base/xalloc.h"
#include "gjson.h"
#include "multipart.h"
#include "sha256.h"

#define CHUNK_GRANULE (8UL * 1024 * 1024) /* every chunk but the last is a multiple */
#define LIFE_SECONDS  (48 * 3600)
#define NO_LENGTH     UINT64_MAX
#define FILES_HOST    "https://generativelanguage.googleapis.com/v1beta/"

struct file {
	struct file *next;
	char id[16]; /* the name without "files/" */
	char upload_id[48];
	char *project;
	char *display_name; /* NULL when none was given */
	char *mime;
	uint64_t declared; /* NO_LENGTH when it was not */
	uint64_t received;
	bool final;
	char sha[65]; /* once final */
	struct sha256 hash;
	time_t created, updated;
};

struct files {
	struct file *first; /* newest first */
	uint32_t serial;
};

struct files *
files_new(void)
{
	return xcalloc(1, sizeof(struct files));
}

static void
file_free(struct file *f)
{
	free(f->project);
	free(f->display_name);
	free(f->mime);
	free(f);
}

void
files_free(struct files *f)
{
	for (struct file *file = f->first, *next; file != NULL; file = next) {
		next = file->next;
		file_free(file);
	}
	free(f);
}

static void
add_str(json_object *obj, const char *name, const char *value)
{
	json_object_object_add(obj, name, json_object_new_string(value));
}

static void
add_time(json_object *obj, const char *name, time_t when)
{
	char text[40];
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
	add_str(obj, name, text);
}

static json_object *
file_document(const struct file *f)
{
	json_object *doc = json_object_new_object();
	char text[160];
	struct buf sha;

	snprintf(text, sizeof(text), "files/%s", f->id);
	add_str(doc, "name", text);
	if (f->display_name != NULL)
		add_str(doc, "displayName", f->display_name);
	add_str(doc, "mimeType", f->mime);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)f->received);
	add_str(doc, "sizeBytes", text);
	add_time(doc, "createTime", f->created);
	add_time(doc, "updateTime", f->updated);
	add_time(doc, "expirationTime", f->created + LIFE_SECONDS);
	buf_init(&sha, 256);
	gbase64_add(&sha, f->sha, 64);
	add_str(doc, "sha256Hash", sha.data);
	buf_release(&sha);
	snprintf(text, sizeof(text), FILES_HOST "files/%s", f->id);
	add_str(doc, "uri", text);
	add_str(doc, "state", "ACTIVE");
	add_str(doc, "source", "UPLOADED");
	return doc;
}

static struct file *
file_find(const struct files *f, struct slice id)
{
	for (struct file *file = f->first; file != NULL; file = file->next) {
		if (file->final && slice_eq(slice_str(file->id), id))
			return file;
	}
	return NULL;
}

/* NULL after a refusal: a file of another project cannot be told from one that is not there. */
static struct file *
file_of(const struct files *f, struct slice id, const char *project, struct refusal *r)
{
	struct file *file = file_find(f, id);

	if (file != NULL && strcmp(file->project, project) == 0)
		return file;
	refuse(r, 403, "You do not have permission to access the File %.*s or it may not exist.",
	    (int)(id.len < 64 ? id.len : 64), id.ptr);
	return NULL;
}

bool
files_check_uri(const struct files *f, struct slice uri, const char *project, struct refusal *r)
{
	ptrdiff_t at = slice_find(uri, SLICE("/files/"));
	struct slice id;

	if (uri.len == 0)
		return refuse(r, 400, "Invalid or unsupported file uri: ");
	if (at >= 0 && (slice_starts(uri, SLICE(FILES_HOST)) ||
			   slice_starts(uri, SLICE("http://127.0.0.1")))) {
		id = (struct slice){ uri.ptr + at + 7, uri.len - (size_t)at - 7 };
		return file_of(f, id, project, r) != NULL;
	}
	if (slice_starts(uri, SLICE("https://")) && slice_find(uri, SLICE("unfetchable")) >= 0)
		return refuse(r, 400, "Cannot fetch content from the provided URL.");
	if (slice_starts(uri, SLICE("https://")))
		return true;
	return refuse(r, 400, "Invalid or unsupported file uri: %.*s",
	    (int)(uri.len < 256 ? uri.len : 256), uri.ptr);
}

/* The file, or NULL after an error was sent. */
static struct file *
file_or_error(struct standin *si, struct conn *c, struct slice name, const char *project)
{
	struct refusal r;
	struct file *file;

	refusal_init(&r);
	file = file_of(si->files, name, project, &r);
	if (file == NULL)
		gerror_reply(c, r.code, r.message.data, NULL);
	refusal_release(&r);
	return file;
}

void
files_get(struct standin *si, struct conn *c, struct slice name, const char *project)
{
	struct file *file = file_or_error(si, c, name, project);
	json_object *doc;

	if (file == NULL)
		return;
	doc = file_document(file);
	gjson_reply(c, 200, doc);
	json_object_put(doc);
}

void
files_delete(struct standin *si, struct conn *c, struct slice name, const char *project)
{
	struct file *file = file_or_error(si, c, name, project);
	struct file **link = &si->files->first;

	if (file == NULL)
		return;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	file_free(file);
	conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
}

static uint64_t
query_number(struct slice query, const char *name, uint64_t fallback, bool *ret_good)
{
	char *text = query_get(query, name);
	uint64_t value = fallback;

	if (text != NULL && *text != '\0')
		*ret_good = slice_u64(slice_str(text), &value) && *ret_good;
	free(text);
	return value;
}

void
files_list(struct standin *si, struct conn *c, const char *project)
{
	bool good = true;
	uint64_t size = query_number(c->req->query, "pageSize", 10, &good);
	uint64_t start = query_number(c->req->query, "pageToken", 0, &good), index = 0;
	json_object *doc = json_object_new_object(), *list = json_object_new_array();

	if (size == 0)
		size = 10;
	if (size > 100)
		good = false;
	for (struct file *f = si->files->first; f != NULL; f = f->next) {
		if (!f->final || strcmp(f->project, project) != 0)
			continue;
		if (index >= start && index < start + size)
			json_object_array_add(list, file_document(f));
		index++;
	}
	if (json_object_array_length(list) > 0)
		json_object_object_add(doc, "files", list);
	else
		json_object_put(list);
	if (index > start + size) {
		char next[32];

		snprintf(next, sizeof(next), "%llu", (unsigned long long)(start + size));
		add_str(doc, "nextPageToken", next);
	}
	if (good)
		gjson_reply(c, 200, doc);
	else
		gerror_reply(c, 400, "Request contains an invalid argument.", NULL);
	json_object_put(doc);
}

static void
upload_refuse(struct conn *c, int status, const char *text)
{
	struct buf body;

	buf_init(&body, 4096);
	buf_addf(&body, "%s\n", text);
	conn_reply(c, status, "text/plain; charset=utf-8", "X-GUploader-UploadID: standin\r\n",
	    buf_slice(&body));
	buf_release(&body);
}

static char *
header_copy(const struct request *req, const char *name)
{
	struct slice value = request_header(req, name);

	return value.len > 0 ? xstrndup(value.ptr, value.len) : NULL;
}

/* The name that the body asks for, else the header's. */
static char *
display_name(struct conn *c)
{
	size_t at;
	json_object *body = gjson_parse(buf_slice(&c->req->body), &at);
	struct slice name = gjson_str(gjson_get(body, "file"), "displayName");
	char *copy = name.len > 0 ? xstrndup(name.ptr, name.len)
	                          : header_copy(c->req, "x-goog-upload-file-name");

	json_object_put(body);
	return copy;
}

/* A file without bytes, on the list. mime and name: taken, may be NULL. */
static struct file *
file_new(struct files *files, const char *project, char *mime, char *name)
{
	struct file *f = xcalloc(1, sizeof(*f));

	files->serial++;
	snprintf(f->id, sizeof(f->id), "st%010u", files->serial);
	snprintf(f->upload_id, sizeof(f->upload_id), "AStAnDiN%08x%016llx", files->serial,
	    (unsigned long long)uv_hrtime());
	f->declared = NO_LENGTH;
	f->project = xstrdup(project);
	f->mime = mime != NULL ? mime : xstrdup("application/octet-stream");
	f->display_name = name;
	f->created = f->updated = time(NULL);
	sha256_init(&f->hash);
	f->next = files->first;
	files->first = f;
	return f;
}

static void
upload_start(struct standin *si, struct conn *c, struct slice version, const char *project)
{
	struct slice length = request_header(c->req, "x-goog-upload-header-content-length");
	char *mime = header_copy(c->req, "x-goog-upload-header-content-type");
	struct slice host = request_header(c->req, "host");
	uint64_t declared = NO_LENGTH;
	struct file *f;
	struct buf headers;

	if (length.len > 0 && !slice_u64(length, &declared)) {
		free(mime);
		upload_refuse(c, 400, "Invalid X-Goog-Upload-Header-Content-Length.");
		return;
	}
	f = file_new(si->files, project, mime, display_name(c));
	f->declared = declared;
	buf_init(&headers, HEAD_MAX);
	buf_addf(&headers,
	    "X-GUploader-UploadID: %s\r\nX-Goog-Upload-Status: active\r\n"
	    "X-Goog-Upload-URL: http://%.*s/upload/%.*s/files?upload_id=%s"
	    "&upload_protocol=resumable\r\n"
	    "X-Goog-Upload-Control-URL: http://%.*s/upload/%.*s/files?upload_id=%s"
	    "&upload_protocol=resumable\r\n"
	    "X-Goog-Upload-Chunk-Granularity: %lu\r\n",
	    f->upload_id, (int)host.len, host.ptr, (int)version.len, version.ptr, f->upload_id,
	    (int)host.len, host.ptr, (int)version.len, version.ptr, f->upload_id, CHUNK_GRANULE);
	conn_reply(c, 200, "text/plain; charset=utf-8", headers.data, SLICE(""));
	buf_release(&headers);
}

static bool
has_command(struct slice commands, struct slice wanted)
{
	struct slice part;

	while (slice_split(&commands, ',', &part)) {
		if (slice_eqi(slice_trim(part), wanted))
			return true;
	}
	return false;
}

static void
reply_status(struct conn *c, const struct file *f, const char *status, struct slice body)
{
	struct buf headers;

	buf_init(&headers, HEAD_MAX);
	buf_addf(&headers,
	    "X-GUploader-UploadID: %s\r\nX-Goog-Upload-Status: %s\r\n"
	    "X-Goog-Upload-Size-Received: %llu\r\n",
	    f->upload_id, status, (unsigned long long)f->received);
	conn_reply(
	    c, 200, body.len > 0 ? GTYPE_JSON : "text/plain; charset=utf-8", headers.data, body);
	buf_release(&headers);
}

static void
upload_finalize(struct conn *c, struct file *f)
{
	json_object *doc;
	struct buf text;

	if (f->declared != NO_LENGTH && f->declared != f->received) {
		upload_refuse(c, 400, "The number of bytes is not the one that was announced.");
		return;
	}
	f->final = true;
	f->updated = time(NULL);
	sha256_hex(&f->hash, f->sha);
	doc = json_object_new_object();
	json_object_object_add(doc, "file", file_document(f));
	buf_init(&text, JSON_TEXT_MAX);
	gjson_write(&text, doc, GJSON_PRETTY);
	buf_addc(&text, '\n');
	reply_status(c, f, "final", buf_slice(&text));
	buf_release(&text);
	json_object_put(doc);
}

static void
upload_data(struct conn *c, struct file *f, bool finalize)
{
	struct request *req = c->req;
	struct slice offset = request_header(req, "x-goog-upload-offset");
	uint64_t at = 0;

	if (offset.len > 0 && !slice_u64(offset, &at)) {
		upload_refuse(c, 400, "Invalid X-Goog-Upload-Offset.");
		return;
	}
	if (req->chain == NULL || (offset.len > 0 && at != f->received)) {
		upload_refuse(c, 400, "X-Goog-Upload-Offset is not the number of bytes received.");
		return;
	}
	if (!finalize && req->body_bytes % CHUNK_GRANULE != 0) {
		upload_refuse(c, 400,
		    "Every chunk but the last must be a multiple of the chunk granularity.");
		return;
	}
	f->hash = *req->chain;
	f->received += req->body_bytes;
	if (finalize)
		upload_finalize(c, f);
	else
		reply_status(c, f, "active", SLICE(""));
}

static struct file **
upload_find(struct files *files, const char *id)
{
	struct file **link = &files->first;

	while (*link != NULL && strcmp((*link)->upload_id, id) != 0)
		link = &(*link)->next;
	return link;
}

void
files_upload_head(struct standin *si, struct request *req)
{
	char *id = query_get(req->query, "upload_id");
	struct file *f = id != NULL ? *upload_find(si->files, id) : NULL;

	if (f != NULL) {
		req->chain = xmalloc(sizeof(*req->chain));
		*req->chain = f->hash;
	}
	free(id);
}

static void
upload_continue(struct standin *si, struct conn *c, const char *id)
{
	struct slice commands = request_header(c->req, "x-goog-upload-command");
	struct file **link = upload_find(si->files, id), *f = *link;

	if (f == NULL) {
		upload_refuse(c, 404, "There is no such upload.");
	} else if (has_command(commands, SLICE("query"))) {
		reply_status(c, f, f->final ? "final" : "active", SLICE(""));
	} else if (f->final) {
		upload_refuse(c, 400, "The upload is complete already.");
	} else if (has_command(commands, SLICE("cancel"))) {
		reply_status(c, f, "cancelled", SLICE(""));
		*link = f->next;
		file_free(f);
	} else if (has_command(commands, SLICE("upload"))) {
		upload_data(c, f, has_command(commands, SLICE("finalize")));
	} else if (has_command(commands, SLICE("finalize"))) {
		upload_finalize(c, f);
	} else {
		upload_refuse(c, 400, "X-Goog-Upload-Command names no known command.");
	}
}

/* All in one request. */
static void
upload_multipart(struct standin *si, struct conn *c, const char *project)
{
	struct multipart m;
	json_object *meta;
	struct slice name;
	struct file *f;
	size_t at;

	if (!multipart_read(c->req, &m)) {
		upload_refuse(c, 400, "No multipart/related body of at most a megabyte.");
		return;
	}
	meta = gjson_parse(m.json, &at);
	name = gjson_str(gjson_get(meta, "file"), "displayName");
	f = file_new(si->files, project, m.mime.len > 0 ? xstrndup(m.mime.ptr, m.mime.len) : NULL,
	    name.len > 0 ? xstrndup(name.ptr, name.len) : NULL);
	sha256_add(&f->hash, m.data.ptr, m.data.len);
	f->received = m.data.len;
	json_object_put(meta);
	upload_finalize(c, f);
}

void
files_upload(struct standin *si, struct conn *c, struct slice version, const char *project)
{
	char *id = query_get(c->req->query, "upload_id");

	if (id != NULL)
		upload_continue(si, c, id);
	else if (slice_eqi(request_header(c->req, "x-goog-upload-protocol"), SLICE("multipart")))
		upload_multipart(si, c, project);
	else if (!slice_eqi(request_header(c->req, "x-goog-upload-protocol"), SLICE("resumable")))
		upload_refuse(c, 400, "X-Goog-Upload-Protocol must be resumable or multipart.");
	else if (!has_command(request_header(c->req, "x-goog-upload-command"), SLICE("start")))
		upload_refuse(c, 400, "X-Goog-Upload-Command must be start.");
	else
		upload_start(si, c, version, project);
	free(id);
}
