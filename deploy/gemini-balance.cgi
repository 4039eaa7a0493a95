#!/bin/sh
exec /usr/local/libexec/gemini-balance.fcgi --config /etc/gemini-balance.conf
