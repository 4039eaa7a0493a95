libcore_a_SOURCES += \
	%D%/route.c \
	%D%/route_google.c \
	%D%/route_hint.c \
	%D%/route_path.c \
	%D%/route_rows.c \
	%D%/route_priv.h \
	include/core/route/route.h \
	include/core/route/routes.def
