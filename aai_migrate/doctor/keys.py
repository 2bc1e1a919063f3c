"""Whether the keys in the environment can be keys. None of them is shown, nor a part of one.

The vendors' pages say nothing of what their keys look like, so only what no key can be is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import field, frozen

from ..credentials import Secret
from .finding import Finding, State, softened

CHECK = "keys"
SHORTEST, LONGEST = 16, 512
"""Characters; what is outside is worth a look."""

_QUOTES = "\"'`“”‘’"
_SCHEME = re.compile(r"(bearer|token|basic)\s+\S", re.IGNORECASE)
_NAMED = re.compile(r"[\w-]*(key|token|authorization)[\w-]*\s*[:=]\s*\S", re.IGNORECASE)
_TEMPLATE = re.compile(r"<.*>|\$\{.*\}|\$\w+|%\w+%|\{\{.*\}\}|\[.*\]|\{.*\}")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_STAND_INS = frozenset(
    re.findall(
        r"\w+",
        """
        a actual add an api apikey apitoken bar change changeme copy dummy enter example fixme foo goes here insert is
        key me my none null own paste placeholder put real replace secret test the this to todo token undefined value
        with xxx your yourapikey yourkey yours yourtoken
        """,
    )
)
"""Words that stand where a key is to be put."""


@frozen
class Variable:
    """An environment variable that is to hold a key.

    Attributes:
        name: of the variable.
        providers: who reads it.
        value: what it holds; None: it is not set.
        needed: whether a provider that is in use needs it.
        others: whether some provider is in use, so that what is wrong with a variable that is not needed is no failure.
    """

    name: str
    providers: tuple[str, ...]
    value: Secret | None = field(default=None, repr=False)
    needed: bool = False
    others: bool = False


def keys(variables: Mapping[str, Variable]) -> list[Finding]:
    """Return what is to say of each of *variables*, and of those that hold the same."""
    found = [key(each) for each in variables.values()]
    holders: dict[Secret, list[str]] = {}
    for each in variables.values():
        if each.value is not None and each.value.reveal().strip():
            holders.setdefault(each.value, []).append(each.name)
    for names in holders.values():
        if len(names) > 1:
            text = "hold the same key, but belong to different vendors: no more than one of them can be right"
            found.append(Finding(CHECK, " and ".join(names), "warning", text, "copy each vendor's own key again"))
    return found


def key(variable: Variable) -> Finding:
    """Return what is to say of *variable*."""
    name, owners = variable.name, ", ".join(variable.providers)
    if variable.value is None:
        state: State = "failed" if variable.needed else "skipped"
        return Finding(CHECK, name, state, f"not set, for {owners}", f"export {name}=… with your key")
    for state, found, fix in _problems(variable.value.reveal(), name):
        told = Finding(CHECK, name, state, f"{found}, for {owners}", fix)
        return softened([told])[0] if variable.others and not variable.needed else told
    return Finding(CHECK, name, "ok", f"set and well-formed, for {owners}")


def _problems(value: str, name: str) -> list[tuple[State, str, str]]:
    """Return what is the matter with *value*, the worst first; nothing of it is repeated."""
    bare, again = value.strip(), f"copy the key again and export {name}=…"
    wrong = (
        (not bare, "is set, but empty", f"export {name}=… with your key, or unset it"),
        (
            any(sign in value for sign in "\r\n"),
            "holds a line break",
            f"export {name} without it, as $(tr -d '\\r\\n' < FILE) reads one from a file",
        ),
        (any(sign in bare for sign in _QUOTES), "holds quotes", f"export {name} without them"),
        (not (bare.isascii() and bare.isprintable()), "holds a character that no key has", again),
        (_TEMPLATE.fullmatch(bare) is not None, "is a placeholder, not a key", again),
        (
            _SCHEME.match(bare) is not None,
            "begins with a word such as Bearer or Token",
            f"export {name} with the key alone; that word is added where it belongs",
        ),
        (_stands_in(bare, name), "is a placeholder, not a key", again),
        (_NAMED.match(bare) is not None, "begins with a name before the key", f"export {name} with the key alone"),
        ("://" in bare, "is an address, not a key", again),
        (any(sign.isspace() for sign in bare), "holds blanks", again),
    )
    odd = (
        (bare != value, "has blanks around it, which are dropped", f"export {name} without them"),
        (
            _JWT.fullmatch(bare) is not None,
            "looks like a temporary token, which expires and of which some vendors want to be told that it is one",
            f"pass it as token=…, and export {name} with a key",
        ),
        (len(bare) < SHORTEST, f"has fewer than {SHORTEST} characters, as if cut off", again),
        (len(bare) > LONGEST, f"has more than {LONGEST} characters, as if it held more than a key", again),
    )
    failed: list[tuple[State, str, str]] = [("failed", found, fix) for so, found, fix in wrong if so]
    return failed + [("warning", found, fix) for so, found, fix in odd if so and not failed]


def _stands_in(value: str, name: str) -> bool:
    """Whether *value* says in words that a key has to be put there, or is one sign again and again."""
    known = _STAND_INS | set(name.lower().split("_"))
    words = re.findall(r"[a-z]+", value.lower())
    signs = set(re.sub(r"[\W_]", "", value))
    return len(signs) < 2 or (bool(words) and not re.search(r"\d", value) and all(word in known for word in words))
