libcore_a_SOURCES += \
	%D%/charset.c \
	%D%/headers.c \
	%D%/mime.c \
	%D%/multipart.c \
	%D%/multipart_form.c \
	%D%/plain_text.c \
	%D%/query.c \
	%D%/sse.c \
	include/core/http/charset.h \
	include/core/http/headers.h \
	include/core/http/mime.h \
	include/core/http/multipart.h \
	include/core/http/plain_text.h \
	include/core/http/query.h \
	include/core/http/sse.h
