"""Lists of texts on their way into PostgreSQL, written at once and not value by value."""

from collections.abc import Iterable


def text_array(values: Iterable[str]) -> str:
    """Return the array literal of texts without NUL, for a parameter like `%s::varchar[]`.

    The driver would quote each element and the server parse an expression of as many constants: for
    1,000 texts 1 ms on each side against 50 µs.
    """
    texts = list(values)
    if not texts:
        return "{}"
    joined = "\0".join(texts)
    if '"' in joined or "\\" in joined:
        joined = joined.replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + joined.replace("\0", '","') + '"}'


def number_array(values: Iterable[int]) -> str:
    """Return the array literal of numbers, for a parameter like `%s::bigint[]`."""
    return "{" + ",".join(map(str, values)) + "}"
