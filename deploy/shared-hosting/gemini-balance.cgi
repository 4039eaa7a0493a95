#!/bin/sh
exec HOME/gemini-balance/libexec/gemini-balance.fcgi --config HOME/gemini-balance/gemini-balance.conf
