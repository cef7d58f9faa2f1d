"""Each vendor's API as the zero-latency model speaks it: how far a conversation is, and an answer on the wire."""
import json
import struct
import zlib


class Conversation:
    """What the model has to know of a request."""

    def __init__(self, path: str, request: dict):
        self.api = next(api for part, api in PATHS.items() if part in path)
        if self.api == "openai-responses":
            messages = request["input"]
            self.answers = sum(item.get("type") == "function_call" or item.get("role") == "assistant" for item in messages)
            self.follows_result = messages[-1].get("type") == "function_call_output"
        else:
            messages = request["contents" if self.api == "gemini" else "messages"]
            self.answers = sum(message["role"] in ("assistant", "model") for message in messages)
            last = messages[-1]
            self.follows_result = last["role"] == "tool" or any(
                isinstance(part, dict) and ("toolResult" in part or "functionResponse" in part
                                            or part.get("type") == "tool_result")
                for part in (last.get("content") or last.get("parts") or []))

    def answer(self, number: int, arguments) -> tuple:
        """(media type, bytes): a call of `read` with `arguments`, or the end where there are none."""
        return WRITERS[self.api](number, None if arguments is None else json.dumps(arguments))


PATHS = {
    "/chat/completions": "openai", "/messages": "anthropic", "/responses": "openai-responses",
    ":streamGenerateContent": "gemini", "/converse-stream": "bedrock",
}
TEXT = "Read."


def events(*values: dict, named: bool = False, end: bytes = b"") -> tuple:
    lines = (f"event: {value.get('type')}\n" * named + f"data: {json.dumps(value)}\n\n" for value in values)
    return "text/event-stream", "".join(lines).encode() + end


def openai(number, arguments):
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    if arguments is None:
        delta, reason = {"role": "assistant", "content": TEXT}, "stop"
    else:
        call = {"index": 0, "id": f"call_{number}", "type": "function",
                "function": {"name": "read", "arguments": arguments}}
        delta, reason = {"role": "assistant", "tool_calls": [call]}, "tool_calls"
    return events(
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        {**head, "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}},
        end=b"data: [DONE]\n\n")


def anthropic(number, arguments):
    if arguments is None:
        block, delta, reason = {"type": "text", "text": ""}, {"type": "text_delta", "text": TEXT}, "end_turn"
    else:
        block = {"type": "tool_use", "id": f"call_{number}", "name": "read", "input": {}}
        delta, reason = {"type": "input_json_delta", "partial_json": arguments}, "tool_use"
    return events(
        {"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": {"input_tokens": 100, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta}, {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
         "usage": {"output_tokens": 10}},
        {"type": "message_stop"}, named=True)


def responses(number, arguments):
    if arguments is None:
        item = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": TEXT, "annotations": []}]}
        empty = {**item, "status": "in_progress", "content": []}
        delta = {"type": "response.output_text.delta", "item_id": item["id"], "output_index": 0, "content_index": 0,
                 "delta": TEXT}
    else:
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": "read",
                "arguments": arguments, "status": "completed"}
        empty = {**item, "status": "in_progress", "arguments": ""}
        delta = {"type": "response.function_call_arguments.delta", "item_id": item["id"], "output_index": 0,
                 "delta": arguments}
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "error": None,
                "incomplete_details": None}
    return events(
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": empty}, delta,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {
            **response, "status": "completed", "output": [item],
            "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}}}, named=True)


def gemini(number, arguments):
    part = {"text": TEXT} if arguments is None else {"functionCall": {"name": "read", "args": json.loads(arguments)}}
    return events({
        "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110},
        "modelVersion": "m"})


def bedrock(number, arguments):
    start, delta, reason = [], {"text": TEXT}, "end_turn"
    if arguments is not None:
        start = [("contentBlockStart", {
            "contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": f"call_{number}", "name": "read"}}})]
        delta, reason = {"toolUse": {"input": arguments}}, "tool_use"
    parts = [("messageStart", {"role": "assistant"}), *start,
             ("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}),
             ("contentBlockStop", {"contentBlockIndex": 0}), ("messageStop", {"stopReason": reason}),
             ("metadata", {"usage": {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}})]
    return "application/vnd.amazon.eventstream", b"".join(event_stream(name, value) for name, value in parts)


def event_stream(name: str, value: dict) -> bytes:
    """A message of the AWS event stream encoding: lengths, their checksum, headers, payload, the checksum of all."""
    headers = b"".join(
        bytes([len(key)]) + key + b"\7" + struct.pack(">H", len(text)) + text
        for key, text in ((b":message-type", b"event"), (b":event-type", name.encode()),
                          (b":content-type", b"application/json")))
    payload = json.dumps(value).encode()
    message = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message += struct.pack(">I", zlib.crc32(message)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


WRITERS = {"openai": openai, "anthropic": anthropic, "openai-responses": responses, "gemini": gemini,
           "bedrock": bedrock}
