# Fuzzers: one line each. A plain build links them with a main that replays the corpora, which `make
# check` runs; --enable-fuzzing links libFuzzer's instead.
fuzz_tests += \
	%D%/fuzz_audio \
	%D%/fuzz_base64 \
	%D%/fuzz_chat_reply \
	%D%/fuzz_chat_request \
	%D%/fuzz_chat_stream \
	%D%/fuzz_coding \
	%D%/fuzz_completions \
	%D%/fuzz_conf \
	%D%/fuzz_embed \
	%D%/fuzz_empty_answer \
	%D%/fuzz_entries \
	%D%/fuzz_fcgi_scan \
	%D%/fuzz_files \
	%D%/fuzz_gemini_reader \
	%D%/fuzz_gemini_status \
	%D%/fuzz_heads \
	%D%/fuzz_images \
	%D%/fuzz_json_cost \
	%D%/fuzz_learned \
	%D%/fuzz_media \
	%D%/fuzz_models \
	%D%/fuzz_multipart \
	%D%/fuzz_query \
	%D%/fuzz_redis \
	%D%/fuzz_responses_request \
	%D%/fuzz_responses_stream \
	%D%/fuzz_route \
	%D%/fuzz_schema \
	%D%/fuzz_scrub \
	%D%/fuzz_share \
	%D%/fuzz_sse \
	%D%/fuzz_stored_objects \
	%D%/fuzz_usage_scan

tests_libtest_a_SOURCES += %D%/replay_main.c
EXTRA_DIST += \
	%D%/chat_shape.h \
	%D%/check_error.h \
	%D%/check_json.h \
	%D%/fuzz.h \
	%D%/corpus

if FUZZING
$(fuzz_tests): LDFLAGS += -fsanitize=fuzzer,address,undefined
replay_tests =
else
replay_tests = $(fuzz_tests)
endif
