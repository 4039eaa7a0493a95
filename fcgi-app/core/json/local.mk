libcore_a_SOURCES += \
	%D%/json.c \
	%D%/json_cost.c \
	%D%/json_scan.c \
	%D%/jwriter.c \
	include/core/json/json.h \
	include/core/json/json_cost.h \
	include/core/json/json_scan.h \
	include/core/json/jwriter.h
