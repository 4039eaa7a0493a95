# The golden files: a folder for each kind of translation.
EXTRA_DIST += \
	%D%/chat_reply \
	%D%/chat_request \
	%D%/chat_stream \
	%D%/completions \
	%D%/embed \
	%D%/images \
	%D%/judgement \
	%D%/responses_reply \
	%D%/responses_request \
	%D%/responses_stream \
	%D%/schema \
	%D%/speech \
	%D%/transcription \
	%D%/golden.h

check_PROGRAMS += %D%/golden
tests_golden_golden_SOURCES = %D%/golden.c %D%/golden_reply.c %D%/golden_request.c
