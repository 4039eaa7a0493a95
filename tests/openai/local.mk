EXTRA_DIST += \
	%D%/coverage.py \
	%D%/exchange.py \
	%D%/golden.py \
	%D%/google.py \
	%D%/make-schema.py \
	%D%/meaning.py \
	%D%/overlay.json \
	%D%/response_stream.py \
	%D%/samples.py \
	%D%/schema.json \
	%D%/schema.py \
	%D%/selftest.py \
	%D%/sequence.py \
	%D%/validate.py
