/* Voices of two makers. Which of Gemini's stands for one of OpenAI's is a choice; each stands for
 * one alone. */
#include "config.h"

#include "core/gemini/voices.h"

#include "base/xalloc.h"

/* clang-format off */
static const struct {
	const char *name, *gemini;
} voices[] = {
	/* OpenAI's. */
	{ "alloy",   "Kore" },
	{ "ash",     "Orus" },
	{ "ballad",  "Umbriel" },
	{ "cedar",   "Charon" },
	{ "coral",   "Leda" },
	{ "echo",    "Puck" },
	{ "fable",   "Iapetus" },
	{ "marin",   "Aoede" },
	{ "nova",    "Zephyr" },
	{ "onyx",    "Algenib" },
	{ "sage",    "Sulafat" },
	{ "shimmer", "Callirrhoe" },
	{ "verse",   "Fenrir" },
	/* Gemini's. */
	{ "Achernar",      "Achernar" },
	{ "Achird",        "Achird" },
	{ "Algenib",       "Algenib" },
	{ "Algieba",       "Algieba" },
	{ "Alnilam",       "Alnilam" },
	{ "Aoede",         "Aoede" },
	{ "Autonoe",       "Autonoe" },
	{ "Callirrhoe",    "Callirrhoe" },
	{ "Charon",        "Charon" },
	{ "Despina",       "Despina" },
	{ "Enceladus",     "Enceladus" },
	{ "Erinome",       "Erinome" },
	{ "Fenrir",        "Fenrir" },
	{ "Gacrux",        "Gacrux" },
	{ "Iapetus",       "Iapetus" },
	{ "Kore",          "Kore" },
	{ "Laomedeia",     "Laomedeia" },
	{ "Leda",          "Leda" },
	{ "Orus",          "Orus" },
	{ "Puck",          "Puck" },
	{ "Pulcherrima",   "Pulcherrima" },
	{ "Rasalgethi",    "Rasalgethi" },
	{ "Sadachbia",     "Sadachbia" },
	{ "Sadaltager",    "Sadaltager" },
	{ "Schedar",       "Schedar" },
	{ "Sulafat",       "Sulafat" },
	{ "Umbriel",       "Umbriel" },
	{ "Vindemiatrix",  "Vindemiatrix" },
	{ "Zephyr",        "Zephyr" },
	{ "Zubenelgenubi", "Zubenelgenubi" },
};
/* clang-format on */

const char *
voices_gemini(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(voices); i++)
		if (slice_eqi(name, slice_str(voices[i].name)))
			return voices[i].gemini;
	return NULL;
}

void
voices_list(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(voices); i++) {
		const char *joint = i == 0 ? "" : i + 1 == ARRAY_SIZE(voices) ? ", and " : ", ";

		buf_addf(out, "%s'%s'", joint, voices[i].name);
	}
}
