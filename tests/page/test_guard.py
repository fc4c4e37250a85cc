"""Who is answered, and who may change anything."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from hydra_sweep_runner.page import guard
from tests.page.conftest import HERE, client_of, open_page
from tests.scenarios.project import Project


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8710",
        "127.0.0.1.evil.example",
        "127.0.0.1:8710@evil.example",
        "localhost.:8710",
        "[::1]:8710",
        "0.0.0.0:8710",
        "127.0.0.2",
        "127.0.0.1:80x",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/store", "/static/page.css", "/api/actions/stop"])
def test_another_host_is_refused(page: TestClient, host: str, path: str) -> None:
    method = "POST" if "actions" in path else "GET"
    answer = page.request(method, path, headers={"Host": host})
    assert answer.status_code == 403
    assert "is not this machine" in answer.json()["error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8710", "LOCALHOST:9999", "127.0.0.1:1"])
def test_this_machine_is_answered_by_its_names_through_any_port(
    page: TestClient, host: str
) -> None:
    assert page.get("/api/store", headers={"Host": host}).status_code == 200


def test_pages_of_other_sites_get_nothing_but_the_page_itself_by_a_link(page: TestClient) -> None:
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert page.get("/api/store", headers=cross).status_code == 403
    assert page.get("/", headers=cross).status_code == 403
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert page.get("/", headers=linked).status_code == 200
    assert page.get("/api/store", headers=linked).status_code == 403
    assert page.get("/api/store", headers={"Origin": "http://evil.example"}).status_code == 403
    assert page.get("/api/store", headers={"Origin": HERE}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/store", "/static/js/main.js", "/nothing", "/api/runs?where=("]
)
def test_every_answer_says_that_no_other_script_runs(page: TestClient, path: str) -> None:
    headers = page.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_holds_no_inline_script_style_or_handler(page: TestClient) -> None:
    text = page.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", text)


def test_changes_need_the_token(project: Project) -> None:
    site = open_page(project)
    run = project.newest("run")["id"]
    given = {"ids": [run], "text": "mine", "do": True}
    with client_of(site) as page:
        path = "/api/actions/label"
        for headers in ({}, {guard.TOKEN: ""}, {guard.TOKEN: "x" * 43}):
            refused = page.post(path, json=given, headers=headers)
            assert (refused.status_code, "token" in refused.json()["error"]) == (403, True)
        assert project.show(run)["label"] is None
        assert page.get(path, headers={guard.TOKEN: site.token}).status_code == 405
        token = re.search(r'name="token" content="([^"]+)"', page.get("/").text)
        assert token is not None and token[1] == site.token
        assert page.post(path, json=given, headers={guard.TOKEN: token[1]}).status_code == 200
    assert project.show(run)["label"] == "mine"
    assert open_page(project).token != site.token


def test_a_form_of_another_site_cannot_send_what_is_taken(project: Project) -> None:
    site = open_page(project)
    with client_of(site) as page:
        headers = {guard.TOKEN: site.token, "Content-Type": "text/plain"}
        answer = page.post("/api/actions/stop", content="{}", headers=headers)
        assert "application/json" in answer.json()["error"]


def test_a_read_only_page_has_no_token_and_changes_nothing(project: Project) -> None:
    site = open_page(project, read_only=True)
    run = project.newest("run")["id"]
    with client_of(site) as page:
        assert 'name="token" content=""' in page.get("/").text
        assert page.get("/api/store").json()["read_only"] is True
        headers = {guard.TOKEN: site.token}
        given = {"ids": [run], "text": "mine", "do": True}
        answer = page.post("/api/actions/label", json=given, headers=headers)
        assert (answer.status_code, "--read-only" in answer.json()["error"]) == (403, True)
    assert project.show(run)["label"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py",
        "/static/%2e%2e/application.py",
        "/static/js/../../live.py",
        "/static//etc/passwd",
        "/static/index.html",
    ],
)
def test_static_files_are_those_of_the_page_alone(page: TestClient, path: str) -> None:
    assert page.get(path).status_code == 404


def test_static_files_are_sent_again_only_when_they_have_changed(page: TestClient) -> None:
    first = page.get("/static/page.css")
    again = page.get("/static/page.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
