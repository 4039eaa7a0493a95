/* A lock around core/ledger, and the store. */
#include "config.h"

#include "app/keys/spending.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/state/state.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "core/keys/ledger.h"

#define LEDGER_ROWS_MAX 32768 /* counts of a day: one for each token and process */

struct spending {
	pthread_mutex_t lock;
	struct ledger *ledger;
	struct state *state; /* NULL: nobody else wants to know */
};

struct spending *
spending_new(void)
{
	struct spending *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	s->ledger = ledger_new(random_u64(), LEDGER_ROWS_MAX);
	return s;
}

void
spending_free(struct spending *s)
{
	if (s == NULL)
		return;
	ledger_free(s->ledger);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void
put_row(void *ctx, const struct ledger_row *row)
{
	struct spending *s = ctx;
	char name[LEDGER_NAME_MAX], count[24];

	ledger_name(row, name);
	snprintf(count, sizeof(count), "%llu", (unsigned long long)row->count);
	state_put(s->state, STATE_USAGE, slice_str(name), slice_str(count));
}

static void
spending_on_changed(void *ctx, struct slice name, struct slice count)
{
	struct spending *s = ctx;
	struct ledger_row row;

	if (!ledger_read(name, count, &row))
		return;
	pthread_mutex_lock(&s->lock);
	ledger_take(s->ledger, &row, clock_wall_ms());
	pthread_mutex_unlock(&s->lock);
}

static void
spending_on_lost(void *ctx)
{
	struct spending *s = ctx;

	pthread_mutex_lock(&s->lock);
	ledger_each(s->ledger, put_row, s);
	pthread_mutex_unlock(&s->lock);
}

void
spending_share(struct spending *s, struct state *state)
{
	const struct state_follower follower = { spending_on_changed, spending_on_lost, s };

	if (!state_is_shared(state))
		return;
	s->state = state;
	state_follow(state, STATE_USAGE, &follower);
}

void
spending_add(struct spending *s, uint64_t account, uint64_t amount, bool tell)
{
	struct ledger_row row;

	pthread_mutex_lock(&s->lock);
	ledger_spend(s->ledger, account, amount, clock_wall_ms(), &row);
	if (tell && s->state != NULL)
		put_row(s, &row);
	pthread_mutex_unlock(&s->lock);
}

uint64_t
spending_today(struct spending *s, uint64_t account)
{
	uint64_t total;

	pthread_mutex_lock(&s->lock);
	total = ledger_total(s->ledger, account, clock_wall_ms());
	pthread_mutex_unlock(&s->lock);
	return total;
}
