"""Pull and merge requests from the command line on every forge, and what happens after the push: CI, repairs, comments."""
import json
import shutil

import pytest

import fake_forges
import recordings
from conftest import wait_for
from git_servers import GitServers
from test_publish import CANARIES, Case

# The repository's path on each forge, and the interface of its server.
FORGES = {
    "github": ("octo/hello", "github", "github"),
    "gitlab": ("octo/sub/hello", "gitlab/api/v4", "gitlab"),
    "gitea": ("octo/hello", "gitea/api/v1", "gitea"),
    "forgejo": ("octo/hello", "gitea/api/v1", "gitea"),
    "bitbucket": ("octo/hello", "bitbucket/2.0", "bitbucket"),
    "bitbucketDataCenter": ("scm/OCTO/hello", "datacenter/rest", "datacenter"),
}
BROKEN, MENDED = "int main(void)\n{\n    return 0\n}\n", "int main(void)\n{\n    return 0;\n}\n"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    made = GitServers(tmp_path_factory.mktemp("g")).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def forges():
    server = fake_forges.serve()
    yield server
    server.shutdown()


class Verdicts(dict):
    """CI: a commit fails until `src/main.c` is mended."""

    def __init__(self, case):
        super().__init__()
        self.case = case

    def get(self, sha, default=None):
        text = self.case.on_remote("show", f"{sha}:src/main.c")
        self[sha] = "passed" if text == MENDED else "failed"
        return self[sha]


class ForgeCase(Case):
    """A session on a project that is on a forge."""

    def __init__(self, world, servers, forges, kind, *turns, after_push=None):
        path, interface, self.name = FORGES[kind]
        self.kind, self.after_push, self.forge = kind, after_push, forges.world
        self.api = f"http://127.0.0.1:{forges.server_port}/{interface}"
        self.forge.reset()
        self.forge.credentials = list(CANARIES)
        (world.folder / "project" / "src").mkdir(parents=True)
        (world.folder / "project" / "src" / "main.c").write_text(BROKEN)
        (world.folder / "project" / "pull_request_template.md").write_text("Template of ours\n")
        # The forges have one repository; each test has it for itself.
        shutil.rmtree(servers.folder / "repositories" / f"{path}.git", ignore_errors=True)
        super().__init__(world, servers, path, "{http}/{name}.git")
        self.forge.heads = lambda branch: self.on_remote("rev-parse", branch).strip()
        self.forge.ci = Verdicts(self)
        first = recordings.turn([recordings.ANY], recordings.call("1", "run", command=["/bin/sh", "-c", "echo a > made.txt"]))
        done = recordings.turn([recordings.result("1"), recordings.ANY], recordings.text("Done."))
        world.replay(recordings.write(world.folder / "recordings" / "r.json", first, done, *turns))

    def configure(self, publish=None, **changes):
        super().configure({"reviewers": ["ann"], "labels": ["agent"]}, **changes)
        path = self.world.folder / "config" / "cofferdam" / "service.yaml"
        file = json.loads(path.read_text())
        file["remotes"][0].update(forge=self.kind, api=self.api)
        if self.after_push is not None:
            file["afterPush"] = self.after_push
        path.write_text(json.dumps(file))

    def request(self, *arguments, check=0) -> str:
        result = self.world.cofferdam("publish", *arguments, cwd=self.project)
        text = result.stdout + result.stderr
        assert (result.returncode == 0) == (check == 0), text + self.world.log()
        assert not any(canary in text for canary in CANARIES)
        return text

    @property
    def pull(self) -> dict:
        pulls = self.forge.pulls[self.name]
        assert list(pulls) == [1]
        return pulls[1]

    def events(self, *kinds) -> list:
        shown = self.world.cofferdam("attach", "--replay", "--json", cwd=self.project, check=0).stdout
        events = [json.loads(line) for line in shown.splitlines()]
        events = [event.get("event", event) for event in events]
        return [event for event in events if event.get("type") in kinds]

    def watch_ended(self) -> list:
        """What was told of the publication, once nobody looks any more."""
        def ended():
            told = self.events("publicationUpdated")
            return told if told and not told[-1]["watching"] else None
        return wait_for(ended, "the watch to end", 90)

    def stop(self):
        self.world.cofferdam("stop", cwd=self.project)
        assert self.forge.findings == []


def mends(number, then="Mended."):
    """The turn of a model that is told of the failure: it looks for the frame around what others wrote."""
    name = str(number)
    command = ["/bin/sh", "-c", "sed -i 's/return 0$/return 0;/' src/main.c"]
    return [
        recordings.turn([recordings.says("CI failed on commit", "src/main.c", "written by others")],
                        recordings.call(name, "run", command=command)),
        recordings.turn([recordings.result(name), recordings.ANY], recordings.text(then))]


@pytest.mark.parametrize("kind", FORGES)
def test_a_request_is_opened_and_brought_up_to_date(world, servers, forges, kind):
    more = recordings.turn([recordings.ANY], recordings.call("2", "run", command=["/bin/sh", "-c", "echo b > made.txt"]))
    case = ForgeCase(world, servers, forges, kind, more,
                     recordings.turn([recordings.result("2"), recordings.ANY], recordings.text("More.")),
                     after_push={"watch": False})
    case.run()
    said = case.request("--title", "Mend the parser", "--body", "For the release.")
    branch = next(name for name in case.branches() if name != "main")
    pull = case.pull
    assert (pull["source"], pull["target"]) == (branch, "main")
    assert "Mend the parser" in pull["title"]
    is_draft = pull["title"].startswith(("Draft: ", "WIP: ")) if kind in ("gitlab", "gitea", "forgejo") else pull["draft"]
    assert is_draft
    for part in ("For the release.", "Template of ours", "### Checks", "| there | yes | passed |", "Verified"):
        assert part in pull["body"], pull["body"]
    assert pull["reviewers"] and (pull["labels"] or kind.startswith("bitbucket"))
    assert "https://" in said or kind == "bitbucketDataCenter", said
    # Somebody changes its text there; the next push keeps that, and brings the checks up to date.
    first = case.on_remote("rev-parse", branch)
    pull["title"] = pull["title"].replace("the parser", "the whole parser")
    pull["body"] = pull["body"].replace("For the release.", "For the release of May.").replace("| passed |", "| old |")
    world.cofferdam("prompt", "More", cwd=case.project, check=0)
    case.request()
    assert case.on_remote("rev-parse", branch) != first and case.on_remote("show", f"{branch}:made.txt") == "b\n"
    assert "Mend the whole parser" in case.pull["title"]
    assert "For the release of May." in case.pull["body"] and "| there | yes | passed |" in case.pull["body"]
    assert case.pull["body"].count("### Checks") == 1
    case.stop()


def test_a_forge_that_is_down_after_the_push_is_told_and_tried_again(world, servers, forges):
    case = ForgeCase(world, servers, forges, "github", after_push={"watch": False})
    case.run()
    case.forge.is_down = True
    assert "503" in case.request(check=1)
    assert len(case.branches()) == 2 and case.forge.pulls == {}
    case.forge.is_down = False
    case.request()
    assert case.pull["state"] == "open" and len(case.branches()) == 2
    case.stop()


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea", "bitbucket"])
def test_a_failure_of_ci_is_mended_and_pushed(world, servers, forges, kind):
    case = ForgeCase(world, servers, forges, kind, *mends(2),
                     after_push={"repair": {"rounds": 2}, "interval": {"seconds": 1, "most": 1}})
    case.run()
    case.request()
    branch = next(name for name in case.branches() if name != "main")
    if kind == "github":
        # Nothing waits but a note on disk: a service that is killed goes on with it.
        world.stop_service(9)
    told = case.watch_ended()
    assert [event["ci"] for event in told][-1] == "passed" and told[-1]["round"] == 1
    assert "CI passed" in told[-1]["reason"]
    assert case.on_remote("show", f"{branch}:src/main.c") == MENDED
    assert case.on_remote("rev-list", "--count", f"main..{branch}").strip() == "2"
    found = [event for event in case.events("diagnosticsUpdated") if event["check"].startswith("ci: ")]
    assert found[0]["total"] >= 1 and found[-1]["total"] == 0
    first = found[0]["diagnostics"][0]
    assert first["path"] == "src/main.c" and "expected ';'" in first["message"]
    assert len(case.events("turnStarted")) == 2 and len(case.forge.pulls[case.name]) == 1
    # The request tells of the newest checks, once.
    assert case.pull["body"].count("### Checks") == 1
    case.stop()


def test_a_failure_that_stays_ends_after_the_last_round(world, servers, forges):
    nothing = recordings.turn([recordings.says("CI failed on commit")], recordings.text("It is the runner's fault."))
    case = ForgeCase(world, servers, forges, "github", nothing,
                     after_push={"repair": {"rounds": 1}, "interval": {"seconds": 1, "most": 1}})
    case.run()
    case.request()
    told = case.watch_ended()
    assert told[-1]["ci"] == "failed" and "changed nothing" in told[-1]["reason"]
    assert len(case.events("turnStarted")) == 2
    case.stop()


def test_comments_of_those_who_may_become_prompts(world, servers, forges):
    answer = [
        recordings.turn([recordings.says("Reviewers commented", "ann", "Looks good.", "written by others")],
                        recordings.call("2", "run", command=["/bin/sh", "-c", "echo c > made.txt"])),
        recordings.turn([recordings.result("2"), recordings.ANY], recordings.text("Done."))]
    case = ForgeCase(world, servers, forges, "github", *answer,
                     after_push={"comments": {"from": ["member"]}, "interval": {"seconds": 1, "most": 1}})
    case.run()
    case.request()
    branch = next(name for name in case.branches() if name != "main")
    wait_for(lambda: case.on_remote("show", f"{branch}:made.txt") == "c\n", "the push of what was asked for", 60)
    comments = {event["author"]: event for event in case.events("commentReceived")}
    assert {name for name, event in comments.items() if event["prompted"]} == {"ann"}
    assert comments["stranger"]["body"] == "Rename it." and comments["stranger"]["path"] == "src/main.c"
    assert len(case.events("turnStarted")) == 2
    # Each comment once, however often the forge is asked; the end is the forge's.
    case.pull["state"] = "closed"
    told = case.watch_ended()
    assert told[-1]["change"] == "closed" and len(case.events("commentReceived")) == len(comments)
    assert len(case.events("turnStarted")) == 2
    case.stop()
