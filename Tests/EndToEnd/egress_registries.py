"""Registries of npm, cargo and Go as files: each has one package that says where it came from."""
import hashlib
import io
import json
import pathlib
import tarfile
import zipfile

#: Where a sandbox finds them: a host whose connections are intercepted.
BASE = "https://api.allowed.test/v1"
WORDS = "installed through the gateway"


def archive(top: str, **files: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{top}/{name.replace('__', '/')}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def put(path: pathlib.Path, content: bytes | str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def make(www: pathlib.Path):
    npm(www / "npm")
    cargo(www / "crates")
    go(www / "go")


def npm(folder: pathlib.Path):
    manifest = {"name": "demo-package", "version": "1.0.0", "main": "index.js"}
    package = archive("package", **{"package.json": json.dumps(manifest), "index.js": f"console.log({WORDS!r})"})
    put(folder / "files" / "demo-package-1.0.0.tgz", package)
    distribution = {"tarball": f"{BASE}/npm/files/demo-package-1.0.0.tgz", "shasum": hashlib.sha1(package).hexdigest()}
    put(folder / "demo-package", json.dumps({
        "name": "demo-package", "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {**manifest, "dist": distribution}}}))


def cargo(folder: pathlib.Path):
    manifest = '[package]\nname = "demo-crate"\nversion = "1.0.0"\nedition = "2021"\n'
    source = f'pub const WORDS: &str = "{WORDS}";\n'
    crate = archive("demo-crate-1.0.0", **{"Cargo.toml": manifest, "src__lib.rs": source})
    put(folder / "config.json", json.dumps({"dl": f"{BASE}/crates/files"}))
    put(folder / "files" / "demo-crate" / "1.0.0" / "download", crate)
    put(folder / "de" / "mo" / "demo-crate", json.dumps({
        "name": "demo-crate", "vers": "1.0.0", "deps": [], "features": {}, "yanked": False,
        "cksum": hashlib.sha256(crate).hexdigest()}) + "\n")


def go(folder: pathlib.Path):
    versions = folder / "demo.test" / "words" / "@v"
    module = "module demo.test/words\n"
    put(versions / "list", "v1.0.0\n")
    put(versions / "v1.0.0.info", json.dumps({"Version": "v1.0.0", "Time": "2024-01-01T00:00:00Z"}))
    put(versions / "v1.0.0.mod", module)
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archived:
        archived.writestr("demo.test/words@v1.0.0/go.mod", module)
        archived.writestr("demo.test/words@v1.0.0/words.go", f'package words\n\nconst Words = "{WORDS}"\n')
