libapp_a_SOURCES += \
	%D%/conf.c \
	%D%/conf_check.c \
	%D%/conf_file.c \
	%D%/conf_options.c \
	%D%/conf_print.c \
	%D%/conf_priv.h \
	include/app/conf/conf.h \
	include/app/conf/conf.def
