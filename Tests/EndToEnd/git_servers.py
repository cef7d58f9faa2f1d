"""Real servers of git repositories on loopback: `git daemon`, `git http-backend` behind nginx (basic authentication, with
and without TLS), and sshd, with an ssh agent for the clients.

usage: git_servers.py start FOLDER PROCESS

starts them, prints what they are as JSON and returns. They end when FOLDER is gone or PROCESS has ended, and take FOLDER
with them. Repositories are FOLDER/git-servers/repositories/NAME.git; each server has the same ones.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

USER, PASSWORD = "bot", "canary-9f8e7d6c5b"
BACKEND = "/usr/lib/git-core/git-http-backend"
DEADLINE = 60  # seconds; a bound for what hangs
# sshd and nginx stand where only root's path leads.
SEARCH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin"

NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx-errors.log;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    log_format seen '$server_port "$request" $status [$http_authorization]';
    access_log {folder}/access.log seen;
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        location /moved/ {{ rewrite ^/moved/(.*)$ http://127.0.0.1:{other}/$1 redirect; }}
        location / {{
            auth_basic "repositories";
            auth_basic_user_file {folder}/users;
            include {folder}/backend.conf;
        }}
    }}
    # Another host: whoever is sent here with a credential has given it away.
    server {{
        listen 127.0.0.1:{other};
        location / {{ include {folder}/backend.conf; }}
    }}
}}
"""

BACKEND_CONF = """
gzip off;
fastcgi_buffering off;
fastcgi_request_buffering off;
fastcgi_pass unix:{folder}/fcgi.sock;
fastcgi_param SCRIPT_FILENAME {backend};
fastcgi_param GIT_PROJECT_ROOT {folder}/repositories;
fastcgi_param GIT_HTTP_EXPORT_ALL "";
fastcgi_param GIT_CONFIG_NOSYSTEM 1;
fastcgi_param HOME {folder};
fastcgi_param PATH_INFO $fastcgi_script_name;
fastcgi_param REMOTE_USER $remote_user;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
fastcgi_param GIT_PROTOCOL $http_git_protocol;
"""

SSHD = """
ListenAddress 127.0.0.1
Port {ssh}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
AcceptEnv GIT_PROTOCOL
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def program(name):
    found = shutil.which(name, path=SEARCH)
    assert found, f"{name} is not installed: see PACKAGES of the Makefile"
    return found


class GitServers:
    """Started by `start`, ended by `stop`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "git-servers"
        self.processes = []
        self.http, self.https, self.other, self.ssh, self.git = free_ports(5)

    @property
    def description(self) -> dict:
        folder, user = self.folder, os.environ.get("USER") or subprocess.run(
            ["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        return {
            "repositories": str(folder / "repositories"), "user": USER, "password": PASSWORD,
            "http": f"http://127.0.0.1:{self.http}", "https": f"https://localhost:{self.https}",
            "other": f"http://127.0.0.1:{self.other}",
            "moved": f"http://127.0.0.1:{self.http}/moved", "git": f"git://127.0.0.1:{self.git}",
            "ssh": f"ssh://{user}@127.0.0.1:{self.ssh}{folder}/repositories",
            "authorities": str(folder / "authority.pem"), "key": str(folder / "client_key"),
            "strangerKey": str(folder / "stranger_key"), "knownHosts": str(folder / "known_hosts"),
            "agentSocket": str(folder / "agent.sock"), "accessLog": str(folder / "access.log"),
        }

    def repository(self, name) -> pathlib.Path:
        """A bare repository that every server has."""
        path = self.folder / "repositories" / f"{name}.git"
        self.git_command("init", "-q", "--bare", "-b", "main", path)
        self.git_command("--git-dir", path, "config", "http.receivepack", "true")
        return path

    def git_command(self, *arguments, **options) -> str:
        environment = {"PATH": SEARCH, "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                       "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a",
                       "GIT_COMMITTER_EMAIL": "a@example.com"}
        return subprocess.run(["git", *arguments], env=environment, check=True, capture_output=True, text=True,
                              timeout=DEADLINE, **options).stdout

    def start(self):
        self.folder.mkdir(mode=0o755)
        (self.folder / "repositories").mkdir()
        self._certificates()
        self._keys()
        words = {"folder": self.folder, "http": self.http, "https": self.https, "other": self.other, "ssh": self.ssh,
                 "backend": BACKEND, "user": "user root;" if os.geteuid() == 0 else ""}
        password = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=PASSWORD, capture_output=True,
                                  text=True, check=True).stdout.strip()
        (self.folder / "users").write_text(f"{USER}:{password}\n")
        (self.folder / "backend.conf").write_text(BACKEND_CONF.format(**words))
        (self.folder / "nginx.conf").write_text(NGINX.format(**words))
        (self.folder / "sshd.conf").write_text(SSHD.format(**words))
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._run(program("fcgiwrap"), "-c", "4", "-s", f"unix:{self.folder}/fcgi.sock")
        self._run(program("nginx"), "-e", self.folder / "nginx-errors.log", "-c", self.folder / "nginx.conf")
        self._run(program("sshd"), "-D", "-e", "-f", self.folder / "sshd.conf")
        self._run(program("ssh-agent"), "-D", "-a", self.folder / "agent.sock")
        self._run("git", "daemon", "--listen=127.0.0.1", f"--port={self.git}", "--export-all", "--reuseaddr",
                  f"--base-path={self.folder}/repositories", "--enable=receive-pack")
        for port in (self.http, self.https, self.other, self.ssh, self.git):
            self._wait(lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close())
        for path in ("fcgi.sock", "agent.sock"):
            self._wait(lambda: os.stat(self.folder / path))
        subprocess.run(["ssh-add", "-q", self.folder / "client_key"], check=True, capture_output=True,
                       env=os.environ | {"SSH_AUTH_SOCK": str(self.folder / "agent.sock")})
        return self

    def stop(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.wait(timeout=DEADLINE)

    def _run(self, *command):
        environment = {"PATH": SEARCH, "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
        with open(self.folder / "servers.log", "ab") as log:
            self.processes.append(subprocess.Popen(
                [str(word) for word in command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True))

    def _wait(self, attempt):
        end = time.monotonic() + DEADLINE
        while True:
            try:
                return attempt()
            except OSError:
                dead = [each.args for each in self.processes if each.poll() is not None]
                if dead or time.monotonic() > end:
                    log = (self.folder / "servers.log").read_text(errors="replace")
                    self.stop()
                    raise AssertionError(f"servers of git did not start: {dead}\n{log}")
                time.sleep(0.02)

    def _certificates(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=DEADLINE)

        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority", "-keyout", "authority.key",
                "-out", "authority.pem")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")

    def _keys(self):
        for name in ("host_key", "client_key", "stranger_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self.folder / name],
                           check=True, capture_output=True)
        public = (self.folder / "client_key.pub").read_text()
        (self.folder / "authorized_keys").write_text(f"restrict {public}")
        host = " ".join((self.folder / "host_key.pub").read_text().split()[:2])
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.ssh} {host}\n")


def start_detached(folder, process):
    """Starts the servers in a process that outlives this one, but neither the folder nor the process of that number."""
    servers = GitServers(folder)
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader) as end:
            said = end.read()
        print(said)
        return 0 if said.startswith("{") else 1
    os.setsid()
    os.close(reader)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    # What PROCESS did not close on our start: it may wait for the end of a pipe for as long as we hold it.
    os.closerange(3, writer)
    os.closerange(writer + 1, os.sysconf("SC_OPEN_MAX"))
    try:
        servers.start()
    except BaseException as error:
        os.write(writer, str(error).encode() or b"failed")
        os._exit(1)
    os.write(writer, json.dumps(servers.description).encode())
    os.close(writer)
    while servers.folder.exists() and pathlib.Path(f"/proc/{process}").exists():
        time.sleep(0.5)
    servers.stop()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] != "start":
        sys.exit(__doc__)
    sys.exit(start_detached(sys.argv[2], int(sys.argv[3])))
