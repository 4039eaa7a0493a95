EXTRA_DIST += \
	%D%/.npmrc \
	%D%/ai_compatible.mjs \
	%D%/ai_language.mjs \
	%D%/ai_openai.mjs \
	%D%/common.mjs \
	%D%/genai.mjs \
	%D%/langchain.mjs \
	%D%/openai.mjs \
	%D%/openai_client.mjs \
	%D%/openai_media.mjs \
	%D%/openai_more.mjs \
	%D%/openai_responses.mjs \
	%D%/package-lock.json \
	%D%/package.json \
	%D%/run.mjs \
	%D%/run.py \
	%D%/tap.mjs
