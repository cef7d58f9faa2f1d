#!/usr/bin/env python3
"""Shows the streams that ConformanceTests are made of to the vendors' own clients, and checks what they read.

    pip install openai==3.57.0 anthropic==2.14.0 google-genai==3.6.1 boto3==1.44.8
    COFFERDAM_TRANSCRIPTS=FOLDER swift test --filter ConformanceTests/transcripts
    python3 Tests/Judges/model_streams.py FOLDER

Not a part of `make test`: the clients are as large as the rest of the Python environment. Run it when a rendering in
WireTurn+Vendors.swift changes.
"""
import http.server
import pathlib
import sys
import threading

TEXT = "Grüße 👋"
ARGUMENTS = {"path": "a.c", "note": TEXT}
FOLDER = pathlib.Path(sys.argv[1])


class Stub(http.server.BaseHTTPRequestHandler):
    body = b""
    kind = "text/event-stream"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", Stub.kind)
        self.send_header("content-length", str(len(Stub.body)))
        self.end_headers()
        self.wfile.write(Stub.body)

    def log_message(self, *_):
        pass


def expect(what, actual, expected):
    if actual != expected:
        sys.exit(f"{what}: {actual!r} is not {expected!r}")
    print(f"{what}: as expected")


def anthropic(url, name):
    import anthropic
    client = anthropic.Anthropic(base_url=url, api_key="k")
    with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as stream:
        message = stream.get_final_message()
    usage = message.usage
    expect("usage", (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens,
                     usage.output_tokens), (20, 100, 7, 30))
    if name == "greeting":
        return expect("text", [b.text for b in message.content], [TEXT])
    expect("thinking", (message.content[0].thinking, message.content[0].signature), ("Let me look.", "proofAAA"))
    expect("calls", [b.input for b in message.content if b.type == "tool_use"], [ARGUMENTS, {}])


def openai(url, name):
    import json
    import openai
    client = openai.OpenAI(base_url=url, api_key="k")
    text, calls, usage, finish = "", {}, None, None
    for chunk in client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                calls[call.index] = calls.get(call.index, "") + (call.function.arguments or "")
    expect("usage", (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens),
           (120, 100, 30))
    if name == "greeting":
        return expect("text", (text, finish), (TEXT, "stop"))
    expect("calls", ([json.loads(calls[i]) for i in sorted(calls)], finish), ([ARGUMENTS, {}], "tool_calls"))


def responses(url, name):
    import json
    import openai
    client = openai.OpenAI(base_url=url, api_key="k")
    with client.responses.stream(model="m", input="x") as stream:
        for _ in stream:
            pass
        response = stream.get_final_response()
    usage = response.usage
    expect("usage", (usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens), (120, 100, 30))
    if name == "greeting":
        return expect("text", response.output_text, TEXT)
    expect("reasoning", (response.output[0].summary[0].text, response.output[0].encrypted_content),
           ("Let me look.", "proofAAA"))
    expect("calls", [json.loads(i.arguments) for i in response.output if i.type == "function_call"], [ARGUMENTS, {}])


def gemini(url, name):
    from google import genai
    client = genai.Client(api_key="k", http_options={"base_url": url})
    parts, usage, finish = [], None, None
    for chunk in client.models.generate_content_stream(model="m", contents="x"):
        usage = chunk.usage_metadata or usage
        finish = chunk.candidates[0].finish_reason or finish
        parts += chunk.candidates[0].content.parts or []
    expect("usage", (usage.prompt_token_count, usage.cached_content_token_count, usage.candidates_token_count,
                     usage.thoughts_token_count), (120, 100, 18, 12))
    expect("finish", finish.value, "STOP")
    text = "".join(p.text for p in parts if p.text and not p.thought)
    if name == "greeting":
        return expect("text", text, TEXT)
    expect("calls", [p.function_call.args for p in parts if p.function_call], [ARGUMENTS, {}])
    expect("proof", sum(1 for p in parts if p.thought_signature), 1)


def bedrock(url, name):
    import json
    import botocore.session
    client = botocore.session.Session().create_client(
        "bedrock-runtime", region_name="eu-central-1", endpoint_url=url, aws_access_key_id="A",
        aws_secret_access_key="B")
    answer = client.converse_stream(modelId="m:0", messages=[{"role": "user", "content": [{"text": "x"}]}])
    text, calls, usage, reason = "", {}, None, None
    for event in answer["stream"]:
        if "contentBlockDelta" in event:
            index, delta = event["contentBlockDelta"]["contentBlockIndex"], event["contentBlockDelta"]["delta"]
            text += delta.get("text", "")
            if "toolUse" in delta:
                calls[index] = calls.get(index, "") + delta["toolUse"]["input"]
        reason = event.get("messageStop", {}).get("stopReason", reason)
        usage = event.get("metadata", {}).get("usage", usage)
    expect("usage", (usage["inputTokens"], usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"],
                     usage["outputTokens"]), (20, 100, 7, 30))
    if name == "greeting":
        return expect("text", (text, reason), (TEXT, "end_turn"))
    expect("calls", ([json.loads(calls[i]) for i in sorted(calls)], reason), ([ARGUMENTS, {}], "tool_use"))


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for judge in (anthropic, openai, responses, gemini, bedrock):
        for name in ("greeting", "parallel"):
            print(f"{judge.__name__}, {name}")
            Stub.body = (FOLDER / f"{judge.__name__}-{name}").read_bytes()
            Stub.kind = "application/vnd.amazon.eventstream" if judge is bedrock else "text/event-stream"
            judge(url, name)


main()
