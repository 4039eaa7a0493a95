libnet_a_SOURCES += \
	%D%/coding.c \
	%D%/curl_uv.c \
	%D%/header_lines.c \
	%D%/transfer.c \
	%D%/upstream.c \
	%D%/url.c \
	include/net/http/coding.h \
	include/net/http/curl_uv.h \
	include/net/http/upstream.h \
	include/net/http/upstream_priv.h \
	include/net/http/url.h
