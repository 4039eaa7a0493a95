/* What the readers of image requests share. */
#ifndef CORE_OPENAI_IMAGES_IMAGES_PRIV_H
#define CORE_OPENAI_IMAGES_IMAGES_PRIV_H

#include "core/api/fieldmap.h"
#include "core/openai/images/images.h"
#include "core/http/mime.h"

/* An image to edit, in one of two forms. */
struct images_input {
	json_object *part;   /* Gemini's part, owned, or NULL */
	char mime[MIME_MAX]; /* else an upload: its type and bytes */
	struct slice bytes;
};

/* The ctx of the field table's run. */
struct images_read {
	struct images_request *request;
	const struct translate_env *env;
	struct model_view view; /* of the model, once it is chosen */
	json_object *prompt;    /* borrowed */
	bool sized;             /* a size other than `auto` was given */
	struct slice size;
	bool quality;             /* a quality that asks for something was given */
	const char *quality_size; /* the imageSize that it stands for */
	struct {
		const struct fieldmap *row;
		json_object *value;
	} extra[2]; /* Google's extensions, borrowed */
	size_t extra_count;
	struct images_input *inputs;
	size_t count;
};

/* Reads everything but the images to edit, and writes the body. err's fields are of the source. */
int images_read_fields(struct images_read *read, json_object *source, struct apierror *err);

/* ---- shape.c ---- */

/* The model that an error offers to those who named another. */
extern const char images_model_default[];

struct images_shape {
	const char *ratio; /* aspectRatio, or NULL */
	const char *size;  /* imageSize, or NULL: the model takes none */
	bool exact;        /* near enough to what was asked for */
};

/* text: `1536x1024`, `16:9` or `2K`, in any case and with other signs for times. False when it is
 * no size. */
bool images_shape_read(const struct family *model, struct slice text, struct images_shape *ret);
/* The nearest imageSize that the model takes, or NULL. size: one of Google's words. */
const char *images_size_for(const struct family *model, const char *size);

#endif
