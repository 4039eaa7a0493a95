/*
 * The table engine that turns one JSON object into another. A table of rows is the whole truth
 * about which fields are mapped, ignored and refused; the engine looks up, checks and places.
 */
#ifndef CORE_API_FIELDMAP_H
#define CORE_API_FIELDMAP_H

#include <json-c/json.h>

#include "core/api/apierror.h"
#include "core/api/changes.h"

enum field_kind {
	FK_ANY,
	FK_STR,
	FK_INT, /* 3.0 becomes 3, what is beyond 64 bits the nearest that is not */
	FK_NUM,
	FK_BOOL,
	FK_OBJECT,
	FK_ARRAY,
};

/* What a client means by a value of another kind: a number or a boolean in a string, 0 and 1 for a
 * boolean, an empty list for an object (PHP) and an empty object for a list (Lua). A new reference,
 * NULL when the value is not of that kind. FK_ANY takes all. */
json_object *field_meant(enum field_kind kind, json_object *value);

enum field_flags {
	FF_REQUIRED = 1, /* must be there; null means absent */
	FF_IGNORE = 2,   /* harmless: taken, mentioned and dropped, whatever it is */
	FF_REJECT = 4,   /* refused when present */
	FF_EXACT = 64,   /* a number out of its range is refused, not clamped */
	FF_NO_LOW = 128, /* a number below its range stands for "no limit": it is left out */

	/* What a row's functions come to, where nothing else in the row shows it: see fields_fate.
	 */
	FF_UNUSED = 8,     /* checked, but nothing is done with it */
	FF_REFUSES = 16,   /* refused */
	FF_SOMETIMES = 32, /* the model decides whether anything is done with it */
};

struct fieldmap;

/* One pass over a table. */
struct fieldmap_run {
	json_object *source, *target; /* borrowed; target is an object; values in source become what
	                               * was meant by them (field_meant), in their range */
	const char *prefix;           /* of source in error messages ("a.b"), or NULL */
	unsigned have;                /* which row needs are met; a row's emit may change it */
	void *ctx;
	struct changes *changes; /* NULL: nobody wants to know */
	struct apierror *err;
};

/* For one target: leaves *ret as it is (NULL) for nothing to place, else a new reference, which
 * is given back when it fails too. -1 with run->err; the engine fills in an empty param. */
typedef int (*fieldconv_fn)(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);
/* For fields that feed several targets or none. */
typedef int (*fieldemit_fn)(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value);

struct fieldmap {
	const char *from; /* key, or keys joined by dots; the error's param */
	const char *to;   /* slash path, made on demand; NULL: the row checks or emits only */
	enum field_kind kind;
	unsigned flags;
	unsigned need; /* bits that run->have must hold, else the checked value is dropped; that is
	                * noted unless conv yields nothing or the value is *noop */
	double min, max;    /* of numbers, which are clamped; not checked when both are equal */
	const double *noop; /* a number whose loss is worth no note, or NULL */
	fieldconv_fn conv;  /* NULL: the value itself, by reference */
	fieldemit_fn emit;
	const void *arg; /* for conv and emit */
};

/* Rows end with a NULL `from` and apply in their order: the later of two rows with one target
 * wins. Keys that no row begins with are noted as ignored. 0, or -1 with run->err. */
int fieldmap_apply(const struct fieldmap *rows, struct fieldmap_run *run);

/* The run of an object inside run's source: what it does not name is as in run. prefix is borrowed,
 * and the object's full name. */
struct fieldmap_run fieldmap_inside(
    const struct fieldmap_run *run, json_object *source, const char *prefix);
/* Applies a table to a row's value, an object. */
int fieldmap_apply_inside(struct fieldmap_run *run, const struct fieldmap *row,
    const struct fieldmap *fields, json_object *value);
/* What errors call the row's field. */
void fieldmap_param(
    const struct fieldmap_run *run, const struct fieldmap *row, char ret[APIERROR_PARAM_MAX]);

/* conv: arg is a list of words, ending with a NULL `from`; a NULL `to` places nothing. Case does
 * not matter; other words are dropped and noted. */
struct field_word {
	const char *from, *to;
};
int fieldconv_word(
    struct fieldmap_run *run, const struct fieldmap *row, json_object *value, json_object **ret);

/* Places value (taken) under a slash path; objects on the way are made, other values on the way
 * replaced. */
void fieldmap_put(json_object *root, const char *path, json_object *value);

/* Writes the name of a field for error messages ("messages[1].role"), cut when it is too long. */
void field_name(char ret[APIERROR_PARAM_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Refusals in OpenAI's words; param in the message and in err. All return -1. */
int fieldmap_missing(struct apierror *err, const char *param);
int fieldmap_bad_type(
    struct apierror *err, const char *param, const char *expected, json_object *got);
/* supported: the words to offer, or NULL. */
int fieldmap_bad_word(
    struct apierror *err, const char *param, struct slice got, const char *supported);
/* For a word of an enumeration, or a type, that nobody here knows: what is named `at` is left out
 * and mentioned; 0. With a strict list it is refused as fieldmap_bad_word does, at+suffix being the
 * param. */
int fieldmap_drop_word(const struct fieldmap_run *run, const char *at, const char *suffix,
    struct slice got, const char *supported);

/* A table, and what stands in front of its names: "" at the top, "reasoning." inside. Each endpoint
 * shows its tables, which a test holds against the documents; they end with NULL rows. */
struct field_table {
	const char *inside;
	const struct fieldmap *rows;
};

#endif
