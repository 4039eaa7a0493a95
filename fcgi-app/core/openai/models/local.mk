libcore_a_SOURCES += \
	%D%/model_list.c \
	include/core/openai/models/model_list.h
