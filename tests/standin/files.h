/*
 * The Files API: resumable uploads, and files that belong to the project that uploaded them.
 * Contents are hashed, not kept: uploads cannot be downloaded.
 */
#ifndef STANDIN_FILES_H
#define STANDIN_FILES_H

#include "checks.h"
#include "standin.h"

struct files *files_new(void);
void files_free(struct files *f);

/* Before the body of an upload comes. */
void files_upload_head(struct standin *si, struct request *req);
/* Both legs of an upload; the second is known by its upload_id. version: "v1beta". */
void files_upload(struct standin *si, struct conn *c, struct slice version, const char *project);
void files_list(struct standin *si, struct conn *c, const char *project);
void files_get(struct standin *si, struct conn *c, struct slice name, const char *project);
void files_delete(struct standin *si, struct conn *c, struct slice name, const char *project);
/* Whether a request of that project may name the URI. */
bool files_check_uri(
    const struct files *f, struct slice uri, const char *project, struct refusal *r);

#endif
