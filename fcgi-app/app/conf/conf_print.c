/* The table of options for people: --help and the sample file. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/xalloc.h"
#include "conf_priv.h"

/* Words broken at 78 columns behind an indent. */
static void
print_wrapped(FILE *out, const char *indent, const char *text)
{
	size_t column = 0;
	struct slice rest = slice_str(text), word;

	while (slice_split(&rest, ' ', &word)) {
		if (column == 0 || column + 1 + word.len > 78) {
			fprintf(out, "%s%s", column == 0 ? "" : "\n", indent);
			column = strlen(indent);
		} else {
			fputc(' ', out);
			column++;
		}
		fwrite(word.ptr, 1, word.len, out);
		column += word.len;
	}
	fputc('\n', out);
}

/* Bounds as people write them: 100M, 0.5. */
static void
print_bound(FILE *out, const struct conf_option *o, double bound)
{
	static const struct {
		double bytes;
		char suffix;
	} units[] = { { 1024.0 * 1024 * 1024, 'G' }, { 1024.0 * 1024, 'M' }, { 1024.0, 'K' } };

	for (size_t i = 0; o->kind == KIND_SIZE && i < ARRAY_SIZE(units); i++)
		if (bound >= units[i].bytes && fmod(bound, units[i].bytes) == 0) {
			fprintf(out, "%.10g%c", bound / units[i].bytes, units[i].suffix);
			return;
		}
	fprintf(out, "%.10g", bound);
}

/* What may stand behind the `=`. */
static void
print_values(FILE *out, const struct conf_option *o)
{
	switch (o->kind) {
	case KIND_STR:
	case KIND_SECRET:
		fputs(conf_form_words(o->form), out);
		break;
	case KIND_NUM:
	case KIND_SIZE:
	case KIND_TIME:
		print_bound(out, o, o->min);
		fputs(" to ", out);
		print_bound(out, o, o->max);
		fputs(o->kind == KIND_TIME   ? " seconds"
		      : o->kind == KIND_SIZE ? " bytes"
					     : "",
		    out);
		break;
	case KIND_BOOL:
		fputs("yes|no", out);
		break;
	case KIND_ENUM:
		fputs(o->words, out);
		break;
	}
}

void
conf_print_help(FILE *out)
{
	for (const struct conf_option *o = conf_options; o->name != NULL || o->group != NULL; o++) {
		if (o->name == NULL) {
			fprintf(out, "\n%s\n", o->group);
			continue;
		}
		fprintf(out, "  %s (", o->name);
		print_values(out, o);
		fputc(')', out);
		if (o->def[0] != '\0')
			fprintf(out, " [%s]", o->def);
		fputc('\n', out);
		print_wrapped(out, "        ", o->sentence);
	}
}

void
conf_print_sample(FILE *out)
{
	fputs("# gemini-balance: every option with its default. The environment wins over this "
	      "file.\n",
	    out);
	for (const struct conf_option *o = conf_options; o->name != NULL || o->group != NULL; o++) {
		if (o->name == NULL) {
			fprintf(out, "\n# ---- %s ----\n", o->group);
			continue;
		}
		fputc('\n', out);
		print_wrapped(out, "# ", o->sentence);
		fputs("# Value: ", out);
		print_values(out, o);
		fprintf(out, ".\n#%s=%s\n", o->name, o->def);
	}
}
