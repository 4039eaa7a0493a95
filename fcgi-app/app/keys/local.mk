libapp_a_SOURCES += \
	%D%/balancer.c \
	%D%/caller_keys.c \
	%D%/catalog.c \
	%D%/keyring.c \
	%D%/snapshot.c \
	%D%/spending.c \
	%D%/tokens.c \
	%D%/balancer_priv.h \
	include/app/keys/balancer.h \
	include/app/keys/caller_keys.h \
	include/app/keys/catalog.h \
	include/app/keys/keyring.h \
	include/app/keys/snapshot.h \
	include/app/keys/spending.h \
	include/app/keys/tokens.h
