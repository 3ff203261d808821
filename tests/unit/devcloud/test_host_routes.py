"""Route templates of HTTP triggers."""

import pytest

from devcloud.host.faults import HostFault
from devcloud.host.routes import find, parse

Values = tuple[str, dict[str, str]] | None


def lookup(templates: dict[str, str], method: str, path: str) -> Values:
    """Find a path among templates, each with one method or none for all."""
    routes = [parse(template, "api", [m] if m else [], template) for template, m in templates.items()]
    return find(routes, method, path)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("messages", "/api/messages", {}),
        ("messages", "/API/Messages/", {}),
        ("messages/{id}", "/api/messages/a%20b", {"id": "a b"}),
        ("messages/{id}", "/api/messages/a%2Fb?x=1/2", {"id": "a%2Fb"}),
        ("messages/{id?}", "/api/messages", {}),
        ("n/{n:int}", "/api/n/-5", {"n": "-5"}),
        ("f/{*rest}", "/api/f/a/b/c", {"rest": "a/b/c"}),
        ("f/{*rest}", "/api/f", {"rest": ""}),
        ("f/{**rest}", "/api/f/x", {"rest": "x"}),
        ("messages", "/api/messages/1", None),
        ("messages/{id}", "/api/messages", None),
        ("messages/{id}", "/api/messages//", None),
        ("n/{n:int}", "/api/n/five", None),
        ("messages", "/messages", None),
    ],
)
def test_a_path_fits_a_template_or_not(template: str, path: str, values: dict[str, str] | None) -> None:
    """Literals match without regard to case, parameters take one segment, {*rest} takes the remainder."""
    found = lookup({template: "GET"}, "GET", path)
    assert found == (None if values is None else (template, values))


def test_the_most_specific_template_wins() -> None:
    """Literal before constrained before free before catch-all, whatever the order of definition."""
    templates = dict.fromkeys(["{*rest}", "a/{x}", "a/{x:int}", "a/b"], "")
    for path, template in [("a/b", "a/b"), ("a/5", "a/{x:int}"), ("a/c", "a/{x}"), ("z/z", "{*rest}")]:
        found = lookup(templates, "PUT", f"/api/{path}")
        assert found is not None
        assert found[0] == template


def test_methods_choose_between_functions_of_one_route() -> None:
    """A route whose methods do not include the request's does not exist for it."""
    assert lookup({"a": "GET"}, "DELETE", "/api/a") is None
    routes = [parse("a", "", [method], method) for method in ("GET", "POST")]
    assert find(routes, "post", "/a") == ("POST", {})


@pytest.mark.parametrize(
    ("template", "prefix"),
    [("a-{x}", "api"), ("{x:regex(a)}", "api"), ("{*rest}/a", "api"), ("admin/x", ""), ("{x=5}", "api")],
)
def test_a_template_that_this_host_cannot_serve_is_refused(template: str, prefix: str) -> None:
    """What is not known is a fault at the start and never a silent 404."""
    with pytest.raises(HostFault, match="route"):
        parse(template, prefix, [], None)
