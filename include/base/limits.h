/*
 * Every ceiling of the program, in one place. Sizes in bytes, times in milliseconds.
 * What an operator may change is an option (app/conf.def) whose default stands here.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB 1024UL
#define MIB (1024UL * KIB)

/* From the web server */
#define PEEK_MAX    (256 * KIB) /* as much of a request is looked at before it is read */
#define BODY_MAX    (100 * MIB) /* request body; option MAX_BODY */
#define BODY_MEMORY (1 * MIB)   /* above this a body lives in an unlinked file */

/* Request bodies that are not there with their head */
#define ARRIVAL_OWNERS_MAX 2 /* whose shares one of them counts for */

/* To Google */
#define URL_MAX            (32 * KIB)
#define HEADERS_BYTES_MAX  (64 * KIB)
#define ERROR_BODY_MAX     (64 * KIB) /* as much of an error answer is read before it is judged */
#define COLLECT_MAX        (64 * MIB) /* a whole answer that must be translated, or is held */
#define SSE_EVENT_MAX      (32 * MIB) /* one event: inline images are single lines of megabytes */
#define CONNECT_TIMEOUT_MS 10000

/* Media behind URLs */
#define ADDRESS_LIST_MAX 64 /* options MEDIA_ALLOW, TRUSTED_PROXIES */

/* Requests */
#define SERVER_FAULT_TRIES 2   /* further tries after 5xx and connection failures */
#define PREPARE_PASSES_MAX 4   /* of a translation that refers to things outside */
#define FAN_MAX            128 /* upstream calls that make one answer; OpenAI's limit on n */
#define FAN_PARALLEL       8   /* of them at once */
#define BACKOFF_BASE_MS    250 /* before the first of those, doubled, jittered */

#define MODEL_NAME_MAX    128
#define JSON_MEMORY       (256 * MIB) /* what one text may become, whatever its length; a longer */
#define JSON_RATIO        8           /* one so many times its length */
#define JSON_UNSCANNED    (JSON_MEMORY / 300) /* what is shorter cannot become more than that */
#define BODY_UNSCANNED    (96 * KIB)          /* a shorter one cannot become more than that */
#define REFS_MAX          256                 /* things of one kind that one request refers to */
#define SCHEMA_NODES_MAX  20000               /* schemas within one schema, after $ref */
#define SCHEMA_DEPTH_MAX  50                  /* schemas nested within each other */
#define SCHEMA_COPIES_MAX (1 * MIB)           /* text that a clean schema has more than once */
#define CANDIDATES_MAX    8                   /* choices of one stream; Google's own limit */
#define TRANSLATED_MAX    (BODY_MAX / 3 * 4)  /* a translated request: media may be coded again */
#define USAGE_OBJECT_MAX  (16 * KIB)          /* one usageMetadata object */
#define OBJECT_NAME_MAX   256                 /* the name of one */
#define FORM_TEXT_MAX     (1 * MIB)           /* the fields of a form that are no files */
#define KEYS_MAX          10000               /* keys in the pool */
#define CALLER_KEYS_MAX   1000                /* keys in one request */
#define KEY_BYTES_MAX     512
#define KEY_WEIGHT_MAX    100       /* how many times as much as another key it takes */
#define PAGES_MAX         20        /* pages of the model list */
#define MODEL_LIST_MAX    (4 * MIB) /* the whole list as a client gets it */
#define VERIFY_PARALLEL   8
#define VERIFY_KEY_MS     15000
#define DRAIN_MS          30000 /* after SIGTERM */

/* A file of options, keys, tokens or families */
#define CONF_FILE_MAX (16 * MIB)

/* What is said about keys and tokens */
#define MODEL_LIST_BYTES_MAX (4 * KIB)

/* Choice of a key */
#define WAIT_MAX_MS 20000       /* a request waits so long for a key; option WAIT_MAX */
#define PREFIX_MIN  (8 * KIB)   /* beginning of a body that is worth reading again */
#define PREFIX_MAX  (128 * KIB) /* as much of it is looked at */

/* Owners of stored objects */

/* Health of keys, projects, models and the host */

/* What is learnt about models */
#define LEARNED_KEEP_MS   (24 * 3600000ULL) /* a lesson is forgotten so long after it */
#define PASSED_MODELS_MAX 4                 /* given up by one request */
#define CATALOG_NAMES_MAX (64 * KIB)        /* the names of that list */
#define CATALOG_WAIT_MS   10000             /* patience with it */
#define CATALOG_POLL_MS   50                /* between looks at whether another has fetched it */

/* State: what is remembered beyond one request */
#define RESPONSE_MAX       (8 * MIB)
#define LEARNED_VALUE_MAX  (16 * KIB)
#define STATE_KEY_MAX      512
#define STATE_QUEUE_ITEMS  2048
#define STATE_NEWS_ITEMS   65536 /* all that a process knows, when it is put again */
#define STATE_BATCH_BYTES  (4 * MIB)
#define STATE_BATCH_ITEMS  256
#define STATE_ENGINE_MS    1000 /* patience with an engine: locks, connections, replies */
#define STATE_RETRY_MIN_MS 100  /* between attempts to reach an engine that is away, doubled */
#define STATE_RETRY_MAX_MS 1000

/* Logs */

#endif
