from helper import run

run({"a": 1})
