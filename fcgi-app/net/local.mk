libnet_a_SOURCES += \
	%D%/loop.c \
	%D%/socket.c \
	include/net/loop.h \
	include/net/socket.h
