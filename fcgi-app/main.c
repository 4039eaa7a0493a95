/* Start-up order, signals and the ordered stop. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/conf/conf.h"
#include "app/request/gateway.h"
#include "app/serve.h"
#include "app/request/memory.h"
#include "base/granted.h"
#include "base/log.h"
#include "net/fcgi/fcgi_conn.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/http/upstream.h"
#include "app/keys/tokens.h"
#include "app/state/state.h"

#define LOOPS_MAX   64
#define WORKERS_MAX 16 /* threads of the pool: files, the state store, long computations */

/* Exit codes of sysexits.h. */
enum { EXIT_USAGE = 64, EXIT_UNAVAILABLE = 69, EXIT_OS = 71, EXIT_CONFIG = 78 };

/* Beside loops and workers: the state's, the resolver's at work. */
#define THREADS_OTHER 8

/* Freed memory above this is given back, and larger blocks come from the system one by one. */
#define MEMORY_KEPT (256 * 1024)

struct arguments {
	const char *config, *listen;
	bool check;
};

static void
print_help(void)
{
	puts("Usage: gemini-balance.fcgi [--config FILE] [--listen ADDRESS] [--check]\n"
	     "\n"
	     "A FastCGI responder: a gateway to the Gemini API that speaks the native and the "
	     "OpenAI\n"
	     "dialect and balances several keys. A web server starts it, or hands it a socket.\n"
	     "\n"
	     "  --config FILE      read options from FILE, lines of NAME=value\n"
	     "  --listen ADDRESS   listen at unix:PATH or HOST:PORT (the option LISTEN)\n"
	     "  --check            check the options and exit\n"
	     "  --sample-config    print a file with every option and its default\n"
	     "  --version, --help, -h\n"
	     "\n"
	     "Options are environment variables, or lines of the file; the environment wins.");
	conf_print_help(stdout);
}

/* -1: go on; otherwise the exit code. */
static int
parse_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option rows[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "listen", required_argument, NULL, 'l' },
		{ "check", no_argument, NULL, 'k' },
		{ "sample-config", no_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", rows, NULL)) != -1) {
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 'l':
			ret->listen = optarg;
			break;
		case 'k':
			ret->check = true;
			break;
		case 's':
			conf_print_sample(stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("gemini-balance " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			print_help();
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "gemini-balance: unexpected argument \"%s\"; see --help\n", argv[optind]);
	return EXIT_USAGE;
}

/* Open files: of the process (standard streams, socket, log, state), of each loop, of each request,
 * which is two connections. With fewer requests than these a loop would be of little use. */
enum { FILES_PROCESS = 24, FILES_LOOP = 12, FILES_REQUEST = 2, REQUESTS_LEAST = 4 };
#define FILES_LOOP_LEAST (FILES_LOOP + FILES_REQUEST * REQUESTS_LEAST)

/* 0 is for "one for each processor", as far as there are files for them. */
static unsigned
count_loops(unsigned wanted, size_t files)
{
	size_t most = files > FILES_PROCESS ? (files - FILES_PROCESS) / FILES_LOOP_LEAST : 0;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted > 0)
		return wanted;
	wanted = processors < 1 ? 1 : processors > LOOPS_MAX ? LOOPS_MAX : (unsigned)processors;
	return most == 0 ? 1 : wanted < most ? wanted : (unsigned)most;
}

/* How many loops there will be, and how many requests each may hold. False with a word on standard
 * error when the system grants too little for that. */
static bool
share_resources(struct loops_options *options)
{
	size_t files = granted_files(), needed, threads;

	options->count = count_loops(options->count, files);
	needed = FILES_PROCESS + (size_t)options->count * FILES_LOOP_LEAST;
	if (files < needed) {
		fprintf(stderr,
		    "gemini-balance: needs %zu open files for LOOPS=%u, and %zu are allowed: raise "
		    "the limit (ulimit -n, LimitNOFILE= of systemd)\n",
		    needed, options->count, files);
		return false;
	}
	options->requests_max = (files - FILES_PROCESS - (size_t)options->count * FILES_LOOP) /
	                        FILES_REQUEST / options->count;
	/* A plain CGI program serves one request: most of its threads are never started. */
	if (options->listen_fd < 0)
		return true;
	needed = THREADS_OTHER + WORKERS_MAX + options->count;
	threads = granted_threads(needed);
	if (threads < needed)
		fprintf(stderr,
		    "gemini-balance: needs %zu threads, and %zu can be started: raise the "
		    "limits on processes and memory (ulimit -u and -v, TasksMax= of systemd, "
		    "pids.max)\n",
		    needed, threads);
	return threads == needed;
}

static bool
is_plain_cgi(void)
{
	return getenv("GATEWAY_INTERFACE") != NULL && getenv("REQUEST_METHOD") != NULL;
}

/* The listening socket, -1 for plain CGI, -2 with a word on standard error. */
static int
open_socket(const struct conf *conf, struct socket_file *ret_file)
{
	char error[CONF_ERROR_MAX];
	int fd;

	if (conf->listen[0] != '\0') {
		unsigned mode = (unsigned)strtoul(conf->listen_mode, NULL, 8);

		fd = socket_listen(
		    conf->listen, mode, conf->listen_group, ret_file, error, sizeof(error));
		if (fd >= 0)
			return fd;
		fprintf(stderr, "gemini-balance: %s\n", error);
		return -2;
	}
	fd = socket_inherited();
	if (fd >= 0 || is_plain_cgi())
		return fd;
	fputs(
	    "gemini-balance: no web server handed over a socket; start it with --listen unix:PATH\n"
	    "(or --listen HOST:PORT) and point the web server there, or see --help\n",
	    stderr);
	return -2;
}

/* Web servers have users of their own: behind such a socket each request would be a 502 or 503. */
static void
warn_of_root_only(int fd)
{
	if (socket_root_only(fd))
		log_event(LOG_WARN, "only root can connect to the socket",
		    LOG_S("advice", "give it the group of your web server: LISTEN_GROUP=www-data, "
				    "SocketGroup= of systemd, -g of spawn-fcgi"));
}

/* What a reload takes over; snapshot_new reads them. */
static const char *const reloaded[] = { "GEMINI_API_KEYS", "GEMINI_API_KEYS_FILE", "ACCESS_TOKENS",
	"ACCESS_TOKENS_FILE", "ADMIN_TOKEN", "OPEN_ACCESS", "OWN_KEYS", "BALANCE", "MODEL_ALIASES",
	"MODEL_FAMILIES_FILE", NULL };

static int
load_options(struct conf *conf, const struct arguments *arguments, char error[CONF_ERROR_MAX])
{
	if (conf_load(conf, arguments->config, error) != 0 ||
	    (arguments->listen != NULL && conf_set(conf, "LISTEN", arguments->listen, error) != 0))
		return -1;
	return conf_check(conf, error);
}

/* Other programs' variables may have such names: they are pointed out, not refused. */
static void
log_misspelt(void)
{
	const char *name, *option;
	size_t at = 0;

	while ((name = conf_misspelt(NULL, &at, &option)) != NULL)
		log_event(LOG_WARN, "a variable looks like a misspelt option",
		    LOG_S("variable", name), LOG_S("option", option));
}

static void
reload(struct gateway *gw, const struct arguments *arguments)
{
	char error[CONF_ERROR_MAX] = "";
	struct conf conf;

	if (log_reopen(gw->conf->log_file) != 0)
		log_event(LOG_WARN, "the log file cannot be opened again, the old one goes on",
		    LOG_S("reason", strerror(errno)));
	if (load_options(&conf, arguments, error) == 0 && gateway_reload(gw, &conf, error) == 0) {
		log_event(LOG_INFO, "reloaded", LOG_N("keys", snapshot_key_count(gw->snapshot)),
		    LOG_N("tokens", tokens_count(gw->snapshot->tokens)),
		    LOG_S("restart_needed_for", conf_difference(gw->conf, &conf, reloaded)));
		snapshot_log(gw->snapshot);
	} else {
		log_event(LOG_ERROR, "not reloaded, nothing is changed", LOG_S("reason", error));
	}
	conf_release(&conf);
}

/* Waits for the signals; one that ends the process stops the loops. */
static void
serve(struct loops *loops, struct gateway *gw, const struct arguments *arguments,
    const sigset_t *signals)
{
	int got = 0;

	for (;;) {
		if (sigwait(signals, &got) != 0)
			continue;
		if (got != SIGHUP)
			break;
		reload(gw, arguments);
	}
	log_event(LOG_INFO, "stopping", LOG_S("signal", strsignal(got)),
	    LOG_N("requests", loops_active(loops)));
	loops_stop(loops, gw->conf->drain_timeout);
}

static void *
hasten(void *arg)
{
	const sigset_t *signals = arg;
	int got;

	sigwait(signals, &got);
	_exit(EXIT_SUCCESS);
}

/* Large requests come now and then, and what they took goes back to the system at once: glibc would
 * raise its thresholds with the first of them, and keep the memory. */
static void
return_memory(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT);
	mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
#endif
}

/* Signals that main waits for are blocked in every thread, and before anybody can connect: who gets
 * through to the socket may send them. */
static void
block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
	/* An ignored signal might not wait for being asked about. */
	signal(SIGHUP, SIG_DFL);
}

/* A plain CGI program ends with its one request, and like any other program. */
static void
unblock_signals(const sigset_t *signals)
{
	signal(SIGHUP, SIG_IGN);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static int
run(const struct conf *conf, struct gateway *gw, const struct arguments *arguments)
{
	static sigset_t signals;
	struct socket_file file = { 0 };
	struct upstream_options upstream = {
		.http2 = conf->upstream_http == UPSTREAM_HTTP_2,
		.proxy = conf->upstream_proxy,
		.ca_file = conf->upstream_ca,
		.ip_family = conf->upstream_ip == UPSTREAM_IP_4   ? 4
		             : conf->upstream_ip == UPSTREAM_IP_6 ? 6
		                                                  : 0,
		.connect_timeout_ms = conf->connect_timeout,
	};
	struct loops_options options = {
		.count = (unsigned)conf->loops,
		.upstream = &upstream,
		.conns = {
			.body = { (size_t)conf->body_memory, (size_t)conf->max_body,
			    conf->spool_dir },
			.unread_max = memory_most(gw->memory),
			.owners = serve_owners,
			.request = serve_request,
			.ctx = gw,
		},
	};
	char error[CONF_ERROR_MAX] = "";
	struct loops *loops;
	pthread_t hastener;
	size_t cut;

	block_signals(&signals);
	options.listen_fd = open_socket(conf, &file);
	if (options.listen_fd == -2)
		return EXIT_UNAVAILABLE;
	if (options.listen_fd < 0) {
		unblock_signals(&signals);
		options.count = 1;
	}
	if (!share_resources(&options)) {
		socket_unlink(conf->listen, &file);
		return EXIT_OS;
	}
	if (gateway_open(gw, error) != 0) {
		fprintf(stderr, "gemini-balance: %s\n", error);
		socket_unlink(conf->listen, &file);
		return EXIT_CONFIG;
	}
	loops = loops_start(&options);
	if (loops == NULL) {
		fprintf(stderr, "gemini-balance: cannot start: %s\n", strerror(errno));
		socket_unlink(conf->listen, &file);
		return EXIT_OS;
	}
	if (options.listen_fd >= 0) {
		log_event(LOG_INFO, "started", LOG_S("version", PACKAGE_VERSION),
		    LOG_S("listen", conf->listen[0] != '\0' ? conf->listen : "inherited"),
		    LOG_N("loops", options.count), LOG_N("keys", snapshot_key_count(gw->snapshot)),
		    LOG_S("state", state_engine_name(gw->state)), LOG_S("upstream", gw->base_url));
		log_misspelt();
		warn_of_root_only(options.listen_fd);
		snapshot_log(gw->snapshot);
		serve(loops, gw, arguments, &signals);
		socket_unlink(conf->listen, &file);
		sigdelset(&signals, SIGHUP);
		pthread_create(&hastener, NULL, hasten, &signals);
		pthread_detach(hastener);
	}
	cut = loops_join(loops);
	if (options.listen_fd >= 0)
		log_event(LOG_INFO, "stopped", LOG_N("requests_cut", cut));
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	char error[CONF_ERROR_MAX] = "";
	char workers[16];
	struct gateway *gw = NULL;
	struct conf conf;
	int rc = parse_arguments(argc, argv, &arguments);

	if (rc >= 0)
		return rc;
	return_memory();
	rc = EXIT_CONFIG;
	if (load_options(&conf, &arguments, error) != 0 ||
	    (gw = gateway_new(&conf, error)) == NULL) {
		fprintf(stderr, "gemini-balance: %s\n", error);
		goto out;
	}
	if (arguments.check) {
		log_misspelt();
		snapshot_log(gw->snapshot);
		snapshot_print_keys(gw->snapshot, stdout);
		puts("gemini-balance: the options are valid");
		rc = EXIT_SUCCESS;
		goto out;
	}
	if (log_open(conf.log_file, (enum log_level)conf.log_level) != 0) {
		fprintf(stderr, "gemini-balance: cannot write %s: %s\n", conf.log_file,
		    strerror(errno));
		goto out;
	}
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* No core dump or debugger of the same user shows keys. */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	/* The size of libuv's pool is taken from the environment. When one of its threads cannot be
	 * started, libuv aborts: share_resources looks for that. */
	snprintf(workers, sizeof(workers), "%d", WORKERS_MAX);
	setenv("UV_THREADPOOL_SIZE", workers, 0);
	if (fcgi_conn_global_init() != 0 || upstream_global_init() != 0) {
		fputs("gemini-balance: libfcgi or libcurl cannot start\n", stderr);
		rc = EXIT_OS;
		goto out;
	}
	/* libfcgi has put its own handlers on some of these. */
	signal(SIGPIPE, SIG_IGN);
	/* A log or a state file that has reached a limit is an error of the write. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	rc = run(&conf, gw, &arguments);
	upstream_global_release();
out:
	gateway_free(gw);
	conf_release(&conf);
	log_close();
	return rc;
}
