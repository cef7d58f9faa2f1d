"""Pictures from the command line and from files of the workspace, as they reach the model's endpoint."""
import base64
import json
import struct
import zlib

import pytest

from obedient_model import ObedientModel


def png(width: int, height: int, shade: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([shade]) * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def pictures(messages: list) -> list[bytes]:
    found = []
    for message in messages:
        if isinstance(message["content"], list):
            for part in message["content"]:
                if part["type"] == "image_url":
                    head, _, data = part["image_url"]["url"].partition(",")
                    assert head == "data:image/png;base64"
                    found.append(base64.b64decode(data, validate=True))
    return found


@pytest.fixture
def model(world):
    made = ObedientModel().use(world)
    yield made
    made.close()


def events(output: str) -> list[dict]:
    return [json.loads(line)["event"] for line in output.splitlines() if line.startswith("{")]


def test_pictures_reach_the_model_and_one_that_is_refused_ends_nothing(world, model):
    screen, logo, evil = png(4, 3, 10), png(6, 5, 20), png(8, 7, 30)
    project = world.folder / "p"
    project.mkdir()
    (project / "logo.png").write_bytes(logo)
    (project / "evil.png").write_bytes(evil)
    shot = world.folder / "login screen.png"
    shot.write_bytes(screen)

    first = world.cofferdam("run", "READ logo.png", "--image", shot, "--keep", "--json", cwd=project, check=0)
    assert pictures(model.requests[0]) == [screen]
    assert "Image 1, login screen.png:" in json.dumps(model.requests[0])
    assert pictures(model.requests[-1]) == [screen, logo]
    told = [event for event in events(first.stdout) if event["type"] == "turnStarted"]
    assert told[0]["images"] == [
        {"name": "login screen.png", "mediaType": "image/png", "bytes": len(screen), "width": 4, "height": 3}]
    read = [event for event in events(first.stdout) if event["type"] == "toolCallCompleted"]
    assert read[0]["text"] == "logo.png (PNG, 6 × 5)"

    # The endpoint takes no request with this one in it: the session goes on all the same.
    model.objection = lambda request: "bad image" if evil in pictures(request["messages"]) else None
    second = world.cofferdam("prompt", "READ evil.png", "--json", cwd=project, check=0)
    retried = [event for event in events(second.stdout) if event["type"] == "modelRetried"]
    assert len(retried) == 1 and "bad image" in retried[0]["reason"]
    count = len(model.requests)
    model.objection = lambda request: None
    shot.write_bytes(png(5, 5, 40))
    third = world.cofferdam("prompt", "And?", "--image", shot, "--image", "evil.png", cwd=project, check=0)
    assert "with login screen.png (PNG, 5 × 5)" in third.stdout
    # What was refused is not sent again: there is no second refusal to wait for.
    assert len(model.requests) == count + 1
    assert pictures(model.requests[-1]) == [png(5, 5, 40)]



def test_pictures_that_cannot_be_looked_at_are_told_clearly(world, model):
    project = world.folder / "p"
    project.mkdir()
    (project / "logo.png").write_bytes(png(6, 5, 20))
    words = world.folder / "notes.png"
    words.write_text("no picture")
    refused = world.cofferdam("run", "Look.", "--image", words, cwd=project)
    assert refused.returncode != 0
    assert "notes.png is no PNG, JPEG, GIF or WebP" in refused.stderr
    assert "none.png: No such file" in world.cofferdam("run", "Look.", "--image", "none.png", cwd=project).stderr
    assert model.requests == []

    world.stop_service()
    folder = world.folder / "config" / "cofferdam"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.yaml").write_text(
        "models:\n  blind: {provider: openai, model: x, api_key_env: KEY, "
        f"base_url: '{world.environment.pop('OPENAI_BASE_URL')}', capabilities: {{images: false}}}}\n")
    world.environment.pop("COFFERDAM_MODEL")
    world.environment["KEY"] = world.environment.pop("OPENAI_API_KEY")
    refused = world.cofferdam("run", "Look.", "--image", "logo.png", cwd=project)
    assert refused.returncode != 0
    assert "can look at pictures" in refused.stderr
    looked = world.cofferdam("run", "READ logo.png", "--json", cwd=project)
    read = [event for event in events(looked.stdout) if event["type"] == "toolCallCompleted"]
    assert read[0]["status"] == "failed"
    assert "none of the session's models can look at pictures" in read[0]["text"]
