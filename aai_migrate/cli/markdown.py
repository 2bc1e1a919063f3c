"""The table of vendors and features as documents have it, between two marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..config import OPTIONS
from ..features import FEATURES, Feature, features, varies
from ..provider import Provider

BEGIN, END = "<!-- features: begin -->", "<!-- features: end -->"
"""What stands before and behind the table in a document."""
NONE = "–"
FEW = 3


def markdown(providers: Sequence[Provider]) -> str:
    """Return the features of *providers*, a column each, as a table in Markdown with notes of where it is from."""
    found = [{feature.name: feature for feature in features(provider)} for provider in providers]
    head = ["", *(f"`{provider.name}`" for provider in providers)]
    lines = [_line(head), _line(["---"] * len(head))]
    for name in FEATURES:
        cells = (_cell(provider, table[name]) for provider, table in zip(providers, found, strict=True))
        lines.append(_line([f"`{name}`" if name in OPTIONS or name in _SETTINGS else _TITLES[name], *cells]))
    dated = ", ".join(
        f"[{provider.name}]({provider.capabilities.source}) {provider.capabilities.as_of}" for provider in providers
    )
    return "\n".join([*lines, "", f"By the vendors' pages: {dated}."])


def spliced(text: str, table: str) -> str:
    """Return the document *text* with *table* between its marks.

    Raises:
        ValueError: the marks are not there, once each and in order.
    """
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end or BEGIN in old + after or END in after:
        raise ValueError(f"the text needs {BEGIN} and {END}, once each")
    return f"{before}{begin}\n{table}\n{end}{after}"


_SETTINGS = frozenset({"model", "encoding", "sample_rate", "channels", "formatted_turns", "base_url"})
_TITLES = {
    "finalize": "`finalize()`",
    "configure": "`configure()`",
    "keepalive": "keepalive",
    "resume": "session outlives a connection",
}


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _cell(provider: Provider, feature: Feature) -> str:
    """Return one cell: what it may be where that says more than how well it is supported."""
    tell = _CELLS.get(feature.name, _support)
    word = NONE if feature.support == "unsupported" else tell(provider, feature)
    return f"{word} \\*" if feature.name in OPTIONS and varies(provider, feature.name) else word


def _support(provider: Provider, feature: Feature) -> str:
    return feature.support


def _default(provider: Provider, feature: Feature) -> str:
    named = f"`{provider.capabilities.default_model or feature.values[0]}`"
    return f"{named} and {len(feature.values) - 1} more" if len(feature.values) > 1 else named


def _spoken(provider: Provider, feature: Feature) -> str:
    if not feature.values:
        return feature.support
    count = ", ".join(feature.values) if len(feature.values) <= FEW else f"{len(feature.values)} languages"
    return f"{feature.support}: {count}"


def _listed(provider: Provider, feature: Feature) -> str:
    return ", ".join(value.removeprefix("pcm_") for value in feature.values)


def _apart(provider: Provider, feature: Feature) -> str:
    return f"{feature.most} apart"


_CELLS: dict[str, Callable[[Provider, Feature], str]] = {
    "model": _default,
    "language": _spoken,
    "encoding": _listed,
    "sample_rate": _listed,
    "channels": _apart,
    "configure": lambda provider, feature: ", ".join(f"`{value}`" for value in feature.values),
}
