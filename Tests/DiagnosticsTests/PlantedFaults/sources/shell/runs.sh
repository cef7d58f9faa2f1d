#!/bin/bash
echo start
no_such_command one # PLANTED(bash) error no_such_command
cat < /nowhere/input # PLANTED(bash) error /nowhere/input
cd /nowhere # PLANTED(bash) error /nowhere
