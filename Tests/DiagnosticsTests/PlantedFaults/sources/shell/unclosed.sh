#!/bin/bash
echo start
if true; then
  echo "never closed" # PLANTED+1(bash) error unexpected end of file
