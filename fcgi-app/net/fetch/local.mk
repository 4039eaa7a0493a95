libnet_a_SOURCES += \
	%D%/address.c \
	%D%/fetch.c \
	%D%/fetch_call.c \
	%D%/own_address.c \
	%D%/own_address.h \
	include/net/fetch/address.h \
	include/net/fetch/fetch.h \
	include/net/fetch/fetch_priv.h
