libcore_a_SOURCES += \
	%D%/apierror.c \
	%D%/changes.c \
	%D%/fieldmap.c \
	%D%/fieldvalue.c \
	include/core/api/apierror.h \
	include/core/api/changes.h \
	include/core/api/fieldmap.h \
	include/core/api/apierror.def
