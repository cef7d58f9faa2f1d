"""Git servers on loopback: git's own daemon, git http-backend behind nginx with basic authentication, and sshd."""
import getpass
import os
import pathlib
import socket
import subprocess
import sys

from conftest import wait_for

BACKEND = "/usr/lib/git-core/git-http-backend"

NGINX = """
{user}
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      auth_basic git;
      auth_basic_user_file {folder}/users;
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param PATH_INFO $uri;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param GIT_CONFIG_COUNT 1;
      fastcgi_param GIT_CONFIG_KEY_0 safe.directory;
      fastcgi_param GIT_CONFIG_VALUE_0 "*";
      fastcgi_pass unix:{folder}/fcgi.sock;
    }}
  }}
}}
"""

SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Servers:
    """All serve the bare repositories of one folder."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.root = folder / "srv"
        self.root.mkdir(parents=True)
        self.processes = []
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "LC_ALL": "C"}

    def git(self, *arguments) -> str:
        return subprocess.run(
            ["git", "-c", "safe.directory=*", *map(str, arguments)], env=self.environment, check=True,
            capture_output=True, text=True).stdout.strip()

    def add(self, name: str, origin: pathlib.Path) -> pathlib.Path:
        path = self.root / name
        self.git("clone", "-q", "--bare", origin, path)
        self.git("-C", path, "config", "http.receivepack", "true")
        return path

    def start(self, arguments: list, port: int = 0) -> None:
        log = open(self.folder / "servers.log", "ab")
        self.processes.append(subprocess.Popen(
            [str(word) for word in arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True))
        if port:
            wait_for(lambda: listens(port), f"{arguments[0]} to listen")

    def daemon(self) -> str:
        port = free_port()
        self.start(["git", "-c", "safe.directory=*", "daemon", "--export-all", "--enable=receive-pack",
                    "--listen=127.0.0.1", f"--port={port}", f"--base-path={self.root}", "--reuseaddr"], port)
        return f"git://127.0.0.1:{port}"

    def http(self, user: str, password: str) -> str:
        port = free_port()
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", "-stdin"], input=password, text=True, capture_output=True, check=True).stdout
        (self.folder / "users").write_text(f"{user}:{hashed}")
        (self.folder / "nginx.conf").write_text(NGINX.format(
            folder=self.folder, port=port, backend=BACKEND, root=self.root,
            user="user root;" if os.geteuid() == 0 else ""))
        self.start(["fcgiwrap", "-c", "2", "-s", f"unix:{self.folder}/fcgi.sock"])
        wait_for((self.folder / "fcgi.sock").exists, "fcgiwrap")
        self.start(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"], port)
        return f"http://127.0.0.1:{port}"

    def ssh(self) -> str:
        """Takes the key `key`; its own public key is in `known_hosts`."""
        port = free_port()
        for name in ("host_key", "key", "other_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        (self.folder / "authorized_keys").write_text((self.folder / "key.pub").read_text())
        for name, key in (("known_hosts", "host_key"), ("wrong_hosts", "other_key")):
            kind, public = (self.folder / f"{key}.pub").read_text().split()[:2]
            (self.folder / name).write_text(f"[127.0.0.1]:{port} {kind} {public}\n")
        (self.folder / "sshd.conf").write_text(SSHD.format(folder=self.folder, port=port))
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.start(["/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd.conf"], port)
        return f"ssh://{getpass.getuser()}@127.0.0.1:{port}{self.root}"

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
        log = self.folder / "servers.log"
        if log.exists():
            print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
