libcore_a_SOURCES += \
	%D%/compact.c \
	%D%/count.c \
	%D%/echo.c \
	%D%/input.c \
	%D%/input_hosted.c \
	%D%/input_item.c \
	%D%/input_messages.c \
	%D%/input_tools.c \
	%D%/past.c \
	%D%/reply_calls.c \
	%D%/reply_event.c \
	%D%/reply_items.c \
	%D%/request.c \
	%D%/stored.c \
	%D%/stream.c \
	%D%/input.h \
	%D%/reply_priv.h \
	include/core/openai/responses/responses.h
