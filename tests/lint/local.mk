# Lints print TAP; each is one line here.
lint_scripts += \
	%D%/columns.sh \
	%D%/cycles.py \
	%D%/docs.py \
	%D%/headers.sh \
	%D%/layers.py \
	%D%/models.sh \
	%D%/options.sh \
	%D%/taste.py \
	%D%/unused.py \
	%D%/values.sh \
	%D%/words.sh
EXTRA_DIST += $(lint_scripts) %D%/tree.py
