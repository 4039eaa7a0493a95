libcore_a_SOURCES += \
	%D%/ext_refs.c \
	%D%/request_text.c \
	include/core/openai/common/ext_refs.h \
	include/core/openai/common/request_text.h
