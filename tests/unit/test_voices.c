/* Voices by either maker's name. */
#include "config.h"

#include "core/gemini/voices.h"
#include "tap.h"

int
main(void)
{
	static const char *const openai[] = { "alloy", "ash", "ballad", "coral", "echo", "fable",
		"onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar" };
	struct buf list;
	bool all = true, distinct = true;

	for (size_t i = 0; i < sizeof(openai) / sizeof(openai[0]); i++) {
		const char *voice = voices_gemini(slice_str(openai[i]));

		all = all && voice != NULL && voices_gemini(slice_str(voice)) == voice;
		for (size_t j = 0; j < i && voice != NULL; j++)
			distinct =
			    distinct && strcmp(voice, voices_gemini(slice_str(openai[j]))) != 0;
	}
	ok(all, "each of OpenAI's voices has one of Gemini's");
	ok(distinct, "no two sound the same");
	is_str(voices_gemini(SLICE("alloy")), "Kore", "OpenAI's name");
	is_str(voices_gemini(SLICE("Zubenelgenubi")), "Zubenelgenubi", "Gemini's name");
	is_str(voices_gemini(SLICE("pUCK")), "Puck", "Gemini's name in any case");
	ok(voices_gemini(SLICE("nobody")) == NULL, "an unknown name");
	ok(voices_gemini(SLICE("")) == NULL, "no name");
	ok(voices_gemini(SLICE("Kore ")) == NULL, "a name with a blank behind it");

	buf_init(&list, 4096);
	voices_list(&list);
	ok(slice_starts(buf_slice(&list), SLICE("'alloy', 'ash', ")), "the list's start");
	ok(slice_ends(buf_slice(&list), SLICE(", and 'Zubenelgenubi'")), "the list's end");
	ok(list.len < 700, "the list is short enough for a message");
	buf_release(&list);
	return tap_done();
}
