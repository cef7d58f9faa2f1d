"""The table of cases by class that README.md shows. `python table.py` puts it there; a test compares."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from escape.campaign import cases  # noqa: E402

README = pathlib.Path(__file__).parent / "README.md"
BEGIN, END = "<!-- cases -->\n", "<!-- end of cases -->\n"

CLASSES = {
    "files": "links, `..`, /proc, open descriptors, hard links, devices, what is left behind for the user's programs",
    "git": "configuration, hooks, filters, transports, submodules, repositories in disguise: a git outside must run none",
    "kernel": "system calls that are refused, namespaces, processes of the host, capabilities, a second sandbox inside",
    "network": "raw addresses in every spelling, IPv6, names, datagrams, loopback of the host, metadata services; "
               "the gateway: names, ports, TLS, Host, smuggling",
    "persistence": "start-up files, scheduled jobs, processes that stay, settings of editors, agents, tools and CI",
    "races": "check and use: a link that changes while the service reads, the client applies, or a tool opens",
    "resources": "processes, threads, memory, disk, inodes, sparse files, output, time, open files, priority",
    "secrets": "the user's keys and tokens, environments, memory of other processes, the service's own files",
    "sockets": "local sockets of daemons, agents and other sessions; address families; System V and POSIX objects",
    "supervisor": "the first process of the sandbox: its descriptors, memory, journal, limits, signals, program",
    "terminal": "typing into a terminal, escape sequences in output, names and differences, directions of text",
}


def table() -> str:
    lines = ["| class | cases | of them for root only | what is attacked |", "|---|---:|---:|---|"]
    everything = cases()
    for kind in sorted({case.kind for case in everything}):
        of_kind = [case for case in everything if case.kind == kind]
        lines.append(
            f"| {kind} | {len(of_kind)} | {sum('root' in case.needs for case in of_kind)} | {CLASSES[kind]} |")
    lines.append(f"| **all** | **{len(everything)}** | {sum('root' in case.needs for case in everything)} | |")
    return "\n".join(lines) + "\n"


def shown() -> str:
    return README.read_text().split(BEGIN)[1].split(END)[0]


if __name__ == "__main__":
    text = README.read_text()
    README.write_text(text.replace(shown(), table()))
