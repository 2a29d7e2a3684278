"""The template language marketers write, without anything that could reach or exhaust the platform.

python-liquid with limits on output, loops, variables and depth; no loader, no tags that load; an
allow-list of filters, each guarded against results out of all proportion; plain values only. What is
put in is never rendered itself.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, wraps
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext, StrictUndefined
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.output import LimitedStringIO

from .filters import date_filter, money, safe_url, until

ALLOWED_FILTERS = (
    "append", "capitalize", "ceil", "default", "divided_by", "downcase", "escape", "first", "floor", "join",
    "last", "lstrip", "minus", "modulo", "newline_to_br", "plus", "prepend", "remove", "replace", "round",
    "rstrip", "size", "slice", "split", "squish", "strip", "strip_html", "times", "truncate",
    "truncatewords", "upcase", "url_encode",
)  # fmt: skip
FORBIDDEN_TAGS = ("include", "render")
#: No text of a mail comes near this.
LONGEST_TEXT = 100_000
LONGEST_RANGE = 1_000
LARGEST_NUMBER = 10**15


class TemplateInvalid(ValueError):
    """A template cannot be read or rendered; the message says where and why, `path` the block's place."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class _Context(RenderContext):
    """Keeps the ends of lines as they are: python-liquid's limited buffers would write every one as `\\n`."""

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """Return a buffer for what is captured, with what is left of the limit."""
        used = buf.size if isinstance(buf, LimitedStringIO) else 0
        return LimitedStringIO(_Environment.output_stream_limit - used, newline="")


class _Template(BoundTemplate):
    """A parsed template that writes what it was given, byte for byte."""

    context_class = _Context

    def _get_buffer(self) -> StringIO:
        return LimitedStringIO(_Environment.output_stream_limit, newline="")


class _Environment(Environment):
    """Limits that a mail never meets and an attack always does."""

    template_class = _Template
    output_stream_limit = 400_000
    loop_iteration_limit = 2_000
    local_namespace_limit = 50_000
    context_depth_limit = 10
    block_nesting_limit = 20


def _guarded(filter_: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(filter_)
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        for part in (value, *args):
            if isinstance(part, range) and len(part) > LONGEST_RANGE:
                raise FilterArgumentError("this range is too long", token=None)
        if filter_.__name__.startswith("replace") and args:
            # The result is at most as long as if every character were replaced.
            longest = (len(str(value)) + 1) * (len(str(args[-1])) + 1)
            if longest > LONGEST_TEXT * 10:
                raise FilterArgumentError("the text would become too long", token=None)
        result = filter_(value, *args, **kwargs)
        if isinstance(result, str) and len(result) > LONGEST_TEXT:
            raise FilterArgumentError("the text becomes too long", token=None)
        if isinstance(result, int | float | Decimal) and not -LARGEST_NUMBER <= result <= LARGEST_NUMBER:
            raise FilterArgumentError("the number becomes too large", token=None)
        return result

    return call


def _environment(*, autoescape: bool) -> Environment:
    env = _Environment(autoescape=autoescape, undefined=StrictUndefined)
    env.filters = {name: _guarded(env.filters[name]) for name in ALLOWED_FILTERS}
    env.filters["date"] = date_filter
    env.filters["money"] = money
    env.filters["safe_url"] = safe_url
    env.filters["until"] = until
    for tag in FORBIDDEN_TAGS:
        env.tags.pop(tag, None)
    return env


_HTML = _environment(autoescape=True)
_TEXT = _environment(autoescape=False)


@lru_cache(maxsize=256)
def _parse(source: str, html: bool) -> BoundTemplate:
    try:
        return (_HTML if html else _TEXT).from_string(source)
    except (LiquidError, RecursionError) as error:
        raise TemplateInvalid(_sentence(error)) from error


def render(source: str, context: Mapping[str, Any], *, html: bool, is_plain: bool = False) -> str:
    """Render a template for one person; in HTML every value is escaped. About 0.3 ms for a mail.

    `context` holds plain values only: anything else is a TypeError, and `is_plain` says that `plain`
    looked already. Raises TemplateInvalid. Text without any tag comes back as it is.
    """
    if "{{" not in source and "{%" not in source:
        return source
    try:
        return str(_parse(source, html).render(**(context if is_plain else plain(context))))
    except (LiquidError, RecursionError, ArithmeticError) as error:
        raise TemplateInvalid(_sentence(error)) from error


def variables(source: str, kept: Collection[str] = ()) -> set[tuple[str, ...]]:
    """Return the paths of all variables a template names, as ("customer", "first_name").

    Variables that the template makes itself are left out, save those of the names `kept`.
    """
    try:
        found = _parse(source, False).analyze()
    except LiquidError as error:
        raise TemplateInvalid(_sentence(error)) from error
    paths = {
        tuple(str(segment) for segment in variable.segments if not isinstance(segment, list | tuple))
        for group in (found.globals, found.variables)
        for uses in group.values()
        for variable in uses
    }
    own = set(found.locals).difference(kept)
    return {path for path in paths if path[0] not in own}


def plain(value: Any) -> Any:
    """Copy a value as dicts, lists, texts, numbers and booleans; refuse every other kind of object.

    Money and times become text, so that no method of theirs can be reached.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    raise TypeError(f"{type(value).__name__} cannot be put into a template.")


def _sentence(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
