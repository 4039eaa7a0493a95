/*
 * A look at the bytes of an answer, in all of its framings, that builds nothing and stops at the
 * first content. It follows the members that matter and counts brackets in all others.
 */
#include "config.h"

#include "core/gemini/empty_answer.h"

#include <string.h>

#include "base/xalloc.h"

/* Members that matter. */
enum key { OTHER, CANDIDATES, FEEDBACK, TURN, PARTS, TEXT, FINISH, BLOCK, UNKNOWN };

/* clang-format off */
static const struct {
	enum empty_answer_place place;
	struct slice name;
	enum key key;
} keys[] = {
	{ EMPTY_ANSWER_REPLY,     { "candidates", 10 },       CANDIDATES },
	{ EMPTY_ANSWER_REPLY,     { "promptFeedback", 14 },   FEEDBACK },
	{ EMPTY_ANSWER_REPLY,     { "error", 5 },             UNKNOWN },
	{ EMPTY_ANSWER_FEEDBACK,  { "blockReason", 11 },      BLOCK },
	{ EMPTY_ANSWER_CANDIDATE, { "content", 7 },           TURN },
	{ EMPTY_ANSWER_CANDIDATE, { "finishReason", 12 },     FINISH },
	{ EMPTY_ANSWER_TURN,      { "parts", 5 },             PARTS },
	{ EMPTY_ANSWER_PART,      { "text", 4 },              TEXT },
	{ EMPTY_ANSWER_PART,      { "thought", 7 },           OTHER },
	{ EMPTY_ANSWER_PART,      { "thoughtSignature", 16 }, OTHER },
};

/* What a bracket opens. Where the key does not matter it is OTHER. */
static const struct {
	enum empty_answer_place place;
	enum key key;
	char bracket;
	enum empty_answer_place child;
} children[] = {
	{ EMPTY_ANSWER_TOP,        OTHER,      '{', EMPTY_ANSWER_REPLY },
	{ EMPTY_ANSWER_TOP,        OTHER,      '[', EMPTY_ANSWER_LIST },
	{ EMPTY_ANSWER_LIST,       OTHER,      '{', EMPTY_ANSWER_REPLY },
	{ EMPTY_ANSWER_REPLY,      CANDIDATES, '[', EMPTY_ANSWER_CANDIDATES },
	{ EMPTY_ANSWER_REPLY,      FEEDBACK,   '{', EMPTY_ANSWER_FEEDBACK },
	{ EMPTY_ANSWER_CANDIDATES, OTHER,      '{', EMPTY_ANSWER_CANDIDATE },
	{ EMPTY_ANSWER_CANDIDATE,  TURN,       '{', EMPTY_ANSWER_TURN },
	{ EMPTY_ANSWER_TURN,       PARTS,      '[', EMPTY_ANSWER_PARTS },
	{ EMPTY_ANSWER_PARTS,      OTHER,      '{', EMPTY_ANSWER_PART },
};

static const struct {
	bool object;
	enum empty_answer_place parent; /* of a reply also the list */
} places[] = {
	[EMPTY_ANSWER_TOP]        = { false, EMPTY_ANSWER_TOP },
	[EMPTY_ANSWER_LIST]       = { false, EMPTY_ANSWER_TOP },
	[EMPTY_ANSWER_REPLY]      = { true,  EMPTY_ANSWER_TOP },
	[EMPTY_ANSWER_FEEDBACK]   = { true,  EMPTY_ANSWER_REPLY },
	[EMPTY_ANSWER_CANDIDATES] = { false, EMPTY_ANSWER_REPLY },
	[EMPTY_ANSWER_CANDIDATE]  = { true,  EMPTY_ANSWER_CANDIDATES },
	[EMPTY_ANSWER_TURN]       = { true,  EMPTY_ANSWER_CANDIDATE },
	[EMPTY_ANSWER_PARTS]      = { false, EMPTY_ANSWER_TURN },
	[EMPTY_ANSWER_PART]       = { true,  EMPTY_ANSWER_PARTS },
};
/* clang-format on */

static struct slice
empty_word(const struct empty_answer *b)
{
	return (struct slice){ b->word, b->len };
}

static bool
empty_is_word(const struct empty_answer *b, const char *text)
{
	return slice_eq(empty_word(b), slice_str(text));
}

static void
empty_add(struct empty_answer *b, char c)
{
	if (b->len < sizeof(b->word))
		b->word[b->len++] = c;
}

static void
empty_begin(struct empty_answer *b, int state)
{
	b->state = state;
	b->len = 0;
	b->escaped = false;
}

/* ---- strings ---- */

/* A part's member that is not in the table may be content of any kind. */
static void
end_key(struct empty_answer *b)
{
	b->key = b->place == EMPTY_ANSWER_PART ? UNKNOWN : OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].place == b->place && slice_eq(empty_word(b), keys[i].name))
			b->key = (unsigned char)keys[i].key;
	b->content = b->key == UNKNOWN;
}

/* Does a finishReason say why there is nothing? A call or an answer that the model spoiled is
 * another the next time. */
static bool
is_reason(const struct empty_answer *b)
{
	static const char *const none[] = { "", "STOP", "FINISH_REASON_UNSPECIFIED",
		"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE" };

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (empty_is_word(b, none[i]))
			return false;
	return true;
}

static void
end_string(struct empty_answer *b)
{
	b->state = EMPTY_ANSWER_PLAIN;
	if (b->depth > 0)
		return;
	if (!b->value)
		end_key(b);
	else if (b->key == BLOCK)
		b->content = b->len > 0;
	else if (b->key == FINISH)
		b->content = is_reason(b);
	else
		b->content = b->key != OTHER && b->key != TEXT;
}

static void
in_string(struct empty_answer *b, char c)
{
	if (b->escaped) {
		b->escaped = false;
	} else if (c == '"') {
		end_string(b);
		return;
	} else if (c == '\\') {
		b->escaped = true;
	}
	if (b->depth > 0)
		return;
	empty_add(b, c);
	/* Escapes in a key are not read. */
	b->content = b->value ? b->key == TEXT : c == '\\';
}

/* ---- brackets ---- */

static void
open_bracket(struct empty_answer *b, char c)
{
	enum key key = places[b->place].object ? (enum key)b->key : OTHER;

	if (b->depth > 0 || (places[b->place].object && b->value && key == OTHER)) {
		b->depth++;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		if (children[i].place != b->place || children[i].key != key ||
		    children[i].bracket != c || (places[b->place].object && !b->value))
			continue;
		b->place = children[i].child;
		b->list |= b->place == EMPTY_ANSWER_LIST;
		b->value = false;
		return;
	}
	b->content = true;
}

static void
close_bracket(struct empty_answer *b, char c)
{
	if (b->depth > 0) {
		b->depth--;
		return;
	}
	if (b->place == EMPTY_ANSWER_TOP || (c == '}') != places[b->place].object) {
		b->content = true;
		return;
	}
	if (b->place == EMPTY_ANSWER_LIST)
		b->list = false;
	b->place =
	    b->place == EMPTY_ANSWER_REPLY && b->list ? EMPTY_ANSWER_LIST : places[b->place].parent;
	/* Back behind the member of which it was the value. */
	b->value = true;
	b->key = OTHER;
}

/* ---- what stands between ---- */

static bool
empty_is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* The name of a field of an event stream. */
static void
in_field(struct empty_answer *b, char c)
{
	if (empty_is_letter(c))
		empty_add(b, c);
	else if (c != ':')
		b->content = true;
	else if (empty_is_word(b, "data"))
		b->state = EMPTY_ANSWER_PLAIN;
	else if (empty_is_word(b, "event") || empty_is_word(b, "id") || empty_is_word(b, "retry"))
		b->state = EMPTY_ANSWER_LINE;
	else
		b->content = true;
}

static void
at_top(struct empty_answer *b, char c)
{
	static const char bom[] = "\xEF\xBB\xBF";

	if (empty_is_letter(c)) {
		empty_begin(b, EMPTY_ANSWER_FIELD);
		empty_add(b, c);
	} else if (c == ':') {
		b->state = EMPTY_ANSWER_LINE;
	} else {
		b->content = b->seen >= strlen(bom) || bom[b->seen] != c;
	}
}

static void
in_object(struct empty_answer *b, char c)
{
	if (c == ',') {
		b->value = false;
	} else if (c == ':') {
		b->content = b->value;
		b->value = true;
	} else {
		/* A number or a word; of a member that matters only null. */
		b->content = !b->value || (b->key != OTHER && strchr("nul", c) == NULL);
	}
}

static void
in_plain(struct empty_answer *b, char c)
{
	bool object = places[b->place].object;

	switch (c) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return;
	case '{':
	case '[':
		open_bracket(b, c);
		return;
	case '}':
	case ']':
		close_bracket(b, c);
		return;
	case '"':
		empty_begin(b, EMPTY_ANSWER_STRING);
		b->content = b->depth == 0 && !object;
		return;
	default:
		break;
	}
	if (b->depth > 0)
		return;
	if (object)
		in_object(b, c);
	else if (b->place == EMPTY_ANSWER_TOP)
		at_top(b, c);
	else
		b->content = c != ',';
}

static void
empty_step(struct empty_answer *b, char c)
{
	switch (b->state) {
	case EMPTY_ANSWER_PLAIN:
		in_plain(b, c);
		break;
	case EMPTY_ANSWER_STRING:
		in_string(b, c);
		break;
	case EMPTY_ANSWER_FIELD:
		in_field(b, c);
		break;
	case EMPTY_ANSWER_LINE:
		if (c == '\n' || c == '\r')
			b->state = EMPTY_ANSWER_PLAIN;
		break;
	}
}

enum empty_answer_answer
empty_answer_look(struct empty_answer *b, struct slice all, bool ended)
{
	for (; b->seen < all.len && !b->content; b->seen++)
		empty_step(b, all.ptr[b->seen]);
	if (ended && (b->place != EMPTY_ANSWER_TOP || b->state == EMPTY_ANSWER_FIELD))
		b->content = true;
	if (b->content)
		return EMPTY_ANSWER_CONTENT;
	return ended ? EMPTY_ANSWER_EMPTY : EMPTY_ANSWER_MORE;
}
