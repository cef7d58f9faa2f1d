"""What may be spent is not passed, by nobody who asks a model; a session that has ended by it goes on with more."""
import json
import signal

from test_model_gateway import reply, run
from test_providers import fake  # noqa: F401, a fixture

#: A request of fifty thousand tokens, and one of a few, in both vendors' forms.
PROBE = """
words=$(head -c 200000 /dev/zero | tr '\\0' w)
ask() { printf '%s' "$3" | curl -sS -m 60 -D head -o body -w '%{http_code} ' "$1" -H "$2" -H 'content-type: application/json' -d @-
        grep -i '^x-should-retry' head | tr -d '\\r'; cat body; echo; }
for text in "$words" hello; do
    ask "$ANTHROPIC_BASE_URL/v1/messages" "x-api-key: $ANTHROPIC_API_KEY" \\
        '{"model":"m","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"'$text'"}]}'
    ask "$OPENAI_BASE_URL/chat/completions" "authorization: Bearer $OPENAI_API_KEY" \\
        '{"model":"m","messages":[{"role":"user","content":"'$text'"}]}'
done
"""


def configure(world, budgets):
    folder = world.folder / "config" / "cofferdam"
    folder.mkdir(exist_ok=True)
    (folder / "service.yaml").write_text(f"modelGateway: true\nbudgets: {budgets}\n")


def test_programs_are_refused_and_a_raise_goes_on(world, fake):  # noqa: F811
    configure(world, "{session: {tokens: 45000}}")
    world.environment.update({
        "COFFERDAM_MODEL": "anthropic:test-model", "ANTHROPIC_API_KEY": "key",
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{fake.port}/anthropic"})
    fake.post("/_llmock/reset", {})
    fake.post("/_llmock/scenario", {"behaviors": [
        run("/bin/sh", "-c", PROBE), reply("small one"), reply("small two"), reply("Looked."), reply("Went on.")]})
    folder = world.folder / "work"
    folder.mkdir()
    (folder / "readme").write_text("nothing\n")
    done = world.cofferdam("run", "--json", "Look", cwd=folder)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    seen = [line["event"] for line in lines]
    said = "".join(event.get("text") or "" for event in seen if event["type"] == "outputDelta")
    assert '402 x-should-retry: false' in said and '"billing_error"' in said, said + done.stderr
    assert '429 x-should-retry: false' in said and '"insufficient_quota"' in said, said
    assert '"text":"one"' in said and "small two" in said and "45000" not in said, said
    served = [event for event in seen if event["type"] == "modelCallServed"]
    assert [("failure" in event, "model" in event) for event in served] == [(True, False)] * 2 + [(False, True)] * 2
    last = [event for event in seen if event["type"] == "usageUpdated"][-1]
    steps = sum(sum(event["step"].values()) for event in seen if event["type"] == "usageUpdated")
    programs = sum(sum(event["usage"].values()) for event in served)
    assert sum(last["session"].values()) == steps + programs and programs > 0

    # The programs have left files, without which the session would be over now.
    # Less than was spent: nothing is asked. With more the same session goes on.
    session = lines[0]["sessionId"]
    turns = []
    for budgets, outcome in [("{session: {tokens: 10}}", "limit"), ("{session: {tokens: 90000}}", "unverified")]:
        world.stop_service(signal.SIGKILL)
        configure(world, budgets)
        done = world.cofferdam("prompt", "--json", "--session", session, "Go on", cwd=folder)
        seen = [json.loads(line)["event"] for line in done.stdout.splitlines()]
        turns += [event for event in seen if event["type"] == "turnCompleted"]
        assert turns[-1]["outcome"] == outcome, done.stdout + done.stderr
    assert [turn["steps"] for turn in turns] == [0, 1]
    assert turns[0]["reason"] == "the session's budget of 10 tokens is spent"


def test_money_ends_a_turn_and_a_long_answer_is_cut(world, fake):  # noqa: F811
    configure(world, "{user: {day: {tokens: 9000}}}")
    (world.folder / "config" / "cofferdam" / "models.yaml").write_text(
        "models:\n  m: {provider: anthropic, model: test-model, api_key_env: FAKE_KEY, prices: {input: 50, output: 50},"
        f" base_url: 'http://127.0.0.1:{fake.port}/anthropic'}}\n")
    world.environment["FAKE_KEY"] = "key"
    fake.post("/_llmock/reset", {})
    fake.post("/_llmock/scenario", {"behaviors": [run("true"), reply("word " * 20000)]})
    folder = world.folder / "work"
    folder.mkdir()
    (folder / "readme").write_text("nothing\n")

    def turn(*arguments):
        done = world.cofferdam("run", "--json", *arguments, "Look", cwd=folder)
        seen = [json.loads(line)["event"] for line in done.stdout.splitlines()]
        return [[event for event in seen if event["type"] == kind] for kind in ("turnCompleted", "usageUpdated")]

    world.cofferdam("run", "--max-dollars", "nan", "Look", cwd=folder, check=64)
    (ended,), usage = turn("--max-dollars", "0.01")
    assert ended["reason"] == "the budget of $0.01 of a turn is spent" and ended["steps"] == 1
    assert usage[-1]["sessionCostMicros"] > 10000
    (ended,), cut = turn()
    assert ended["outcome"] == "limit" and "in the middle of an answer" in ended["reason"], ended
    assert cut[-1]["estimated"] and cut[-1]["step"]["outputTokens"] > 3000
    spent = json.loads(world.cofferdam("usage", "--json", cwd=folder, check=0).stdout)
    assert 9000 < sum(sum(row["tokens"].values()) for row in spent["rows"]) < 10000, spent
    (ended,), nothing = turn()
    assert ended["reason"].startswith("your budget of 9000 tokens of a day is spent") and not nothing
