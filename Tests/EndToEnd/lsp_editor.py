"""An editor for tests on pytest-lsp: buffers, edits, and all that a server showed, in order."""
import asyncio
import copy
import pathlib
import urllib.parse

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, LanguageClientProtocol
from pytest_lsp.client import client_capabilities, register_lsp_features

from conftest import BIN, DEADLINE


def uri_of(path) -> str:
    return pathlib.Path(path).as_uri()


def path_of(uri: str) -> pathlib.Path:
    return pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(uri).path))


def neovim(version: str) -> types.ClientCapabilities:
    return client_capabilities(f"neovim@v{version}")


def visual_studio_code() -> types.ClientCapabilities:
    return client_capabilities("visual-studio-code")


def eglot_1_9() -> types.ClientCapabilities:
    """What Emacs 28.2 with eglot 1.9 declares, as far as it matters here."""
    return get_converter().structure({
        "workspace": {
            "applyEdit": True, "executeCommand": {"dynamicRegistration": False},
            "workspaceEdit": {"documentChanges": True}, "workspaceFolders": True},
        "textDocument": {
            "synchronization": {"dynamicRegistration": False, "didSave": True},
            "codeAction": {
                "dynamicRegistration": False, "isPreferredSupport": True,
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor", "source"]}}},
            "publishDiagnostics": {
                "relatedInformation": False, "codeDescriptionSupport": False, "tagSupport": {"valueSet": [1, 2]}}},
        "window": {"workDoneProgress": False},
    }, types.ClientCapabilities)


class RecordingProtocol(LanguageClientProtocol):
    def structure_message(self, data):
        if isinstance(data, dict):
            self._server.received.append(copy.deepcopy(data))
        message = super().structure_message(data)
        asyncio.get_running_loop().call_soon(self._server.something_happened)
        return message


class Editor(LanguageClient):
    """Buffers are texts by URI; an edit of a file without a buffer opens one, unsaved, as Neovim does."""

    def __init__(self):
        super().__init__(protocol_cls=RecordingProtocol, converter_factory=default_converter)
        self.received = []
        self.buffers = {}
        self.versions = {}
        self.encoding = "utf-16"
        self.published = []
        self.edits = []
        self.refuse_edits = None
        self.refuse_progress = False
        self._happened = asyncio.Event()
        register_lsp_features(self)
        self.feature(types.WORKSPACE_APPLY_EDIT)(apply_edit)
        replaced = self.protocol.fm.features
        del replaced[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS]
        self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(publish)

    def something_happened(self):
        self._happened.set()

    async def until(self, condition, what: str):
        """Waits for messages until a condition holds."""
        try:
            async with asyncio.timeout(DEADLINE / 12):
                while not (value := condition()):
                    self._happened.clear()
                    await self._happened.wait()
        except TimeoutError:
            raise AssertionError(f"waited for {what}; messages: {self.shown()}") from None
        return value

    # Requests

    async def begin(self, folder, capabilities, options=None):
        result = await self.initialize_session(types.InitializeParams(
            capabilities=capabilities, root_uri=uri_of(folder), initialization_options=options,
            workspace_folders=[types.WorkspaceFolder(uri=uri_of(folder), name=folder.name)]))
        self.encoding = result.capabilities.position_encoding or "utf-16"
        return result

    async def request(self, method: str, params) -> dict:
        """A request of any method; the result as it came."""
        identity = f"test-{len(self.received)}-{method}"
        await self.protocol.send_request_async(method, params, msg_id=identity)
        return next(m["result"] for m in self.received if m.get("id") == identity and "method" not in m)

    async def command(self, name: str, **arguments):
        return await self.execute(f"cofferdam.{name}", [arguments] if arguments else None)

    async def execute(self, command: str, arguments):
        return await self.request(
            types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams(command=command, arguments=arguments))

    async def actions(self, path, start=(0, 0), end=None, diagnostics=()) -> list:
        """The code actions at a place, as they came."""
        return await self.request(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=uri_of(path)),
            range=types.Range(types.Position(*start), types.Position(*(end or start))),
            context=types.CodeActionContext(diagnostics=list(diagnostics)))) or []

    async def choose(self, actions, beginning: str):
        """Runs the one action whose title begins so."""
        chosen = [action for action in actions if action["title"].startswith(beginning)]
        assert len(chosen) == 1, [action["title"] for action in actions]
        command = chosen[0]["command"] if isinstance(chosen[0]["command"], dict) else chosen[0]
        return await self.execute(command["command"], command["arguments"])

    def take_edit(self, action):
        """Carries out the edit of a code action, as an editor does itself."""
        edit = self.protocol._converter.structure(action["edit"], types.WorkspaceEdit)
        result = apply_edit(self, types.ApplyWorkspaceEditParams(edit=edit))
        assert result.applied

    def standing(self, path) -> list:
        """The diagnostics of a file as the editor has them now."""
        return self.diagnostics.get(uri_of(path), [])

    async def end(self) -> int:
        await self.shutdown_session()
        return self._server.returncode

    # Buffers

    def open(self, path, text=None):
        uri = uri_of(path)
        disk = path.read_text()
        self.buffers[uri], self.versions[uri] = disk, 1
        self.text_document_did_open(types.DidOpenTextDocumentParams(
            types.TextDocumentItem(uri=uri, language_id="c", version=1, text=disk)))
        if text is not None:
            self.replace(path, disk, text)

    def replace(self, path, old: str, new: str):
        """The user edits: an incremental change."""
        uri = uri_of(path)
        text = self.buffers[uri]
        start = text.index(old)
        before = text[:start]

        def position(text):
            line = text.rsplit("\n", 1)[-1]
            return types.Position(text.count("\n"), self.width(line))
        self.buffers[uri] = before + new + text[start + len(old):]
        self.versions[uri] += 1
        self.text_document_did_change(types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(self.versions[uri], uri),
            [types.TextDocumentContentChangePartial(
                range=types.Range(position(before), position(before + old)), text=new)]))

    def save(self, path):
        uri = uri_of(path)
        path.write_text(self.buffers[uri])
        self.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def save_all(self):
        for uri in self.buffers:
            self.save(path_of(uri))

    def text(self, path) -> str:
        """What the user sees: the buffer, else the file."""
        return self.buffers.get(uri_of(path)) or path.read_text()

    def width(self, text: str) -> int:
        if self.encoding == "utf-32":
            return len(text)
        return len(text.encode("utf-8")) if self.encoding == "utf-8" else len(text.encode("utf-16-le")) // 2

    def _offset(self, text: str, position) -> int:
        lines = text.split("\n")
        before = sum(len(line) + 1 for line in lines[:position.line])
        if position.line >= len(lines):
            return len(text)
        line, count = lines[position.line], 0
        while count < len(line) and self.width(line[:count]) < position.character:
            count += 1
        return before + count

    def edit_buffer(self, uri: str, edits, version=None):
        if uri not in self.buffers:
            path = path_of(uri)
            self.open(path) if path.exists() else self.make(path)
        assert version is None or version == self.versions[uri], "an edit of another version"
        text = self.buffers[uri]
        for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
            start, end = self._offset(text, edit.range.start), self._offset(text, edit.range.end)
            assert start <= end
            text = text[:start] + edit.new_text + text[end:]
        if text != self.buffers[uri]:
            old, self.buffers[uri] = self.buffers[uri], text
            self.buffers[uri] = old
            if old:
                self.replace(path_of(uri), old, text)
            else:
                self.versions[uri] += 1
                self.buffers[uri] = text
                self.text_document_did_change(types.DidChangeTextDocumentParams(
                    types.VersionedTextDocumentIdentifier(self.versions[uri], uri),
                    [types.TextDocumentContentChangeWholeDocument(text)]))

    def make(self, path):
        uri = uri_of(path)
        self.buffers[uri], self.versions[uri] = "", 1
        self.text_document_did_open(types.DidOpenTextDocumentParams(
            types.TextDocumentItem(uri=uri, language_id="c", version=1, text="")))

    def delete(self, path):
        uri = uri_of(path)
        path.unlink()
        if self.buffers.pop(uri, None) is not None:
            self.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    # What was seen

    def shown(self) -> list:
        return [message.message for message in self.messages]

    def said(self, words: str):
        return [text for text in self.shown() if words in text]

    def diagnostics_seen(self) -> list:
        """(file name, diagnostic) of every publication."""
        return [
            (path_of(params.uri).name, diagnostic) for params in self.published for diagnostic in params.diagnostics]

    def progress_kinds(self, token) -> list:
        return [report.kind for report in self.progress_reports[token]]

    def ended(self) -> list:
        """The last message of each progress that has ended."""
        return [
            reports[-1].message for reports in self.progress_reports.values() if reports and reports[-1].kind == "end"]

    def methods(self) -> list:
        return [message["method"] for message in self.received if "method" in message]

    def events(self, session=None) -> list:
        """agent/progress as it came."""
        return [
            message["params"] for message in self.received
            if message.get("method") == "agent/progress" and session in (None, message["params"]["sessionId"])]


def publish(editor: Editor, params: types.PublishDiagnosticsParams):
    editor.published.append(params)
    editor.diagnostics[params.uri] = params.diagnostics


def apply_edit(editor: Editor, params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
    editor.edits.append(params)
    if editor.refuse_edits is not None:
        return types.ApplyWorkspaceEditResult(applied=False, failure_reason=editor.refuse_edits)
    assert not (params.edit.changes and params.edit.document_changes)
    for uri, edits in (params.edit.changes or {}).items():
        editor.edit_buffer(uri, edits)
    for change in params.edit.document_changes or []:
        if isinstance(change, types.TextDocumentEdit):
            editor.edit_buffer(change.text_document.uri, change.edits, change.text_document.version)
        elif isinstance(change, types.CreateFile):
            editor.make(path_of(change.uri))
        elif isinstance(change, types.DeleteFile):
            editor.delete(path_of(change.uri))
        else:
            raise AssertionError(f"an operation that nobody needs: {change}")
    return types.ApplyWorkspaceEditResult(applied=True)


async def launch(world, folder) -> Editor:
    # The server starts in the user's project, as editors start it.
    config = ClientServerConfig(
        server_command=["env", "-C", str(folder), str(BIN / "cofferdam"), "lsp"], client_factory=Editor,
        server_env=world.environment)
    return await config.start()
