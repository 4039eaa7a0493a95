EXTRA_DIST += \
	%D%/.npmrc \
	%D%/agents.py \
	%D%/mcp.mjs \
	%D%/meaning.mjs \
	%D%/package-lock.json \
	%D%/package.json \
	%D%/run.py \
	%D%/task.py \
	%D%/tools.py
