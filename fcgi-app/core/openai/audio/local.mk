libcore_a_SOURCES += \
	%D%/speech.c \
	%D%/speech_reply.c \
	%D%/transcript.c \
	%D%/transcript_segments.c \
	%D%/transcription.c \
	%D%/transcription_file.c \
	%D%/transcription_language.c \
	%D%/transcription_reply.c \
	%D%/transcription_write.c \
	%D%/speech_priv.h \
	%D%/transcript.h \
	include/core/openai/audio/speech.h \
	include/core/openai/audio/transcription.h
