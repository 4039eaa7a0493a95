libcore_a_SOURCES += \
	%D%/ext_refs.c \
	include/core/openai/common/ext_refs.h
