libcore_a_SOURCES += \
	%D%/cycles.c \
	%D%/finish.c \
	%D%/gather.c \
	%D%/index.c \
	%D%/keywords.c \
	%D%/merge.c \
	%D%/parts.c \
	%D%/refs.c \
	%D%/run.c \
	%D%/schema.c \
	%D%/values.c \
	%D%/gather.h \
	%D%/schema_priv.h \
	include/core/schema/schema.h
