"""Jinja, narrowed: JSON values have members and nothing else, a missing value says its name, only the layout can be loaded.

Jinja is imported on first use: it costs a cold start 50 ms, and most starts render nothing.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from shared.rules import template_filters
from shared.rules.template_names import LAYOUT_FILE

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

CACHED_TEMPLATES = 64
"""Compiled parts kept; a package has a handful of templates, with three parts each."""

Value = Any
"""Whatever Jinja hands over while it fills a template."""

_JSON = (dict, list, tuple, str, int, float, type(None))
_FILTERS = ("rows", "without", "first_of", "moment", "lines", "web_address")


class MissingValue(Exception):
    """A value that the template asks for and the data does not have: the object that lacks it, and its name."""

    def __init__(self, parent: object, name: object) -> None:
        super().__init__()
        self.parent = parent
        self.name = name


@lru_cache(maxsize=CACHED_TEMPLATES)
def compiled(source: str, layout: str | None) -> Template:
    """A part ready to be filled; `layout` None means plain text, otherwise HTML with every value escaped.

    Raises jinja2's `TemplateSyntaxError`; filling raises `MissingValue`, jinja2's errors or whatever a filter raises.
    """
    return _environment(layout).from_string(source)


@lru_cache(maxsize=CACHED_TEMPLATES)
def _environment(layout: str | None) -> ImmutableSandboxedEnvironment:
    from jinja2 import DictLoader

    environment = _environment_class()(
        autoescape=layout is not None,
        loader=None if layout is None else DictLoader({LAYOUT_FILE: layout}),
        undefined=_missing_class(),
        finalize=template_filters.as_text,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Nothing but the data may be a name in a template: no `lipsum`, no `range`, and `dict` is a key like any other.
    environment.globals.clear()
    environment.filters.update({name: getattr(template_filters, name) for name in _FILTERS})
    return environment


@cache
def _environment_class() -> type[ImmutableSandboxedEnvironment]:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class JsonEnvironment(ImmutableSandboxedEnvironment):
        """`event.items` is the member `items` of the event, never a method of a Python dictionary."""

        def getattr(self, obj: Value, attribute: str) -> Value:
            return self._member(obj, attribute) if isinstance(obj, _JSON) else super().getattr(obj, attribute)

        def getitem(self, obj: Value, argument: Value) -> Value:
            return self._member(obj, argument) if isinstance(obj, _JSON) else super().getitem(obj, argument)

        def _member(self, obj: Value, name: Value) -> Value:
            try:
                return obj[name]
            except (TypeError, LookupError):
                return self.undefined(obj=obj, name=name)

    return JsonEnvironment


@cache
def _missing_class() -> type[Any]:
    from jinja2 import StrictUndefined, UndefinedError
    from jinja2.utils import missing

    class Missing(StrictUndefined):
        """Raises `MissingValue` where StrictUndefined would raise a sentence that may hold keys of the data."""

        __slots__ = ()

        def __init__(
            self, hint: str | None = None, obj: Value = missing, name: str | None = None, exc: Value = UndefinedError
        ) -> None:
            tells = exc if exc is not UndefinedError else lambda _sentence: MissingValue(obj, name)
            super().__init__(hint, obj, name, exc=tells)  # type: ignore[arg-type]  # Jinja calls it and raises the result

    return Missing
