#!/bin/sh
# What the image starts. Signatures are made by libuv's threads, four unless told otherwise before Node starts: as many as
# there are cores, and no fewer than four, since DNS and file reads share them.
set -eu
if [ -z "${UV_THREADPOOL_SIZE:-}" ]; then
  UV_THREADPOOL_SIZE=$(nproc)
  if [ "$UV_THREADPOOL_SIZE" -lt 4 ]; then UV_THREADPOOL_SIZE=4; fi
  export UV_THREADPOOL_SIZE
fi
# a hang-up before there is JavaScript to hear it must not end a server
trap '' HUP
exec node "$(dirname "$0")/../dist/cli/main.js" "$@"
