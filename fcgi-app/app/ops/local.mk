libapp_a_SOURCES += \
	%D%/op_chat.c \
	%D%/op_completions.c \
	%D%/op_embed.c \
	%D%/op_images.c \
	%D%/op_models.c \
	%D%/op_native.c \
	%D%/op_responses.c \
	%D%/op_speech.c \
	%D%/op_transcription.c \
	%D%/op_verify.c \
	include/app/ops/ops.h
