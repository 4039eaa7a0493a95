libcore_a_SOURCES += \
	%D%/completions.c \
	%D%/reply.c \
	include/core/openai/completions/completions.h
