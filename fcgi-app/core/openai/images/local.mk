libcore_a_SOURCES += \
	%D%/edit.c \
	%D%/images.c \
	%D%/reply.c \
	%D%/shape.c \
	%D%/images_priv.h \
	include/core/openai/images/images.h
