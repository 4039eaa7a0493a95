libapp_a_SOURCES += \
	%D%/serve.c \
	include/app/serve.h
