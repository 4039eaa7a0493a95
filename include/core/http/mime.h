/* Media types: their spelling, and guesses from a file's first bytes and from its name. */
#ifndef CORE_HTTP_MIME_H
#define CORE_HTTP_MIME_H

#include <stdbool.h>

#include "base/buf.h"

#define MIME_MAX 128
/* What the first bytes can tell is told by as many. */
#define MIME_HEAD 16

/* Type and subtype of a Content-Type's value in lower case and as Google spells them; parameters
 * are kept for audio (`audio/L16;rate=24000`), of other types a charset that is not UTF-8. "" when
 * there is no type; false when the text is none. */
bool mime_clean(struct slice text, char ret[MIME_MAX]);
/* True for "" and for types that say nothing, such as application/octet-stream. */
bool mime_is_vague(struct slice mime);
/* What mime_clean keeps of a charset, or "". */
struct slice mime_charset(struct slice mime);
/* True for what the Gemini API takes as media, in any turn or inside a function's response. All
 * else it takes as text or not at all. */
bool mime_is_media(struct slice mime);
bool mime_in_result(struct slice mime);
/* What the first bytes of a file tell, or NULL. */
const char *mime_from_bytes(struct slice head);
/* What a name's extension tells, or NULL. */
const char *mime_from_name(struct slice filename);

#endif
