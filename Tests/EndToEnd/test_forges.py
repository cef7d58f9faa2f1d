"""The fake forges are what the vendors' clients expect: each is used by a client that we did not write."""

import asyncio

import fake_forges
import github
import gitlab
import gitea_api_client
import pytest
from atlassian import Bitbucket
from atlassian.bitbucket import Cloud

SHA = fake_forges.SHA


@pytest.fixture(scope="module")
def server():
    server = fake_forges.serve()
    yield server
    server.shutdown()


@pytest.fixture
def address(server):
    server.world.reset()
    yield f"http://127.0.0.1:{server.server_port}"
    assert server.world.findings == []


def test_github(address):
    client = github.Github(
        auth=github.Auth.Token(fake_forges.TOKEN), base_url=address + "/github", lazy=True, per_page=100, retry=None)
    repository = client.get_repo("octo/hello")
    pull = repository.create_pull(base="main", head="work", title="Mend it", body="It was broken.", draft=True)
    assert (pull.number, pull.draft, pull.head.ref, pull.head.sha) == (1, True, "work", SHA)
    with pytest.raises(github.GithubException) as refused:
        repository.create_pull(base="main", head="work", title="Again", body="")
    assert refused.value.status == 422
    assert [each.number for each in repository.get_pulls(state="open", head="octo:work", base="main")] == [1]
    pull.edit(title="Mend it well")
    assert repository.get_pull(1).title == "Mend it well"
    pull.create_review_request(reviewers=["ann"], team_reviewers=["core"])
    pull.add_to_labels("agent")
    assert [each.conclusion for each in repository.get_commit(SHA).get_check_runs(filter="latest")] == [
        "failure", "failure", "success"]
    assert [each.state for each in repository.get_commit(SHA).get_combined_status().statuses] == ["pending"]
    assert [each.status for each in repository.get_workflow_runs(head_sha=SHA)] == ["queued"]
    assert [each.body for each in pull.get_issue_comments()] == ["Looks good."]
    assert [(each.path, each.body) for each in pull.get_review_comments()] == [("src/main.c", "Rename it.")]
    assert [each.state for each in pull.get_reviews()] == ["CHANGES_REQUESTED"]


def test_gitlab(address):
    client = gitlab.Gitlab(address + "/gitlab", private_token=fake_forges.TOKEN)
    project = client.projects.get("octo/sub/hello")
    merge = project.mergerequests.create(
        {"source_branch": "work", "target_branch": "main", "title": "Draft: Mend it", "description": "It was broken.",
         "labels": "agent", "reviewer_ids": [client.users.list(username="ann")[0].id]})
    assert (merge.iid, merge.draft, merge.sha) == (1, True, SHA)
    with pytest.raises(gitlab.GitlabCreateError):
        project.mergerequests.create({"source_branch": "work", "target_branch": "main", "title": "Again", "labels": ""})
    assert [each.iid for each in project.mergerequests.list(state="opened", source_branch="work")] == [1]
    pipeline = project.pipelines.list(sha=SHA)[0]
    assert [each.status for each in pipeline.jobs.list()] == ["failed", "failed", "manual"]
    assert project.jobs.get(501, lazy=True).trace() == fake_forges.LOG.encode()
    assert [each.attributes["notes"][0]["body"] for each in merge.discussions.list()] == ["Looks good.", "Rename it."]
    assert project.members_all.get(11).access_level == 30


def test_gitea(address):
    configuration = gitea_api_client.Configuration(
        host=address + "/gitea/api/v1", api_key={"AuthorizationHeaderToken": fake_forges.TOKEN},
        api_key_prefix={"AuthorizationHeaderToken": "token"})
    asyncio.run(use_gitea(configuration))


async def use_gitea(configuration):
    async with gitea_api_client.ApiClient(configuration) as client:
        repository = gitea_api_client.RepositoryApi(client)
        issue = gitea_api_client.IssueApi(client)
        wanted = gitea_api_client.CreatePullRequestOption(
            head="work", base="main", title="WIP: Mend it", body="It was broken.")
        pull = await repository.repo_create_pull_request("octo", "hello", body=wanted)
        assert (pull.number, pull.draft, pull.head.sha) == (1, True, SHA)
        with pytest.raises(gitea_api_client.ApiException) as refused:
            await repository.repo_create_pull_request("octo", "hello", body=wanted)
        assert refused.value.status == 409
        pulls = await repository.repo_list_pull_requests("octo", "hello", state="open")
        assert [each.number for each in pulls] == [1]
        statuses = await repository.repo_list_statuses_by_ref("octo", "hello", SHA)
        assert [each.status for each in statuses] == ["success", "pending", "failure"]
        jobs = await repository.list_workflow_run_jobs("octo", "hello", 7)
        assert [each.id for each in jobs.jobs] == [71]
        comments = await issue.issue_get_comments("octo", "hello", 1)
        assert [each.body for each in comments] == ["Looks good."]
        lines = await repository.repo_get_pull_review_comments("octo", "hello", 1, 8)
        assert [(each.path, each.position) for each in lines] == [("src/main.c", 3)]


def test_bitbucket_cloud(address):
    cloud = Cloud(url=address + "/bitbucket", token=fake_forges.TOKEN)
    repository = cloud.repositories.get("octo", "hello")
    pull = repository.pullrequests.create("Mend it", "work", "main", "It was broken.")
    assert (pull.id, pull.title, pull.is_open) == (1, "Mend it", True)
    assert [each.id for each in repository.pullrequests.each()] == [1]
    assert [each.raw for each in pull.comments()] == ["Rename it.", "Looks good.", "Looks good."]
    step = next(next(repository.pipelines.each()).steps())
    assert step.state["result"]["name"] == "FAILED"


def test_bitbucket_data_center(address):
    server = Bitbucket(url=address + "/datacenter", token=fake_forges.TOKEN, cloud=False)
    pull = server.open_pull_request("OCTO", "hello", "OCTO", "hello", "work", "main", "Mend it", "It was broken.", ["ann"])
    assert (pull["id"], pull["version"]) == (1, 0)
    assert [each["id"] for each in server.get_pull_requests("OCTO", "hello", state="OPEN")] == [1]
    assert server.get_pull_request("OCTO", "hello", 1)["title"] == "Mend it"
