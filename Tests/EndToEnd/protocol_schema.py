"""Holds messages against Protocol/ (needs jsonschema from PyPI): the Python twin of Tests/TestSupport/ProtocolTraffic.swift.

    pending = {}
    for direction, message in everything_that_crossed:
        validate(message, direction, pending)

`direction` is "client→server" or "server→client"; `pending` remembers open requests between calls, one dictionary a
connection. `connection` is "editor" (with `cofferdam lsp`; LSP's own messages pass) or "service" (with `cofferdamd`).
"""
import functools
import json
import pathlib

import jsonschema

PROTOCOL = pathlib.Path(__file__).resolve().parents[2] / "Protocol"
TO_SERVER, TO_CLIENT = "client→server", "server→client"


class ProtocolViolation(AssertionError):
    """A message that the protocol does not allow."""


@functools.lru_cache(maxsize=None)
def _definitions():
    return json.loads((PROTOCOL / "schema/cofferdam.schema.json").read_text(encoding="utf-8"))["$defs"]


@functools.lru_cache(maxsize=None)
def _methods():
    """Method objects by name and direction."""
    document = json.loads((PROTOCOL / "openrpc.json").read_text(encoding="utf-8"))
    methods = {(method["name"], TO_SERVER): method for method in document["methods"]}
    methods.update({(method["name"], TO_CLIENT): method for method in document["x-from-server"]})
    codes = {name: error["code"] for name, error in document["components"]["errors"].items()}
    for method in methods.values():
        method["codes"] = {codes[error["$ref"].rsplit("/", 1)[1]] for error in method.get("errors", [])}
    return methods


@functools.lru_cache(maxsize=None)
def _validator(definition):
    jsonschema.Draft202012Validator.check_schema(_definitions()[definition])
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/" + definition, "$defs": _definitions()})


def validate_type(value, definition, what=""):
    """Raises ProtocolViolation unless a value fits a definition of the schema (`AgentStartParams`)."""
    error = jsonschema.exceptions.best_match(_validator(definition).iter_errors(value))
    if error is not None:
        raise ProtocolViolation(f"{what or definition}: {error.json_path}: {error.message}")


def validate(message, direction, pending_requests, connection="editor"):
    """Raises ProtocolViolation unless a message fits the protocol at this point of the connection."""
    if direction not in (TO_SERVER, TO_CLIENT):
        raise ValueError(direction)
    _require(isinstance(message, dict), f"a message is an object, not {message!r}")
    _require(message.get("jsonrpc") == "2.0", f"jsonrpc is not 2.0: {message}")
    if "method" in message:
        _call(message, direction, pending_requests, connection)
    else:
        _reply(message, direction, pending_requests, connection)


def _require(condition, text):
    if not condition:
        raise ProtocolViolation(text)


def _method(name, direction, connection):
    method = _methods().get((name, direction))
    return method if method and connection in method["x-connections"] else None


def _name(reference):
    return reference["$ref"].rsplit("/", 1)[1]


def _call(message, direction, pending, connection):
    name = message["method"]
    if "id" in message:
        key = (direction, json.dumps(message["id"]))
        _require(key not in pending, f"{name}: the id {message['id']!r} is in use")
        pending[key] = name
    method = _method(name, direction, connection)
    if method is None:
        _require(connection == "editor" and not name.startswith("agent/"), f"{name} is no method of this connection")
        if name == "initialize" and direction == TO_SERVER:
            _options((message.get("params") or {}).get("initializationOptions"))
        return
    _require(("id" in message) == ("result" in method), f"{name}: a request has an id, a notification has none")
    params = method["x-params"]
    if connection == "editor":
        params = method.get("x-editor-params", params)
    validate_type(message.get("params", {}), _name(params), f"{name} params")


def _options(given):
    # Settings may lie beneath a `cofferdam` member; an empty table is an empty list in some editors.
    options = given.get("cofferdam", given) if isinstance(given, dict) else given
    if options is not None and options != []:
        validate_type(options, "InitializationOptions", "initializationOptions")


def _reply(message, direction, pending, connection):
    _require("id" in message, f"a message with neither method nor id: {message}")
    if message["id"] is None and "error" in message:
        return validate_type(message["error"], "ErrorObject")
    sender = TO_CLIENT if direction == TO_SERVER else TO_SERVER
    name = pending.pop((sender, json.dumps(message["id"])), None)
    _require(name is not None, f"a reply to {message['id']!r}, which is no open request")
    _require(("result" in message) != ("error" in message), f"{name}: a reply has either result or error")
    method = _method(name, sender, connection)
    if method is None:
        if name == "initialize" and "result" in message:
            experimental = message["result"].get("capabilities", {}).get("experimental", {})
            validate_type(experimental, "ExperimentalCapabilities", "capabilities.experimental")
    elif "result" in message:
        validate_type(message["result"], _name(method["result"]["schema"]), f"{name} result")
    else:
        validate_type(message["error"], "ErrorObject", f"{name} error")
        _require(message["error"]["code"] in method["codes"], f"{name}: this error is not declared: {message['error']}")
