dist_man8_MANS = deploy/gemini-balance.fcgi.8
# Beside README.md, whose links lead there.
exampledir = $(docdir)
nobase_dist_example_DATA = \
	deploy/gemini-balance.conf.sample deploy/model-families.sample \
	deploy/README.md deploy/README.zh-CN.md \
	deploy/guide/demo.svg \
	deploy/guide/README.md deploy/guide/README.zh-CN.md \
	deploy/guide/building.md deploy/guide/building.zh-CN.md \
	deploy/guide/changes.md deploy/guide/changes.zh-CN.md \
	deploy/guide/clients.md deploy/guide/clients.zh-CN.md \
	deploy/guide/configuration.md deploy/guide/configuration.zh-CN.md \
	deploy/guide/errors.md deploy/guide/errors.zh-CN.md \
	deploy/guide/files.md deploy/guide/files.zh-CN.md \
	deploy/guide/gemini.md deploy/guide/gemini.zh-CN.md \
	deploy/guide/keys.md deploy/guide/keys.zh-CN.md \
	deploy/guide/media.md deploy/guide/media.zh-CN.md \
	deploy/guide/models.md deploy/guide/models.zh-CN.md \
	deploy/guide/openai.md deploy/guide/openai.zh-CN.md \
	deploy/guide/openai-audio.md deploy/guide/openai-audio.zh-CN.md \
	deploy/guide/openai-chat.md deploy/guide/openai-chat.zh-CN.md \
	deploy/guide/openai-completions.md deploy/guide/openai-completions.zh-CN.md \
	deploy/guide/openai-images.md deploy/guide/openai-images.zh-CN.md \
	deploy/guide/openai-responses.md deploy/guide/openai-responses.zh-CN.md \
	deploy/guide/openai-tools.md deploy/guide/openai-tools.zh-CN.md \
	deploy/guide/security.md deploy/guide/security.zh-CN.md \
	deploy/guide/state.md deploy/guide/state.zh-CN.md \
	deploy/guide/troubleshooting.md deploy/guide/troubleshooting.zh-CN.md \
	deploy/guide/upgrade.md deploy/guide/upgrade.zh-CN.md \
	deploy/apache/fcgid.conf \
	deploy/apache/proxy_fcgi.conf \
	deploy/caddy/Caddyfile \
	deploy/lighttpd/bin-path.conf \
	deploy/lighttpd/cgi.conf \
	deploy/lighttpd/socket.conf \
	deploy/nginx/gemini-balance.conf \
	deploy/nginx/location.conf \
	deploy/shared-hosting/Caddyfile \
	deploy/shared-hosting/README.md \
	deploy/shared-hosting/README.zh-CN.md \
	deploy/shared-hosting/crontab \
	deploy/shared-hosting/gemini-balance.cgi \
	deploy/shared-hosting/gemini-balance.service \
	deploy/shared-hosting/htaccess \
	deploy/shared-hosting/lighttpd.conf \
	deploy/shared-hosting/run \
	deploy/shared-hosting/run.spawn-fcgi \
	deploy/shared-hosting/supervisord.conf \
	deploy/supervision/README.md \
	deploy/supervision/README.zh-CN.md \
	deploy/supervision/gemini-balance-spawn-fcgi.service \
	deploy/supervision/run \
	deploy/supervision/run.spawn-fcgi \
	deploy/supervision/supervisord.conf \
	deploy/supervision/supervisord.spawn-fcgi.conf \
	deploy/systemd/gemini-balance.service \
	deploy/systemd/gemini-balance.socket \
	fcgi-app/README.md
# Plain CGI has no arguments: this one starts the program with its options.
dist_libexec_SCRIPTS = deploy/gemini-balance.cgi
# systemd looks here as well when prefix is /usr or /usr/local.
systemdunitdir = $(prefix)/lib/systemd/system
dist_systemdunit_DATA = \
	deploy/systemd/gemini-balance.service \
	deploy/systemd/gemini-balance.socket
# The files are written for prefix=/usr/local; what is installed names the program where it is.
install-data-hook:
	grep -rl /usr/local/libexec $(DESTDIR)$(exampledir)/deploy $(DESTDIR)$(systemdunitdir) | \
		xargs sed -i 's|/usr/local/libexec|$(libexecdir)|g'
install-exec-hook:
	sed -i 's|/usr/local/libexec|$(libexecdir)|g' $(DESTDIR)$(libexecdir)/gemini-balance.cgi
dist_doc_DATA = README.md README.zh-CN.md CHANGELOG.md LICENSE
EXTRA_DIST += deploy/packages.sh deploy/quickstart
