/* What translations take from their request. */
#ifndef APP_REQUEST_TRANSLATION_H
#define APP_REQUEST_TRANSLATION_H

#include "core/openai/chat/chat.h"
#include "app/request/request.h"

/* What every translation of this request depends on. */
struct translate_env request_env(struct request *r);
/* The caller's body; -1 with err when it cannot be read back. */
int request_body(struct request *r, struct slice *ret, struct apierror *err);

#endif
