#!/bin/bash
target=$1
unused=1 # PLANTED(shellcheck) warning SC2034
cd $target # PLANTED(shellcheck) warning SC2164 PLANTED(shellcheck) information SC2086
for file in $(ls *.txt); do # PLANTED(shellcheck) error SC2045 PLANTED(shellcheck) information SC2035
  cat "$file" | grep x # PLANTED(shellcheck) information SC2002
done
if [ $target = "" ]; then # PLANTED(shellcheck) information SC2086
  rm -rf "$undefined/" # PLANTED(shellcheck) warning SC2154 PLANTED(shellcheck) warning SC2115
fi
