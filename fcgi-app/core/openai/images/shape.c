/* Sizes in pixels to the aspect ratios and size classes of Gemini's image models. */
#include "config.h"

#include "images_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

#define EDGE_MAX 16384 /* of a size that makes sense */

const char images_model_default[] = "gemini-3.1-flash-image";

/* clang-format off */
/* From the smallest; limit: where the next one is nearer, in pixels. 3840x2160 is called 4K. */
static const struct {
	const char *word;
	double edge, limit;
} size_classes[] = {
	{ "512", 512,  512.0 * 1024 },
	{ "1K",  1024, 1024.0 * 2048 },
	{ "2K",  2048, 3840.0 * 2160 },
	{ "4K",  4096, HUGE_VAL },
};

static const struct {
	const char *word;
	double width, height;
	bool extreme;
} ratios[] = {
	{ "1:1", 1, 1, false },  { "2:3", 2, 3, false },   { "3:2", 3, 2, false },
	{ "3:4", 3, 4, false },  { "4:3", 4, 3, false },   { "4:5", 4, 5, false },
	{ "5:4", 5, 4, false },  { "9:16", 9, 16, false }, { "16:9", 16, 9, false },
	{ "21:9", 21, 9, false },
	{ "1:4", 1, 4, true },   { "4:1", 4, 1, true },    { "1:8", 1, 8, true },
	{ "8:1", 8, 1, true },
};
/* clang-format on */

/* Bits: rows of size_classes that the model takes as imageSize; 0: it makes 1K. */
static unsigned
sizes_of(const struct family *model)
{
	if ((model->can & FAMILY_IMAGE_SIZES) == 0)
		return 0;
	return (model->can & FAMILY_IMAGE_WIDE) != 0 ? 1 | 2 | 4 | 8 : 2 | 4 | 8;
}

static bool
read_edge(struct slice text, double *ret)
{
	uint64_t edge;

	if (!slice_u64(text, &edge) || edge == 0 || edge > EDGE_MAX)
		return false;
	*ret = (double)edge;
	return true;
}

/* The class that fits, or the next larger one that the model takes, or the next smaller one. */
static const char *
nearest_class(const struct family *model, size_t at)
{
	unsigned sizes = sizes_of(model);

	if (sizes == 0)
		return NULL;
	for (size_t i = at; i < ARRAY_SIZE(size_classes); i++)
		if ((sizes >> i & 1) != 0)
			return size_classes[i].word;
	while ((sizes >> at & 1) == 0)
		at--;
	return size_classes[at].word;
}

const char *
images_size_for(const struct family *model, const char *size)
{
	size_t at = 0;

	while (at + 1 < ARRAY_SIZE(size_classes) && strcmp(size_classes[at].word, size) != 0)
		at++;
	return nearest_class(model, at);
}

/* How far the class that will be made is from the area, as a factor of its edge's logarithm. */
static double
class_distance(const char *word, double area)
{
	double edge = 1024; /* what models without imageSize make */

	for (size_t i = 0; word != NULL && i < ARRAY_SIZE(size_classes); i++)
		if (strcmp(size_classes[i].word, word) == 0)
			edge = size_classes[i].edge;
	return fabs(log(sqrt(area) / edge));
}

static const char *
nearest_ratio(const struct family *model, double wanted, double *ret_distance)
{
	const char *found = NULL;

	*ret_distance = HUGE_VAL;
	for (size_t i = 0; i < ARRAY_SIZE(ratios); i++) {
		double distance = fabs(log(wanted) - log(ratios[i].width / ratios[i].height));

		if ((ratios[i].extreme && (model->can & FAMILY_IMAGE_WIDE) == 0) ||
		    distance >= *ret_distance)
			continue;
		*ret_distance = distance;
		found = ratios[i].word;
	}
	return found;
}

/* One of Google's words, in any case. */
static bool
read_class(const struct family *model, struct slice text, struct images_shape *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(size_classes); i++) {
		double edge = size_classes[i].edge;

		if (!slice_eqi(text, slice_str(size_classes[i].word)))
			continue;
		ret->size = nearest_class(model, i);
		ret->exact = class_distance(ret->size, edge * edge) < 0.05;
		return true;
	}
	return false;
}

/* What stands between two numbers: x in any case, *, the sign for times, : and /. */
static size_t
shape_separator(struct slice text, size_t *ret_at)
{
	static const struct slice times = { "\xC3\x97", 2 };

	for (size_t i = 0; i < text.len; i++) {
		struct slice rest = { text.ptr + i, text.len - i };

		*ret_at = i;
		if (strchr("xX*:/", text.ptr[i]) != NULL && text.ptr[i] != '\0')
			return 1;
		if (slice_starts(rest, times))
			return times.len;
	}
	return 0;
}

bool
images_shape_read(const struct family *model, struct slice text, struct images_shape *ret)
{
	size_t at = 0, len = shape_separator(text, &at), class = 0;
	double width, height, distance;
	bool ratio;

	if (len == 0)
		return read_class(model, text, ret);
	ratio = text.ptr[at] == ':' || text.ptr[at] == '/';
	if (!read_edge(slice_trim((struct slice){ text.ptr, at }), &width) ||
	    !read_edge(
		slice_trim((struct slice){ text.ptr + at + len, text.len - at - len }), &height))
		return false;
	ret->ratio = nearest_ratio(model, width / height, &distance);
	ret->exact = distance < 0.02;
	if (ratio)
		return true;
	while (width * height >= size_classes[class].limit)
		class ++;
	ret->size = nearest_class(model, class);
	ret->exact = ret->exact && class_distance(ret->size, width * height) < 0.05;
	return true;
}
