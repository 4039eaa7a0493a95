# The benchmark: a load generator, and the scripts that drive it.
check_PROGRAMS += %D%/load %D%/picks
tests_bench_load_SOURCES = \
	%D%/load.c \
	%D%/load_reply.c \
	%D%/load_request.c \
	%D%/load_run.c \
	%D%/load_stats.c \
	%D%/load_watch.c \
	%D%/load_reply.h \
	%D%/load_request.h \
	%D%/load_run.h \
	%D%/load_stats.h \
	%D%/load_watch.h
EXTRA_DIST += \
	%D%/README.md \
	%D%/bodies.py \
	%D%/cases.py \
	%D%/rig.py \
	%D%/run.py \
	%D%/test_load.py

# BENCH_FLAGS: for example --quick, or --only af; tests/bench/README.md explains the figures.
.PHONY: bench bench-bodies
bench: gemini-balance.fcgi tests/standin/standin %D%/load
	$(PYTHON3) -B $(srcdir)/%D%/run.py --gateway $(abs_builddir)/gemini-balance.fcgi \
		--standin $(abs_builddir)/tests/standin/standin --load $(abs_builddir)/%D%/load \
		--out $(abs_builddir)/bench.json $(BENCH_FLAGS)
bench-bodies: gemini-balance.fcgi tests/standin/standin
	$(PYTHON3) -B $(srcdir)/%D%/bodies.py --gateway $(abs_builddir)/gemini-balance.fcgi \
		--standin $(abs_builddir)/tests/standin/standin
CLEANFILES += bench.json
