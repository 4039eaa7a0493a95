/*
 * Every ceiling of the program, in one place. Sizes in bytes, times in milliseconds.
 * What an operator may change is an option (app/conf.def) whose default stands here.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB 1024UL
#define MIB (1024UL * KIB)

/* From the web server */
#define PARAMS_MAX        (128 * KIB) /* all FastCGI parameters of one request */
#define PEEK_MAX          (256 * KIB) /* as much of a request is looked at before it is read */
#define BODY_MAX          (100 * MIB) /* request body; option MAX_BODY */
#define BODY_MEMORY       (1 * MIB)   /* above this a body lives in an unlinked file */
#define STALL_MS          600000      /* the web server takes no byte for this long */
#define REQUEST_WAIT_MS   15000       /* from the connection to the end of the parameters */
#define STOP_WAIT_MS      1000        /* silence in a request once the process is to stop */
#define LINGER_MS         2000        /* unread input is drained this long before the close */
#define ACCEPT_BURST      16          /* connections taken per wake-up of a loop */
#define ACCEPT_BACKOFF_MS 20          /* after EMFILE and its like */
#define LISTEN_BACKLOG    4096
#define LOOPS_MAX         64
#define WORKERS_MAX       16 /* threads of the pool: files, the state store, long computations */

/* Request bodies that are not there with their head */
#define ARRIVALS_MAX       1024       /* at the same time */
#define ARRIVALS_SHARE     64         /* from one address, and with one credential */
#define ARRIVAL_OWNERS_MAX 2          /* whose shares one of them counts for */
#define ARRIVALS_MEMORY    (64 * MIB) /* of all of them; further bytes go to their files */
#define ARRIVAL_CHUNK      (64 * KIB) /* read of one at once, and written to its file */
#define ARRIVAL_READS      4          /* such reads before others have their turn */
#define BODY_GRACE_MS      20000      /* the least average rate counts from there */
#define BODY_RATE_MIN      (2 * KIB)  /* bytes each second */
#define BODY_SILENCE_MS    30000
#define BODY_TIME_MAX_MS   3600000
#define IDLE_GIVE_WAY_MS   1000 /* then one that waits for its head makes room when it is short */

/* To Google */
#define URL_MAX              (32 * KIB)
#define HEADERS_BYTES_MAX    (64 * KIB)
#define ERROR_BODY_MAX       (64 * KIB) /* as much of an error answer is read before it is judged */
#define COLLECT_MAX          (64 * MIB) /* a whole answer that must be translated, or is held */
#define EVENT_PART_MAX       (1 * MIB)  /* of a native event that has not come whole */
#define SSE_EVENT_MAX        (32 * MIB) /* one event: inline images are single lines of megabytes */
#define CONNECT_TIMEOUT_MS   10000
#define EASY_POOL_MAX        256  /* idle easy handles kept per loop */
#define CONNECTIONS_IDLE_MAX 1024 /* idle upstream connections kept per loop */

/* Media behind URLs */
#define MEDIA_PARALLEL   16   /* transfers at the same time, per loop */
#define MEDIA_QUEUE      1024 /* further ones that wait, per loop */
#define MEDIA_REDIRECTS  5
#define MEDIA_CONNECT_MS 10000 /* name, connection and TLS, for each redirect anew */
#define ADDRESS_LIST_MAX 64    /* options MEDIA_ALLOW, TRUSTED_PROXIES */

/* Requests */
#define MEMORY_LEAST          (256 * MIB) /* for all bodies together, however small the machine */
#define ATTEMPTS_MAX          10          /* upstream calls for one request; option RETRY_MAX */
#define SERVER_FAULT_TRIES    2           /* further tries after 5xx and connection failures */
#define PREPARE_PASSES_MAX    4           /* of a translation that refers to things outside */
#define FAN_MAX               128 /* upstream calls that make one answer; OpenAI's limit on n */
#define FAN_PARALLEL          8   /* of them at once */
#define BACKOFF_BASE_MS       250 /* before the first of those, doubled, jittered */
#define RETRY_AFTER_DEFAULT_S 5   /* on a 429 or 503 for which Google named no time */

#define MODEL_NAME_MAX    128
#define JSON_DEPTH_MAX    128
#define JSON_MEMORY       (256 * MIB) /* what one text may become, whatever its length; a longer */
#define JSON_RATIO        8           /* one so many times its length */
#define JSON_UNSCANNED    (JSON_MEMORY / 300) /* what is shorter cannot become more than that */
#define BODY_JSON         (64 * MIB)          /* the same for all texts in one request body */
#define BODY_UNSCANNED    (96 * KIB)          /* a shorter one cannot become more than that */
#define BODY_INLINE       (128 * KIB)         /* a larger one is translated off the loop */
#define CHANGES_MAX       1000                /* that header: web servers cap a head at 4 KiB */
#define STRUCT_DEPTH_MAX  24                  /* levels of a result's JSON */
#define ALIKE_CALLS_MAX   64                  /* open calls whose ids are compared loosely */
#define REFS_MAX          256                 /* things of one kind that one request refers to */
#define REF_VALUE_MAX     (100 * MIB)         /* one of them */
#define TRACES_MAX        (1 * MIB)           /* of Google's tools in one turn, kept for the next */
#define CITED_TEXT_MAX    (4 * MIB)           /* text of a grounded answer, kept for offsets */
#define CITED_PARTS_MAX   4096                /* its parts */
#define CITATIONS_MAX     2000                /* citations of one answer */
#define SCHEMA_NODES_MAX  20000               /* schemas within one schema, after $ref */
#define SCHEMA_DEPTH_MAX  50                  /* schemas nested within each other */
#define SCHEMA_COPIES_MAX (1 * MIB)           /* text that a clean schema has more than once */
#define SCHEMA_INLINE_MAX 512                 /* text of a definition put in place of its $ref */
#define SCHEMA_NOTES_MAX  4096                /* notes remembered, so that none comes twice */
#define EMBED_REPLY_MAX   (128 * MIB)         /* the vectors of one request, as text */
#define CANDIDATES_MAX    8                   /* choices of one stream; Google's own limit */
#define CHAT_BODY_MAX     (BODY_MAX / 3 * 4)  /* a translated request: media may be coded again */
#define USAGE_OBJECT_MAX  (16 * KIB)          /* one usageMetadata object */
#define MEMBER_KEY_MAX    32                  /* keys that a scan of members knows */
#define MEMBER_VALUE_MAX  KIB                 /* their values, as they are written */
#define OBJECTS_MAX       4096                /* mentions of stored objects in one request */
#define OBJECT_NAME_MAX   256                 /* the name of one */
#define OBJECT_MADE_MAX   (64 * KIB)          /* of an answer, in which the name of a new one is */
#define FORM_PARTS_MAX    1000                /* parts of one multipart form */
#define FORM_HEAD_MAX     (8 * KIB)           /* the header lines of one part */
#define FORM_TEXT_MAX     (1 * MIB)           /* the fields of a form that are no files */
#define IMAGES_TEXT_MAX   (64 * KIB)          /* what a model says beside its images */
#define RESPONSE_PAGE     20                  /* items of a stored response's input on one page */
#define RESPONSE_PAGE_MAX 100                 /* as many as a client may want there */
#define COMPACT_KEPT_MAX  (64 * KIB)          /* the user's messages in front of a compaction */
#define SPEECH_CHARS_MAX  4096                /* OpenAI's limit on input and instructions */
#define TRANSCRIPT_MAX    (16 * MIB)          /* the text of one transcript */
#define TRANSCRIPT_WORDS  200000              /* words with times in one transcript */
#define KEYS_MAX          10000               /* keys in the pool */
#define CALLER_KEYS_MAX   1000                /* keys in one request */
#define KEY_BYTES_MAX     512
#define OWN_RINGS_MAX     512    /* lists of callers' keys that are kept while nobody uses them */
#define OWN_KEYS_KEPT_MAX 16384  /* keys in them */
#define OWN_RING_IDLE_MS  600000 /* so long */
#define KEY_WEIGHT_MAX    100    /* how many times as much as another key it takes */
#define PAGES_MAX         20     /* pages of the model list */
#define MODEL_LIST_MAX    (4 * MIB) /* the whole list as a client gets it */
#define VERIFY_PARALLEL   8
#define VERIFY_KEY_MS     15000
#define DRAIN_MS          30000 /* after SIGTERM */

/* A file of options, keys, tokens or families */
#define CONF_FILE_MAX (16 * MIB)

/* What is said about keys and tokens */
#define KEY_NAME_MAX         64
#define REPEATED_KEYS_MAX    32  /* named in the log when the pool lists keys again */
#define PROJECT_NAME_MAX     128 /* bytes */
#define PROXY_URL_MAX        KIB
#define MODEL_LIST_BYTES_MAX (4 * KIB)
#define TOKENS_MAX           10000
#define TOKEN_NAME_MAX       64
#define TOKEN_RPM_MAX        1000000 /* requests per minute */
#define TOKEN_TPD_MAX        1000000000000000ULL
#define LEDGER_ROWS_MAX      32768 /* counts of a day: one for each token and process */

/* Choice of a key */
#define WAIT_MAX_MS   20000     /* a request waits so long for a key; option WAIT_MAX */
#define WAITING_MAX   1024      /* requests that wait for a key */
#define LANES_MAX     16        /* models for which the order of the keys is kept, for each pool */
#define KEY_NOTES_MAX 8         /* keys named in an explanation */
#define PREFIX_MIN    (8 * KIB) /* beginning of a body that is worth reading again */
#define PREFIX_MAX    (128 * KIB) /* as much of it is looked at */
#define PREFIX_LEVELS 5
#define PREFIX_NOTES  4096 /* beginnings remembered for each pool */

/* Owners of stored objects */
#define LOCATE_PROJECTS_MAX 1024        /* projects that are asked for the objects of one request */
#define LOCATE_CALLS_MAX    2048        /* calls of one request for that */
#define LOCATE_PARALLEL     8           /* of them at once */
#define LOCATE_MS           10000       /* all of them; what is not known then stays unknown */
#define LOCATE_PIECE        (256 * KIB) /* of a body in a file, read at once */
#define LOCATE_ABSENT_MS    60000 /* an object that nobody has is not asked for again so long */

/* Health of keys, projects, models and the host */
#define HEALTH_RECORDS_MAX        65536 /* that failed lately: the pool's, callers', models */
#define HEALTH_QUOTAS_MAX         64    /* different ids of quotas */
#define HEALTH_PROBE_MS           2000  /* after a cooldown one call is so far ahead of others */
#define HEALTH_COOL_MIN_MS        1000  /* floor of a quota's cooldown, whatever Google's hint */
#define HEALTH_MINUTE_MS          20000 /* quota per minute without a hint, doubled */
#define HEALTH_MINUTE_MAX_MS      90000 /* its ceiling, also of the hint */
#define HEALTH_BARE_MS            2000  /* 429 without a word about the quota, doubled */
#define HEALTH_OTHER_MS           60000 /* quota of another span without a hint, doubled */
#define HEALTH_OTHER_MAX_MS       3600000
#define HEALTH_MIDNIGHT_SPREAD_MS 5000    /* quotas of a day are tried so long after midnight */
#define HEALTH_LATE_MS            3600000 /* Google may reset so late */
#define HEALTH_LATE_CHECK_MS      300000  /* checks until then */
#define HEALTH_DEAD_MS            3600000 /* between checks of a key that is refused */
#define HEALTH_CALLERS_DEAD_MS    60000   /* the same for a caller's own */
#define HEALTH_MODEL_FREE         3       /* faults of a model in a row before it is given a rest */
#define HEALTH_MODEL_MS           500     /* the rest, doubled */
#define HEALTH_SLOW_MAX_MS        8000    /* when it says that it is overloaded */
#define HEALTH_FAULT_MAX_MS       2000    /* when one caller's request may be the cause */
#define HEALTH_SOURCE_MS          30000   /* faults of two requests within this are a model's own */
#define HEALTH_HOST_MS            5000    /* rest of an address that is throttled, doubled */
#define HEALTH_HOST_MAX_MS        300000
#define HEALTH_SUSPECTS           3        /* so many projects with a bare 429 */
#define HEALTH_SUSPECT_MS         10000    /* within this mean the address */
#define HEALTH_TOLD_MAX_MS        93600000 /* what another process says is barred */

/* What is learnt about models */
#define LEARNED_MODELS_MAX 512               /* models remembered, and as many that are gone */
#define LEARNED_KEEP_MS    (24 * 3600000ULL) /* a lesson is forgotten so long after it */
#define PASSED_MODELS_MAX  4                 /* given up by one request */
#define CATALOG_KEEP_MS    3600000ULL        /* an older list of models is not decided on */
#define CATALOG_NAMES_MAX  (64 * KIB)        /* the names of that list */
#define CATALOG_WAIT_MS    10000             /* patience with it */
#define CATALOG_POLL_MS    50                /* between looks at whether another has fetched it */
#define CATALOG_RETRY_MS   30000             /* it is not fetched again so soon after a failure */

/* State: what is remembered beyond one request */
#define SIGNATURE_KEEP_MS  (48 * 3600000ULL) /* thought signatures */
#define SIGNATURE_MEMORY   (64 * MIB)
#define SIGNATURES_MAX     65536 /* in memory */
#define SIGNATURE_MAX      (64 * KIB)
#define SIGNATURE_FILE     (256 * MIB)            /* all of them in the state file */
#define RESPONSE_KEEP_MS   (30 * 24 * 3600000ULL) /* stored responses */
#define RESPONSE_MEMORY    (64 * MIB)
#define RESPONSES_MAX      4096
#define RESPONSE_MAX       (8 * MIB)
#define RESPONSE_FILE      (1024 * MIB)
#define HEALTH_KEEP_MS     (36 * 3600000ULL) /* health of keys, projects, models and the host */
#define HEALTH_MEMORY      (4 * MIB)
#define HEALTH_ENTRIES     16384
#define HEALTH_VALUE_MAX   512
#define HEALTH_FILE        (64 * MIB)
#define USAGE_KEEP_MS      (48 * 3600000ULL) /* tokens that access tokens spent */
#define USAGE_MEMORY       (1 * MIB)
#define USAGE_ENTRIES      8192
#define USAGE_VALUE_MAX    64
#define USAGE_FILE         (64 * MIB)
#define AFFINITY_KEEP_MS   (60 * 24 * 3600000ULL) /* owners of stored objects */
#define AFFINITY_MEMORY    (8 * MIB)
#define AFFINITY_ENTRIES   32768
#define AFFINITY_VALUE_MAX 256
#define AFFINITY_FILE      (64 * MIB)
#define LEARNED_MEMORY     (1 * MIB) /* what was learnt about models */
#define LEARNED_ENTRIES    1024
#define LEARNED_VALUE_MAX  (16 * KIB)
#define LEARNED_FILE       (4 * MIB)
#define STATE_KEY_MAX      512
#define STATE_SHARES       64         /* owners that are told apart when memory is short */
#define STATE_TRUST_MS     500        /* other processes may have changed a copy older than this */
#define STATE_QUEUE_BYTES  (32 * MIB) /* writes that wait for the engine */
#define STATE_QUEUE_ITEMS  2048
#define STATE_NEWS_BYTES   (16 * MIB) /* the same for followed spaces, which have their own queue */
#define STATE_NEWS_ITEMS   65536      /* all that a process knows, when it is put again */
#define STATE_FLUSH_MS     100        /* a write waits this long for company */
#define STATE_BATCH_BYTES  (4 * MIB)
#define STATE_BATCH_ITEMS  256
#define STATE_FOLLOW_MS    250  /* between questions for what other processes have put */
#define STATE_PAGE_ITEMS   256  /* heard with one question */
#define STATE_ENGINE_MS    1000 /* patience with an engine: locks, connections, replies */
#define STATE_RETRY_MIN_MS 100  /* between attempts to reach an engine that is away, doubled */
#define STATE_RETRY_MAX_MS 1000
#define STATE_TIDY_MS      60000 /* between searches for expired rows */
#define STATE_TIDY_BYTES   (64 * MIB)
#define STATE_TIDY_ROWS    256 /* removed in one transaction */

/* Logs */
#define LOG_LINE_MAX   (8 * KIB)
#define LOG_LINE_USUAL (1 * KIB) /* room for the line of a request, at once */

#endif
