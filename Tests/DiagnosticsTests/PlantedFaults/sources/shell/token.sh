#!/bin/bash
echo start
done # PLANTED(bash) error unexpected token
