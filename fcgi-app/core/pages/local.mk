libcore_a_SOURCES += \
	%D%/status_page.c \
	include/core/pages/pages.h
