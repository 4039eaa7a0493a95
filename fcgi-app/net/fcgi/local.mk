libnet_a_SOURCES += \
	%D%/cgi.c \
	%D%/fcgi_arrivals.c \
	%D%/fcgi_conn.c \
	%D%/fcgi_read.c \
	%D%/fcgi_scan.c \
	%D%/fcgi_state.c \
	%D%/fcgi_stdin.c \
	%D%/fcgi_write.c \
	%D%/pace.c \
	%D%/places.c \
	include/net/fcgi/fcgi_conn.h \
	include/net/fcgi/fcgi_conn_priv.h \
	include/net/fcgi/fcgi_scan.h \
	include/net/fcgi/fcgi_stdin.h \
	include/net/fcgi/pace.h \
	include/net/fcgi/places.h
