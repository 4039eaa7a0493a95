# What all tests share. Each kind of test has a fragment in its folder.
check_PROGRAMS = $(unit_tests) $(sim_tests) $(fuzz_tests)
check_LIBRARIES = tests/libtest.a
tests_libtest_a_SOURCES =
unit_tests =
sim_tests =
fuzz_tests =
lint_scripts =
include tests/agents/local.mk
include tests/bench/local.mk
include tests/clients/local.mk
include tests/fuzz/local.mk
include tests/golden/local.mk
include tests/lint/local.mk
include tests/openai/local.mk
include tests/sim/local.mk
include tests/standin/local.mk
include tests/unit/local.mk
EXTRA_DIST += tests/README.md tests/firstgo tests/it tests/recording \
	tests/check \
	tests/tsan.supp \
	tests/fcgi_naive.h \
	tests/fcgi_record.h \
	tests/golden_file.h \
	tests/judge.h \
	tests/tap.h \
	tests/unset_options.h

TESTS = $(unit_tests) tests/golden/golden $(sim_tests) $(replay_tests) $(lint_scripts) \
	tests/standin/selftest.py tests/openai/selftest.py tests/openai/golden.py \
	tests/openai/coverage.py tests/bench/test_load.py
TEST_EXTENSIONS = .sh .py
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_srcdir)'; export srcdir; \
	builddir='$(abs_builddir)'; export builddir; \
	GATEWAY='$(abs_builddir)/gemini-balance.fcgi'; export GATEWAY; \
	STANDIN='$(abs_builddir)/tests/standin/standin'; export STANDIN; \
	LOAD='$(abs_builddir)/tests/bench/load'; export LOAD; \
	CC='$(CC)'; export CC; \
	CPPFLAGS='$(JSON_CFLAGS) $(CURL_CFLAGS) $(UV_CFLAGS) $(SQLITE_CFLAGS) $(HIREDIS_CFLAGS)'; export CPPFLAGS;
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = $(PYTHON3) -B
