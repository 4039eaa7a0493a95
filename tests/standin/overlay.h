/*
 * What the control interface changes about models: a name with the rules of another one, whose
 * modelVersion tells another name, or that is not there any more.
 */
#ifndef STANDIN_OVERLAY_H
#define STANDIN_OVERLAY_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/buf.h"
#include "models.h"

struct overlay;

/* Adds the models of {"models":[{"name","like","version","gone","listed"}]}; later ones win. False,
 * and nothing added, with the reason when one of them cannot be understood. */
bool overlay_add(json_object *doc, struct buf *ret_reason);
void overlay_clear(void);

/* The newest row for that name, or NULL. */
const struct overlay *overlay_find(struct slice name);
/* The i-th row, newest first, or NULL. */
const struct overlay *overlay_at(size_t i);
const char *overlay_name(const struct overlay *o);
/* Whose rules it has; "": its own. */
const char *overlay_like(const struct overlay *o);
/* "": as `like`, else as its name. */
const char *overlay_version(const struct overlay *o);
enum overlay_gone { OVERLAY_THERE, OVERLAY_NOT_FOUND, OVERLAY_CLOSED };
enum overlay_gone overlay_gone(const struct overlay *o);
bool overlay_listed(const struct overlay *o);
/* Is it closed? Then what Google says of that. */
bool overlay_closed(struct slice name, char *ret, size_t size);

#endif
