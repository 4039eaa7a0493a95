libcore_a_SOURCES += \
	%D%/embeddings.c \
	include/core/openai/embeddings/embeddings.h
