libapp_a_SOURCES += \
	%D%/redis.c \
	%D%/redis_follow.c \
	%D%/redis_link.c \
	%D%/redis_url.c \
	%D%/sqlite.c \
	%D%/sqlite_file.c \
	%D%/state.c \
	%D%/state_follow.c \
	%D%/state_item.c \
	%D%/state_table.c \
	%D%/state_turn.c \
	%D%/state_url.c \
	%D%/state_writer.c \
	%D%/redis.h \
	%D%/sqlite.h \
	%D%/state_priv.h \
	%D%/state_store.h \
	include/app/state/state.h
