libbase_a_SOURCES += \
	%D%/base64.c \
	%D%/body.c \
	%D%/buf.c \
	%D%/clock.c \
	%D%/edit_distance.c \
	%D%/granted.c \
	%D%/log.c \
	%D%/netresult.c \
	%D%/random.c \
	%D%/siphash.c \
	%D%/utf8.c \
	%D%/xalloc.c \
	include/base/base64.h \
	include/base/body.h \
	include/base/buf.h \
	include/base/clock.h \
	include/base/edit_distance.h \
	include/base/granted.h \
	include/base/limits.h \
	include/base/log.h \
	include/base/netresult.h \
	include/base/random.h \
	include/base/siphash.h \
	include/base/utf8.h \
	include/base/xalloc.h
