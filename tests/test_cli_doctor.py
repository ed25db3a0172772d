from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import procmem
from procmem import cli
from procmem.cli import doctor
from procmem.shortcuts.capabilities import Capabilities, capabilities
from tests.live.processes import NOBODY, as_user

NOTHING = procmem.InMemory(processes={})


def printed(
    capsys: pytest.CaptureFixture[str],
    *arguments: str,
    source: procmem.Source | None = None,
) -> str:
    """
    What the command prints; it always succeeds.
    """
    assert 0 == doctor.run(arguments, source)
    out, err = capsys.readouterr()
    assert "" == err
    return out


class TestReport:
    def test_everything(self) -> None:
        """
        Every ability has a line with a mark, and its need if it is missing.
        """
        found = capabilities()
        lines = doctor.report(found, width=200).splitlines()

        for name, one in found.abilities.items():
            [place] = [
                place
                for place, line in enumerate(lines)
                if line[4:].startswith(f"{name} ")
            ]
            assert ("  + " if one else "  ") == lines[place][: 4 if one else 2]
            assert lines[place].endswith(one.found)
            if one.needs:
                assert f"      needs {one.needs}" == lines[place + 1]

    def test_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Where nothing can be read, the report says so.
        """
        out = printed(capsys, source=NOTHING)

        assert "unknown kernel" in out
        assert "unknown user, with none of the capabilities" in out
        assert 3 == out.count("not at all")
        assert "  ? frame_numbers" in out

    def test_other_namespace(self) -> None:
        """
        In another user namespace no capability helps, and the report says so.
        """
        found = attrs.evolve(capabilities(NOTHING), first_user_namespace=False)

        assert "not the first user namespace" in doctor.report(found, width=80)

    @pytest.mark.parametrize("width", [40, 80])
    def test_width(self, width: int) -> None:
        """
        Sentences are broken to fit the terminal.
        """
        text = doctor.report(capabilities(NOTHING), width=width)

        longest = max(text.splitlines(), key=len)
        assert len(longest) <= width or " " not in longest.strip()

    def test_ordinary_user(self) -> None:
        """
        An ordinary user is told which rights would help.
        """
        capabilities()
        found = as_user(NOBODY, capabilities)

        text = doctor.report(found, width=300)
        assert "- frame_numbers" in text
        assert "needs CAP_SYS_ADMIN in the first user namespace" in text


class TestRun:
    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The document has all that the value has.
        """
        document = json.loads(printed(capsys, "--json"))
        found = capabilities()

        assert doctor.SCHEMA == document["schema"]
        assert found.own == document["methods"]["own"]
        assert sorted(found.effective) == document["effective"]
        assert document["abilities"] == {
            name: attrs.asdict(one) for name, one in found.abilities.items()
        }
        values = {field.name for field in attrs.fields(Capabilities)}
        known = {"methods", "abilities", "schema"}
        assert values == (set(document) - known) | set(document["methods"]) | set(
            document["abilities"]
        )

    def test_by_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        The command knows it.
        """
        assert 0 == cli.main(["doctor"], source=NOTHING)
        assert "not at all" in capsys.readouterr().out

    def test_root(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        """
        Another proc file system can be named, even if it is none.
        """
        out = printed(capsys, "--root", str(tmp_path))

        assert "not at all" in out

    def test_wrong_arguments(self, capsys: pytest.CaptureFixture[str]) -> None:
        """
        Arguments that make no sense are refused.
        """
        with pytest.raises(SystemExit) as caught:
            doctor.run(["--nonsense"])

        assert 2 == caught.value.code
        assert "usage: procmem doctor" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("encoding", "mark"), [("utf-8", "\N{CHECK MARK}"), ("ascii", "+")]
    )
    def test_marks(self, encoding: str, mark: str) -> None:
        """
        Where a check mark can't be printed, a plus stands for it.
        """
        code = "from procmem.cli import doctor; doctor.run([])"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONIOENCODING": encoding},
            capture_output=True,
            check=True,
        )

        assert f"  {mark} maps" in done.stdout.decode(encoding)
        assert b"" == done.stderr
