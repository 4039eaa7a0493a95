/*
 * Several processes at one SQLite file, killed again and again: what one of them puts, the others
 * know within a second, and hear of it when they follow; nothing that is older than a second is
 * lost; the file stays sound.
 *
 * The program runs itself: `write FILE NAME` puts values and says so, `read FILE` answers which of
 * the keys it is told are there.
 */
#include "config.h"

#ifdef HAVE_SQLITE

#include "app/state/state_priv.h"

#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "state_help.h"

#define WRITERS    3
#define ROUNDS     3
#define PUTS_MAX   4000
#define PAUSE_US   3000
#define LIFE_MS    600
#define VALUE_SIZE 3000

/* Sanitizers make everything slow. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SECOND_MS 3000
#else
#define SECOND_MS 1000
#endif

static char *file;

/* ---- what the children do ---- */

static void
make_value(const char *key, char value[VALUE_SIZE])
{
	size_t len = strlen(key);

	for (size_t i = 0; i < VALUE_SIZE - 1; i++)
		value[i] = key[i % len];
	value[VALUE_SIZE - 1] = '\0';
}

static int
run_writer(const char *spec, const char *name)
{
	struct state *s = state_new(spec, error);
	char value[VALUE_SIZE];

	for (int i = 0; s != NULL && i < PUTS_MAX; i++) {
		const char *key = text("%s-%d", name, i);

		make_value(key, value);
		put(s, key, value);
		state_put(s, STATE_USAGE, slice_str(key), SLICE("x"));
		printf("%d\n", i);
		fflush(stdout);
		usleep(PAUSE_US);
	}
	state_free(s);
	return s == NULL;
}

static int
run_reader(const char *spec)
{
	struct state *s = state_new(spec, error);
	char key[64], value[VALUE_SIZE];

	while (s != NULL && fgets(key, sizeof(key), stdin) != NULL) {
		bool good;

		key[strcspn(key, "\n")] = '\0';
		make_value(key, value);
		ask(s, key, value, &good);
		printf("%c\n", good ? 'y' : 'n');
		fflush(stdout);
	}
	state_free(s);
	return s == NULL;
}

/* ---- children ---- */

struct child {
	pid_t pid;
	FILE *in, *out;
};

static struct child
child_start(const char *role, const char *name)
{
	struct child child;
	int to[2], from[2];
	const char *spec = text("sqlite:%s", file);

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		exit(1);
	child.pid = fork();
	if (child.pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl("/proc/self/exe", "state", role, spec, name, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	child.in = fdopen(to[1], "w");
	child.out = fdopen(from[0], "r");
	return child;
}

static int
child_end(struct child *child, int sig)
{
	int status = -1;

	if (sig != 0)
		kill(child->pid, sig);
	fclose(child->in);
	fclose(child->out);
	waitpid(child->pid, &status, 0);
	return status;
}

static bool
knows(struct child *reader, const char *key)
{
	char answer[8] = "";

	fprintf(reader->in, "%s\n", key);
	fflush(reader->in);
	return fgets(answer, sizeof(answer), reader->out) != NULL && answer[0] == 'y';
}

/* ---- the test ---- */

/* One writer's life: when each of its values was put. */
struct life {
	char name[32];
	struct child child;
	uint64_t put_at[PUTS_MAX];
	int count;
};

/* What the writers say, until the time is over. */
static void
listen_to(struct life lives[WRITERS], uint64_t until)
{
	struct pollfd fds[WRITERS];
	char line[32];

	for (int i = 0; i < WRITERS; i++)
		fds[i] = (struct pollfd){ fileno(lives[i].child.out), POLLIN, 0 };
	while (clock_mono_ms() < until) {
		poll(fds, WRITERS, 20);
		for (int i = 0; i < WRITERS; i++) {
			/* A line for each value; the pipe is as good as a clock. */
			if ((fds[i].revents & POLLIN) != 0 &&
			    fgets(line, sizeof(line), lives[i].child.out) != NULL &&
			    lives[i].count < PUTS_MAX)
				lives[i].put_at[lives[i].count++] = clock_mono_ms();
		}
	}
}

/* How many values that had been put before the moment the reader does not know. */
static int
missing(const struct life *life, struct child *reader, uint64_t before)
{
	int lost = 0;

	for (int i = 0; i < life->count && life->put_at[i] <= before; i++)
		if (!knows(reader, text("%s-%d", life->name, i)))
			lost++;
	return lost;
}

/* As above for a store that follows. */
static int
not_heard(const struct life *life, struct listener *l, uint64_t before)
{
	int lost = 0;

	for (int i = 0; i < life->count && life->put_at[i] <= before; i++)
		lost += strcmp(heard(l, text("%s-%d", life->name, i)), "x") != 0;
	return lost;
}

static bool
is_sound(void)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	bool sound = false;

	if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		sound = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return sound;
}

static void
test_round(int round, struct child *reader, struct listener *listener)
{
	static struct life lives[WRITERS];
	uint64_t killed;
	int lost = 0, late = 0, unheard = 0, count = 0;

	for (int i = 0; i < WRITERS; i++) {
		lives[i].count = 0;
		snprintf(lives[i].name, sizeof(lives[i].name), "w%d-%d", round, i);
		lives[i].child = child_start("write", lives[i].name);
		setvbuf(lives[i].child.out, NULL, _IONBF, 0);
	}
	listen_to(lives, clock_mono_ms() + SECOND_MS + LIFE_MS);
	/* They are alive: what is a second old is known to the others. */
	for (int i = 0; i < WRITERS; i++) {
		int last = lives[i].count - 1;
		uint64_t before = clock_mono_ms() - SECOND_MS;

		while (last >= 0 && lives[i].put_at[last] > before)
			last--;
		late += last < 0 || !knows(reader, text("%s-%d", lives[i].name, last));
	}
	killed = clock_mono_ms();
	for (int i = 0; i < WRITERS; i++)
		child_end(&lives[i].child, SIGKILL);
	for (int i = 0; i < WRITERS; i++)
		unheard += not_heard(&lives[i], listener, killed - SECOND_MS);
	for (int i = 0; i < WRITERS; i++) {
		count += lives[i].count;
		lost += missing(&lives[i], reader, killed - SECOND_MS);
	}
	printf("# %d values\n", count);
	is_int(late, 0, "known to another process after a second");
	is_int(unheard, 0, "who follows has heard of all that is older");
	is_int(lost, 0, "nothing older than a second is lost when all are killed");
	ok(is_sound(), "the file is sound");
}

/* Killed while they begin, when the file is made and opened. */
static void
test_early(void)
{
	bool sound = true;

	file = strdup(text("%s/early", place));
	for (int round = 0; round < 12; round++) {
		struct child children[WRITERS];

		for (int i = 0; i < WRITERS; i++)
			children[i] = child_start("write", "early");
		usleep((unsigned)(round * 2500));
		for (int i = 0; i < WRITERS; i++)
			child_end(&children[i], SIGKILL);
		if (access(file, F_OK) == 0)
			sound = sound && is_sound();
	}
	ok(sound && access(text("%s.corrupt", file), F_OK) != 0, "killed at the beginning");
	free(file);
}

int
main(int argc, char **argv)
{
	struct listener *listener;
	struct child reader;

	if (argc > 2) {
		signal(SIGPIPE, SIG_IGN);
		return argv[1][0] == 'w' ? run_writer(argv[2], argv[3]) : run_reader(argv[2]);
	}
	begin();
	test_early();
	file = strdup(text("%s/state", place));
	reader = child_start("read", "");
	listener = listener_new(text("sqlite:%s", file), STATE_USAGE, NULL);
	for (int round = 0; round < ROUNDS; round++)
		test_round(round, &reader, listener);
	is_int(losses(listener), 0, "never is anything to be put again");
	listener_free(listener);
	is_int(child_end(&reader, 0), 0, "the reader ends well");
	ok(access(text("%s.corrupt", file), F_OK) != 0, "nothing was put aside");
	free(file);
	return end();
}

#else

#include "tap.h"

TAP_SKIP_MAIN("built without SQLite")

#endif
