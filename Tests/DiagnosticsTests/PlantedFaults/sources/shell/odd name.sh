#!/bin/sh
if [ -f x ] then # PLANTED(shellcheck) warning SC1010
  echo "one"
fi
