"""A program as a model: what the service writes to one, and the examples of the manual, fit the schema."""
import json
import re

import jsonschema
import pytest

from protocol_schema import PROTOCOL

SCHEMA = json.loads((PROTOCOL / "schema/model-command.schema.json").read_text(encoding="utf-8"))

#: Keeps what it reads; has two calls made of which one has no proper arguments, then ends.
PROGRAM = r"""#!/bin/sh
folder=$1
read -r line
count=$(ls "$folder" | wc -l)
printf '%s\n' "$line" > "$folder/$count.json"
if [ "$count" = 0 ]; then
  echo '{"type":"reasoningDelta","text":"I look first."}'
  echo '{"type":"reasoningProof","signature":"proof"}'
  echo '{"type":"textDelta","text":"Looking."}'
  echo '{"type":"toolCall","id":"1","name":"read","arguments":{"path":"readme"}}'
  echo '{"type":"toolCall","id":"2","name":"read","arguments":"no object"}'
fi
echo '{"type":"completed","model":"ours-1","usage":{"input":20,"output":3}}'
"""


def check(name, value):
    jsonschema.Draft202012Validator({"$ref": "#/$defs/" + name, "$defs": SCHEMA["$defs"]}).validate(value)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_what_the_service_writes(world):
    kept = world.folder / "kept"
    kept.mkdir()
    program = world.folder / "model.sh"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    world.environment["COFFERDAM_MODEL"] = f"command:{program} {kept}"
    project = world.folder / "project"
    project.mkdir()
    (project / "readme").write_text("hello from the file\n")
    world.cofferdam("run", "Look", cwd=project)
    requests = [json.loads((kept / f"{number}.json").read_text()) for number in (0, 1)]
    for request in requests:
        check("Request", request)
    blocks = [block for message in requests[1]["messages"] for block in message["content"]]
    kinds = [block["type"] for block in blocks]
    assert [kind for kind in kinds if kind != "text"] == ["reasoning", "toolCall", "toolCall", "toolResult", "toolResult"]
    assert any(block.get("malformed") == "no object" for block in blocks)
    assert any("hello from the file" in block.get("text", "") for block in blocks if block["type"] == "toolResult")


def test_the_manual():
    text = (PROTOCOL / "model-command.md").read_text(encoding="utf-8")
    (request,) = re.findall(r"```json\n(.*?)```", text, re.S)
    check("Request", json.loads(request))
    transcript = re.findall(r"^(<-|->) (\{.*\})$", text, re.M)
    assert len(transcript) > 3
    for direction, line in transcript:
        check("Request" if direction == "<-" else "Line", json.loads(line))


@pytest.mark.parametrize("name, value", [
    ("Request", {"type": "request", "version": 2}),
    ("Line", {"type": "toolCall", "name": "read"}),
    ("Line", {"type": "textDelta"}),
    ("Line", {"type": "completed", "usage": {"input": "many"}}),
    ("Block", {"type": "toolResult", "text": "x"}),
])
def test_what_does_not_fit(name, value):
    with pytest.raises(jsonschema.ValidationError):
        check(name, value)


def test_unknown_lines_are_passed_over():
    check("Line", {"type": "somethingNew", "text": 1})
