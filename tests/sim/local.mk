# The simulator: it takes the place of libnet.a and of the clock, so that a test has the whole
# lifecycle of requests without a socket and without waiting. A test is one line here.
sim_tests += \
	%D%/test_lifecycle_attributes \
	%D%/test_lifecycle_auth \
	%D%/test_lifecycle_body \
	%D%/test_lifecycle_chat \
	%D%/test_lifecycle_client \
	%D%/test_lifecycle_empty \
	%D%/test_lifecycle_fallback \
	%D%/test_lifecycle_fan \
	%D%/test_lifecycle_gone \
	%D%/test_lifecycle_judgement \
	%D%/test_lifecycle_keys \
	%D%/test_lifecycle_lists \
	%D%/test_lifecycle_local \
	%D%/test_lifecycle_models \
	%D%/test_lifecycle_native \
	%D%/test_lifecycle_objects \
	%D%/test_lifecycle_own \
	%D%/test_lifecycle_prefix \
	%D%/test_lifecycle_random \
	%D%/test_lifecycle_reload \
	%D%/test_lifecycle_retry \
	%D%/test_lifecycle_time \
	%D%/test_lifecycle_tokens \
	%D%/test_lifecycle_upload \
	%D%/test_lifecycle_verify \
	%D%/test_lifecycle_wait

check_LIBRARIES += %D%/libsim.a
tests_sim_libsim_a_SOURCES = \
	%D%/sim_conn.c \
	%D%/sim_fetch.c \
	%D%/sim_look.c \
	%D%/sim_stand.c \
	%D%/sim_upstream.c
EXTRA_DIST += \
	%D%/model_texts.h \
	%D%/sim.h \
	%D%/sim_fetch.h \
	%D%/sim_priv.h \
	%D%/texts.h

# Linked whole and first: what it defines is not looked for in the libraries. A test that only needs
# its fetches is linked the same way.
simulated = $(sim_tests) tests/unit/test_media
$(simulated): %D%/libsim.a
$(simulated): LDADD = -Wl,--whole-archive %D%/libsim.a -Wl,--no-whole-archive \
	libapp.a libcore.a libnet.a libbase.a $(CORE_LIBS)
