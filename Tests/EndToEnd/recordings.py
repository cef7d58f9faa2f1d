"""Builds recorded model conversations for tests."""
import json
import pathlib

ANY = {"type": "text", "matches": "any"}
USAGE = {"input": 1200, "output": 80, "cacheRead": 0, "cacheWrite": 0, "reasoning": 0}


def says(*contains: str) -> dict:
    return {"type": "text", "contains": list(contains)}


def call(identity: str, tool: str, **arguments) -> dict:
    return {"type": "toolCall", "id": identity, "name": tool, "arguments": arguments}


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def result(identity: str, *contains: str, error: bool = False) -> dict:
    block = {"type": "toolResult", "callID": identity, "isError": error}
    block.update({"contains": list(contains)} if contains else {"matches": "any"})
    return block


def turn(expect: list, *content: dict) -> dict:
    calls = any(block["type"] == "toolCall" for block in content)
    return {
        "expect": {"newMessages": [{"role": "user", "content": expect}]},
        "response": {"content": list(content), "stopReason": "toolUse" if calls else "endTurn", "usage": USAGE},
    }


def write(path: pathlib.Path, *turns: dict) -> pathlib.Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"version": 1, "name": path.stem, "turns": list(turns)}, indent=1) + "\n")
    return path


def asks_to_run(path: pathlib.Path, command: list, *then: dict) -> pathlib.Path:
    """Runs a command that changes the workspace, then says so."""
    return write(
        path, turn([ANY], call("1", "run", command=command)),
        *(then or [turn([result("1"), ANY], text("Done."))]))
