"""Short bodies of GitHub's events (GitHub Docs, "Webhook events and payloads"), each with the mail it has to become.

Written for these tests: names and nesting are GitHub's, the values are made up. Null stands where GitHub sends null.
"""

from typing import Any

SENDER = {"login": "mona", "type": "User"}
REPOSITORY = {"name": "site", "full_name": "octo/site", "html_url": "https://github.com/octo/site"}
BASE: dict[str, Any] = {"repository": REPOSITORY, "sender": SENDER}
_WEB = "https://github.com/octo/site"

_PULL: dict[str, Any] = {
    "number": 12,
    "title": "Fix the login",
    "state": "open",
    "html_url": f"{_WEB}/pull/12",
    "body": "It was\r\n\r\nbroken.",
    "merged": False,
    "head": {"ref": "fix-login"},
    "base": {"ref": "main"},
}
_ISSUE = {"number": 7, "title": "Disk full", "state": "open", "html_url": f"{_WEB}/issues/7", "body": "db-1 is at 99 %"}
_RUN: dict[str, Any] = {
    "name": "CI",
    "run_number": 562,
    "display_title": "Fix the login",
    "status": "completed",
    "conclusion": "failure",
    "head_branch": "main",
    "html_url": f"{_WEB}/actions/runs/1",
}
_COMMENT = {"html_url": f"{_WEB}/issues/7#issuecomment-1", "body": "Seen, on it."}

_REVIEW = {"state": "changes_requested", "body": "Not yet.", "html_url": f"{_WEB}/pull/12#pullrequestreview-1"}
_JOB = {"name": "build", "conclusion": "success", "head_branch": "main", "html_url": f"{_WEB}/actions/runs/1/job/2"}
_CHECK = {"name": "lint", "conclusion": "timed_out", "output": {"title": None, "summary": "Too slow."}, "html_url": _WEB}

Row = tuple[str, list[str], str, dict[str, Any]]

BODIES: list[Row] = [
    (
        "[octo/site] Pull request #12 opened: Fix the login",
        ["octo/site", "mona", "fix-login", "main", "broken."],
        _PULL["html_url"],
        {"action": "opened", "number": 12, "pull_request": _PULL, **BASE},
    ),
    (
        "[octo/site] Pull request #12 merged: Fix the login",
        ["mona"],
        _PULL["html_url"],
        {"action": "closed", "number": 12, "pull_request": {**_PULL, "merged": True, "state": "closed"}, **BASE},
    ),
    (
        "[octo/site] Pull request #12 review requested: Fix the login",
        ["hubot"],
        _PULL["html_url"],
        {"action": "review_requested", "pull_request": _PULL, "requested_reviewer": {"login": "hubot"}, **BASE},
    ),
    (
        "[octo/site] Review on #12 changes requested: Fix the login",
        ["Not yet."],
        f"{_WEB}/pull/12#pullrequestreview-1",
        {"action": "submitted", "review": _REVIEW, "pull_request": _PULL, **BASE},
    ),
    (
        "[octo/site] Issue #7 opened: Disk full",
        ["mona", "db-1 is at 99 %"],
        f"{_WEB}/issues/7",
        {"action": "opened", "issue": _ISSUE, **BASE},
    ),
    (
        "[octo/site] Issue #7 labeled: Disk full",
        ["urgent"],
        f"{_WEB}/issues/7",
        {"action": "labeled", "issue": _ISSUE, "label": {"name": "urgent"}, **BASE},
    ),
    (
        "[octo/site] Comment on #7: Disk full",
        ["Seen, on it."],
        _COMMENT["html_url"],
        {"action": "created", "issue": _ISSUE, "comment": _COMMENT, **BASE},
    ),
    (
        "[octo/site] Discussion #3 answered: How?",
        ["mona"],
        f"{_WEB}/discussions/3",
        {"action": "answered", "discussion": {"number": 3, "title": "How?", "html_url": f"{_WEB}/discussions/3"}, **BASE},
    ),
    (
        "[octo/site] Release published: Autumn",
        ["v4.2.1", "Faster."],
        f"{_WEB}/releases/tag/v4.2.1",
        {
            "action": "published",
            "release": {
                "name": "Autumn",
                "tag_name": "v4.2.1",
                "body": "Faster.",
                "html_url": f"{_WEB}/releases/tag/v4.2.1",
            },
            **BASE,
        },
    ),
    (
        "[octo/site] Release published: v5",
        ["v5"],
        _WEB,
        {"action": "published", "release": {"name": None, "tag_name": "v5", "body": None}, **BASE},
    ),
    (
        "[octo/site] Workflow run #562 failure: CI",
        ["Fix the login", "main"],
        _RUN["html_url"],
        {"action": "completed", "workflow_run": _RUN, "workflow": {"name": "CI"}, **BASE},
    ),
    (
        "[octo/site] Workflow job success: build",
        ["main"],
        f"{_WEB}/actions/runs/1/job/2",
        {"action": "completed", "workflow_job": _JOB, "deployment": {"environment": "x"}, **BASE},
    ),
    (
        "[octo/site] Check timed out: lint",
        ["Too slow."],
        _WEB,
        {"action": "completed", "check_run": _CHECK, **BASE},
    ),
    (
        "[octo/site] Deployment failure: production",
        ["production", "no space left"],
        f"{_WEB}/actions/runs/9",
        {
            "action": "created",
            "deployment_status": {
                "state": "failure",
                "environment": "production",
                "description": "no space left",
                "target_url": f"{_WEB}/actions/runs/9",
            },
            "deployment": {"environment": "production"},
            "check_run": None,
            "workflow": None,
            "workflow_run": None,
            **BASE,
        },
    ),
    (
        "[octo/site] Security alert #4 created: SQL injection",
        ["critical"],
        f"{_WEB}/security/code-scanning/4",
        {
            "action": "created",
            "alert": {
                "number": 4,
                "state": "open",
                "rule": {"id": "py/sql", "description": "SQL injection", "security_severity_level": "critical"},
                "html_url": f"{_WEB}/security/code-scanning/4",
            },
            "ref": "refs/heads/main",
            **BASE,
        },
    ),
    (
        "[octo/site] Security alert #5 created: Prototype pollution",
        ["high"],
        f"{_WEB}/security/dependabot/5",
        {
            "action": "created",
            "alert": {
                "number": 5,
                "security_advisory": {"summary": "Prototype pollution", "severity": "high"},
                "html_url": f"{_WEB}/security/dependabot/5",
            },
            **BASE,
        },
    ),
    (
        "[octo/site] Security alert #6 created: Azure storage key",
        ["open"],
        f"{_WEB}/security/secret-scanning/6",
        {
            "action": "created",
            "alert": {
                "number": 6,
                "state": "open",
                "secret_type_display_name": "Azure storage key",
                "html_url": f"{_WEB}/security/secret-scanning/6",
            },
            **BASE,
        },
    ),
    (
        "[octo/site] Push: main (2 commits)",
        ["Fix the login", "mona", "0123456789", "Second"],
        f"{_WEB}/compare/a...b",
        {
            "ref": "refs/heads/main",
            "deleted": False,
            "compare": f"{_WEB}/compare/a...b",
            "commits": [
                {
                    "id": "0123456789abcdef",
                    "message": "Fix the login\n\nat last",
                    "author": {"name": "Mona", "username": "mona"},
                },
                {"id": "fedcba98", "message": "Second", "author": {"name": "Hubot"}},
            ],
            "pusher": {"name": "mona"},
            **BASE,
        },
    ),
    (
        "[octo/site] Push deleted: old",
        ["mona"],
        f"{_WEB}/compare/a...0",
        {"ref": "refs/heads/old", "deleted": True, "commits": [], "compare": f"{_WEB}/compare/a...0", **BASE},
    ),
    ("[octo/site] Tag created: v1", ["mona"], _WEB, {"ref": "v1", "ref_type": "tag", "master_branch": "main", **BASE}),
    ("[octo/site] Branch deleted: old", ["mona"], _WEB, {"ref": "old", "ref_type": "branch", **BASE}),
    (
        "[octo/site] Commit status failure: ci/build",
        ["Tests failed"],
        f"{_WEB}/actions",
        {
            "context": "ci/build",
            "state": "failure",
            "description": "Tests failed",
            "target_url": f"{_WEB}/actions",
            "name": "octo/site",
            "commit": {"sha": "ab"},
            **BASE,
        },
    ),
    ("[octo/site] Star created", ["mona"], _WEB, {"action": "created", "starred_at": "2026-11-23T07:00:00Z", **BASE}),
    (
        "[octo] Member added: hubot",
        ["mona"],
        "",
        {"action": "added", "member": {"login": "hubot"}, "organization": {"login": "octo"}, "sender": SENDER},
    ),
    ("[octo/site] Event", ["Keep it logically awesome."], _WEB, {"zen": "Keep it logically awesome.", "hook_id": 1, **BASE}),
    ("[github] Event", [], "", {}),
]
"""Subject, words of text and HTML, the link, and the body."""

NAMES = sorted(
    {name for *_, body in BODIES for name in body} | set(_PULL) | set(_RUN) | {"merged", "rule", "milestone", "tag_name"}
)
"""Names at which the template looks."""
