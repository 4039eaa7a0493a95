# Lints print TAP; each is one line here.
lint_scripts += \
	%D%/headers.sh \
	%D%/layers.sh \
	%D%/length.sh \
	%D%/models.sh \
	%D%/options.sh \
	%D%/values.sh \
	%D%/words.sh
EXTRA_DIST += $(lint_scripts)
