"""
What tests needed in an earlier run, saved in a file, and what has changed
since.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import abc
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from procmem.pytest_plugin.figures import FIGURES
from procmem.pytest_plugin.top import change, size
from procmem.sizes import format_size, parse_size

if TYPE_CHECKING:
    import pytest

__all__ = ["Comparison", "Excess", "load", "save"]

_KIND = "tests"
_VERSION = 1

# How many tests a comparison lists that changed without breaking a rule.
_SHOWN = 10

_EXCESS = re.compile(
    r"(?P<figure>[a-z_]+):(?:(?P<percent>[0-9]+(?:\.[0-9]+)?) ?%|(?P<size>.+))"
)

Figures = abc.Mapping[str, int]


def save(path: str | os.PathLike[str], tests: abc.Mapping[str, Figures]) -> None:
    """
    Write the figures of *tests* to a file, all of it or nothing.
    """
    document = {"procmem": _KIND, "version": _VERSION, "tests": tests}
    target = Path(path).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.name}."
    )
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
        # As any other file would be, and not as secret as a temporary one.
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str]) -> dict[str, dict[str, int]]:
    """
    The figures that :func:`save` wrote.

    Raises:
        ValueError: If the file can't be read, or is none of those.
    """
    try:
        document: object = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        msg = f"{os.fspath(path)}: {exc}"
        raise ValueError(msg) from None
    fields = _as_dict(document)
    version, tests = fields.get("version"), fields.get("tests")
    if fields.get("procmem") != _KIND or type(version) is not int:
        msg = f"{os.fspath(path)}: not a file of --procmem-save"
        raise ValueError(msg)
    if version > _VERSION:
        msg = f"{os.fspath(path)}: from a newer procmem (version {version})"
        raise ValueError(msg)
    return {name: _sizes(path, name, each) for name, each in _as_dict(tests).items()}


def _sizes(path: str | os.PathLike[str], name: str, figures: object) -> dict[str, int]:
    fields = _as_dict(figures)
    sizes = {key: size for key, size in fields.items() if type(size) is int}
    if len(sizes) != len(fields) or not sizes:
        msg = f"{os.fspath(path)}: test {name!r} has figures that are no sizes"
        raise ValueError(msg)
    return sizes


def _as_dict(value: object) -> dict[str, object]:
    """
    An object of JSON, whose keys are text; what isn't one is like an empty one.
    """
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


class Excess(NamedTuple):
    """
    How much more than before is too much: a share or a size.

    Attributes:
        figure: Of what: ``"footprint"``, ``"growth"`` or ``"peak"``.

        percent: Of what there was before, or None.

        size: In bytes, or None.

        allowed: As it was written.
    """

    figure: str
    percent: float | None
    size: int | None
    allowed: str

    @classmethod
    def parse(cls, text: str) -> Excess:
        """
        Read ``"footprint:10%"`` or ``"growth:5 MiB"``.

        Raises:
            ValueError: If it is something else.
        """
        found = _EXCESS.fullmatch(text.strip())
        if found is None or found["figure"] not in FIGURES:
            msg = (
                f"--procmem-fail: {text!r}: write one of {', '.join(FIGURES)}, a"
                " colon and how much more is too much, as 10% or 5 MiB"
            )
            raise ValueError(msg)
        if found["percent"] is not None:
            percent = found["percent"]
            return cls(found["figure"], float(percent), None, f"{percent} %")
        try:
            size = parse_size(found["size"])
        except ValueError as exc:
            msg = f"--procmem-fail: {text!r}: {exc}"
            raise ValueError(msg) from None
        return cls(found["figure"], None, size, format_size(size))

    def is_exceeded(self, before: int, after: int) -> bool:
        """
        Whether *after* is too much; what is exactly at the limit is not.
        """
        if self.percent is not None:
            # A share of nothing, or of less, is nothing.
            return after - before > max(before, 0) * self.percent / 100
        return after - before > (self.size or 0)

    def excess(self, more: int) -> str:
        """
        What to say about *more* bytes than before, if that is too much.
        """
        text = size(more)
        if text == self.allowed:
            # What differs must not look alike.
            text = format_size(more)
        return f"{text} more, allowed are {self.allowed}"


class Comparison:
    """
    The tests of this run beside those of a file.
    """

    def __init__(
        self, path: str, before: abc.Mapping[str, Figures], rules: abc.Sequence[Excess]
    ) -> None:
        self._path = path
        self._before = before
        self._after: abc.Mapping[str, Figures] = {}
        self._rules = rules
        self._broken: list[str] = []

    @classmethod
    def begin(cls, path: str | None, rules: abc.Iterable[str]) -> Comparison | None:
        """
        Read the file of an earlier run, before anything overwrites it.

        Raises:
            ValueError: If the file or a rule is not understood, or there are
                rules and no file.
        """
        parsed = [Excess.parse(rule) for rule in rules]
        if path is None:
            if parsed:
                msg = "--procmem-fail needs --procmem-compare=FILE"
                raise ValueError(msg)
            return None
        return cls(path, load(path), parsed)

    def is_about(self, figure: str) -> bool:
        """
        Whether a rule limits *figure*.
        """
        return any(rule.figure == figure for rule in self._rules)

    @property
    def failed(self) -> bool:
        """
        Whether a test needs more than it may.
        """
        return bool(self._broken)

    def end(self, after: abc.Mapping[str, Figures]) -> None:
        """
        Judge what was measured now.
        """
        self._after = after
        for name in self._common:
            for rule in self._rules:
                before = self._before[name].get(rule.figure)
                now = after[name].get(rule.figure)
                if before is None or now is None:
                    if before is not now:
                        self._broken.append(
                            f"{name}: {rule.figure} was"
                            f" {size(before)} and is {size(now)}: not comparable"
                        )
                elif rule.is_exceeded(before, now):
                    self._broken.append(
                        f"{name}: {rule.figure} was {size(before)} and is"
                        f" {rule.excess(now - before)}"
                    )

    @property
    def _common(self) -> list[str]:
        return [name for name in self._after if name in self._before]

    def show(self, reporter: pytest.TerminalReporter) -> None:
        """
        Print what changed most, and which rules were broken.
        """
        from procmem.render.text import table

        reporter.section(f"memory: compared with {self._path}")
        changed = sorted(self._common, key=self._moved, reverse=True)[:_SHOWN]
        if changed:
            rows = [["before", "now", "change", "test (footprint)"]]
            for name in changed:
                before = self._before[name].get("footprint")
                now = self._after[name].get("footprint")
                moved = None if before is None or now is None else now - before
                rows.append([size(before), size(now), change(moved), name])
            reporter.write(table(rows, ">>><"))
        reporter.write_line(
            f"{len(self._common)} tests compared,"
            f" {len(self._after) - len(self._common)} not in the file,"
            f" {len(self._before) - len(self._common)} only there"
        )
        if self._broken:
            reporter.write_line("more than --procmem-fail allows:", red=True)
        for line in self._broken:
            reporter.write_line(f"  {line}", red=True)

    def _moved(self, name: str) -> int:
        before, now = self._before[name], self._after[name]
        return abs(now.get("footprint", 0) - before.get("footprint", 0))
