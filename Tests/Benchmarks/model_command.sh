#!/bin/sh
# The zero-latency model as a program (Protocol/model-command.md): reads a line, then ends the turn.
IFS= read -r request
case $request in
*'"isError":false}]}],"tools":'*)
    echo '{"type":"textDelta","text":"Read."}'
    echo '{"type":"completed","stopReason":"endTurn","usage":{"input":100,"output":10}}' ;;
*)
    echo '{"type":"toolCall","id":"call_'$$'","name":"read","arguments":{"path":"notes.txt","offset":1,"limit":1}}'
    echo '{"type":"completed","stopReason":"toolUse","usage":{"input":100,"output":10}}' ;;
esac
