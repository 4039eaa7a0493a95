/* Header lines of an answer as they came. */
#include "config.h"

#include <string.h>

#include "net/http/upstream.h"

bool
header_lines_next(
    const struct header_lines *h, size_t *pos, struct slice *ret_name, struct slice *ret_value)
{
	while (*pos < h->text.len) {
		struct slice rest = { h->text.data + *pos, h->text.len - *pos }, line;

		slice_split(&rest, '\n', &line);
		*pos = h->text.len - rest.len;
		if (slice_split(&line, ':', ret_name) && line.ptr > ret_name->ptr + ret_name->len) {
			*ret_value = slice_trim(line);
			return true;
		}
	}
	return false;
}

struct slice
header_lines_get(const struct header_lines *h, const char *name)
{
	struct slice found, value;
	size_t pos = 0;

	while (header_lines_next(h, &pos, &found, &value))
		if (slice_eqi(found, slice_str(name)))
			return value;
	return (struct slice){ "", 0 };
}
