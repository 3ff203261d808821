"""What the worker checks when it loads an app."""

import types
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import azure.functions as func
import pytest

from devcloud.host.discovery import discover, find_app, import_script, index
from devcloud.host.faults import LoadFault
from devcloud.host.loaded import LoadedFunction

if TYPE_CHECKING:
    from decimal import Decimal

QUEUE: dict[str, Any] = {"arg_name": "msg", "queue_name": "q", "connection": "C"}


def queue_app(function: Callable[..., Any]) -> func.FunctionApp:
    """Return an app with one queue-triggered function and perhaps an output."""
    app = func.FunctionApp()
    app.queue_trigger(**QUEUE)(function)
    return app


def load(function: Callable[..., Any]) -> LoadedFunction:
    """Load one queue-triggered function."""
    return index(queue_app(function))[0]


def load_http(function: Callable[..., Any]) -> LoadedFunction:
    """Load one HTTP function."""
    app = func.FunctionApp()
    app.route("r")(function)
    return index(app)[0]


def load_with_output(function: Callable[..., Any]) -> LoadedFunction:
    """Load one queue-triggered function with the output `out`."""
    app = func.FunctionApp()
    app.queue_output(arg_name="out", queue_name="o", connection="C")(app.queue_trigger(**QUEUE)(function))
    return index(app)[0]


def test_a_good_function_is_loaded_with_its_bindings() -> None:
    """Name, trigger, inputs, outputs and the wish for a context are known."""

    def work(msg: func.QueueMessage, out: func.Out[str], context: func.Context) -> None:
        pass

    loaded = load_with_output(work)
    assert (loaded.name, loaded.trigger.type, loaded.wants_context) == ("work", "queueTrigger", True)
    assert (set(loaded.inputs), set(loaded.outputs), loaded.returns) == ({"msg"}, {"out"}, None)


def test_parameters_and_bindings_must_have_the_same_names() -> None:
    """A parameter without binding and a binding without parameter are both refused."""

    def extra(msg: func.QueueMessage, other: str) -> None:
        pass

    def missing() -> None:
        pass

    with pytest.raises(LoadFault, match="other"):
        load(extra)
    with pytest.raises(LoadFault, match="msg"):
        load(missing)


def test_annotations_must_exist_at_run_time() -> None:
    """A name that is imported only under TYPE_CHECKING breaks the load."""

    def work(msg: "Decimal") -> None:
        pass

    with pytest.raises(LoadFault, match="TYPE_CHECKING"):
        load(work)


def test_annotations_must_fit_the_binding() -> None:
    """A queue trigger takes QueueMessage, str and bytes; nothing else."""

    def as_text(msg: str) -> None:
        pass

    def as_number(msg: int) -> None:
        pass

    def as_union(msg: func.QueueMessage | None) -> None:
        pass

    assert load(as_text).inputs["msg"].annotation is str
    for wrong in (as_number, as_union):
        with pytest.raises(LoadFault, match="msg"):
            load(wrong)


def test_outputs_need_out_and_inputs_must_not_have_it() -> None:
    """Direction and annotation must agree."""

    def plain(msg: func.QueueMessage, out: str) -> None:
        pass

    def bare(msg: func.QueueMessage, out: func.Out) -> None:  # type: ignore[type-arg]  # this is the mistake
        pass

    def reverse(msg: func.Out[str], out: func.Out[str]) -> None:
        pass

    def lists(msg: func.QueueMessage, out: func.Out[typing.List[str]]) -> None:  # noqa: UP006 - see below
        pass

    def builtin_list(msg: func.QueueMessage, out: func.Out[list[str]]) -> None:
        pass

    # The library's converter knows only the older spelling; so does the real worker.
    for wrong in (plain, bare, reverse, builtin_list):
        with pytest.raises(LoadFault):
            load_with_output(wrong)
    assert "out" in load_with_output(lists).outputs


def test_the_context_may_only_be_annotated_as_context() -> None:
    """Another annotation on `context` is refused."""

    def work(msg: func.QueueMessage, context: dict) -> None:  # type: ignore[type-arg]  # this is the mistake
        pass

    with pytest.raises(LoadFault, match="context"):
        load(work)


def test_the_return_annotation_of_a_route_must_be_one_plain_class() -> None:
    """HttpResponse and str are taken; unions, None and bytes are not."""

    def response(req: func.HttpRequest) -> func.HttpResponse:
        raise NotImplementedError

    def optional(req: func.HttpRequest) -> func.HttpResponse | None:
        raise NotImplementedError

    def nothing(req: func.HttpRequest) -> None:
        raise NotImplementedError

    def content(req: func.HttpRequest) -> bytes:
        raise NotImplementedError

    assert load_http(response).returns is not None
    for wrong in (optional, nothing, content):
        with pytest.raises(LoadFault, match="return annotation"):
            load_http(wrong)


def test_bindings_that_this_host_does_not_have_are_named() -> None:
    """An app with a blob trigger is refused instead of being half run."""
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path="p", connection="C")
    def work(blob: func.InputStream) -> None:
        pass

    with pytest.raises(LoadFault, match="blobTrigger"):
        index(app)


def module(*apps: object) -> types.ModuleType:
    """Return a module with these values at its top level."""
    made = types.ModuleType("function_app")
    for place, app in enumerate(apps):
        setattr(made, f"app_{place}", app)
    return made


@pytest.mark.parametrize(
    ("apps", "text"),
    [((), "no function app"), ((func.Blueprint(),), "no function app"), ((func.FunctionApp(),) * 2, "more than one")],
)
def test_exactly_one_app_object_is_needed(apps: Iterable[object], text: str) -> None:
    """None, only a blueprint, and two names for an app are refused."""
    with pytest.raises(LoadFault, match=text):
        find_app(module(*apps))


def test_an_app_without_functions_and_one_with_duplicates_are_refused() -> None:
    """0 functions is a failure, and so are two functions of one name."""

    def work(msg: func.QueueMessage) -> None:
        pass

    app = queue_app(work)
    app.queue_trigger(**QUEUE)(work)
    with pytest.raises(LoadFault, match="work"):
        index(app)
    with pytest.raises(LoadFault, match="0 functions"):
        index(func.FunctionApp())


def test_the_script_may_be_named_by_a_setting_but_must_exist(tmp_path: Path) -> None:
    """A missing file is 0 functions; a name outside the folder or without .py is refused."""
    for name in ("not_there.py", "../function_app.py", "app.txt"):
        with pytest.raises(LoadFault):
            discover(tmp_path, {"PYTHON_SCRIPT_FILE_NAME": name})


def test_a_script_that_fails_to_import_is_refused_with_its_error(tmp_path: Path) -> None:
    """The fault carries the type of the import error."""
    (tmp_path / "broken_script_of_a_test.py").write_text("import no_such_package_anywhere")
    with pytest.raises(LoadFault, match="ModuleNotFoundError"):
        import_script(tmp_path, "broken_script_of_a_test.py")
