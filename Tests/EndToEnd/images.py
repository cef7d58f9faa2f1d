"""Root file systems and image layouts for tests."""
import gzip
import hashlib
import io
import json
import pathlib
import platform
import shutil
import subprocess
import tarfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


def busybox_root(folder: pathlib.Path) -> pathlib.Path:
    """A system of one static program."""
    for name in ("bin", "etc", "proc", "dev", "tmp", "run", "home"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    shutil.copy("/bin/busybox", folder / "bin" / "busybox")
    (folder / "bin" / "busybox").chmod(0o755)
    for name in ("sh", "cat", "ls", "echo", "id", "head", "date", "mkdir", "sleep", "rm"):
        (folder / "bin" / name).symlink_to("busybox")
    (folder / "etc" / "motd").write_text("busybox image\n")
    (folder / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    return folder


def layer(folder: pathlib.Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        file.add(folder, ".")
    return gzip.compress(buffer.getvalue(), 1)


def layout(folder: pathlib.Path, layers: list, env=()) -> pathlib.Path:
    """An image layout as the specification has it."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes, kind: str) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}

    config = blob(json.dumps({
        "os": "linux", "architecture": ARCHITECTURE, "config": {"Env": list(env)}, "rootfs": {"type": "layers", "diff_ids": []},
    }).encode(), CONFIG)
    manifest = blob(json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [blob(data, LAYER) for data in layers],
    }).encode(), MANIFEST)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    return folder


def by_umoci(folder: pathlib.Path, root: pathlib.Path, name: str) -> pathlib.Path:
    """The same by a tool that others use: two layers, the second of which deletes a file of the first."""
    def umoci(*arguments):
        subprocess.run(["umoci", *arguments], check=True, capture_output=True)

    umoci("init", "--layout", str(folder))
    umoci("new", "--image", f"{folder}:{name}")
    bundle = folder.parent / "bundle"
    umoci("unpack", "--image", f"{folder}:{name}", str(bundle))
    shutil.copytree(root, bundle / "rootfs", symlinks=True, dirs_exist_ok=True)
    (bundle / "rootfs" / "gone").mkdir()
    (bundle / "rootfs" / "gone" / "file").write_text("of the first layer\n")
    umoci("repack", "--refresh-bundle", "--image", f"{folder}:{name}", str(bundle))
    shutil.rmtree(bundle / "rootfs" / "gone")
    umoci("repack", "--image", f"{folder}:{name}", str(bundle))
    umoci("config", "--image", f"{folder}:{name}", "--config.env", "FROM=umoci")
    return folder
