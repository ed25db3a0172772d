from __future__ import annotations

import copy
import errno
import pickle

import pytest

import procmem
from tests.kernel import samples
from tests.kernel.rendering import render_smaps

ERRORS: list[tuple[procmem.ProcmemError, type[Exception], str]] = [
    (
        procmem.ParseError("not a mapping", "maps", 3, b"x\xff"),
        ValueError,
        r"maps:3: not a mapping: b'x\xff'",
    ),
    (
        procmem.ProcessGoneError(4711),
        ProcessLookupError,
        "no process 4711 (any more)",
    ),
    (
        procmem.AccessDeniedError(4711, "smaps", "CAP_SYS_PTRACE"),
        PermissionError,
        "not permitted to read smaps of process 4711: needs CAP_SYS_PTRACE",
    ),
    (
        procmem.UnsupportedError("smaps_rollup", "Linux 4.14"),
        NotImplementedError,
        "smaps_rollup is not available here: needs Linux 4.14",
    ),
    (
        procmem.ProcessChangedError(4711, "smaps"),
        RuntimeError,
        "process 4711 kept replacing its address space while smaps was read",
    ),
]

each_error = pytest.mark.parametrize(
    ("error", "builtin", "sentence"), ERRORS, ids=[type(e[0]).__name__ for e in ERRORS]
)


@each_error
class TestErrors:
    def test_bases(
        self, error: procmem.ProcmemError, builtin: type[Exception], sentence: str
    ) -> None:
        """
        Each is the builtin that a caller would catch, and ours.
        """
        for base in (builtin, procmem.ProcmemError):
            with pytest.raises(base) as caught:
                raise error
            assert error is caught.value

    def test_sentence(
        self, error: procmem.ProcmemError, builtin: type[Exception], sentence: str
    ) -> None:
        """
        A person reads one sentence.
        """
        assert sentence == str(error)

    def test_copies(
        self, error: procmem.ProcmemError, builtin: type[Exception], sentence: str
    ) -> None:
        """
        It crosses processes with its fields.
        """
        for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(error) is type(copied)
            assert sentence == str(copied)
            assert vars_of(error) == vars_of(copied)


def vars_of(error: procmem.ProcmemError) -> dict[str, object]:
    """
    What a program reads.
    """
    names = [
        "reason",
        "file",
        "line_number",
        "line",
        "pid",
        "needs",
        "errno",
        "filename",
    ]
    return {name: getattr(error, name) for name in names if hasattr(error, name)}


class TestParseError:
    def test_long_line(self) -> None:
        """
        The sentence shows the beginning of a long line, the attribute all.
        """
        error = procmem.ParseError("not a mapping", "maps", 1, b"x" * 1000)

        assert f"maps:1: not a mapping: {b'x' * 200!r}... (1000 bytes)" == str(error)
        assert b"x" * 1000 == error.line


class TestOSErrors:
    def test_gone(self) -> None:
        """
        Who catches OSError finds errno and filename.
        """
        error = procmem.ProcessGoneError(4711)

        assert (errno.ESRCH, "4711") == (error.errno, error.filename)

    def test_denied(self) -> None:
        """
        So does who catches PermissionError.
        """
        error = procmem.AccessDeniedError(4711, "smaps", "the same user")

        assert (errno.EACCES, "4711/smaps") == (error.errno, error.filename)


class TestEvidence:
    def test_default(self) -> None:
        """
        What no system was read for has no method, files or time.
        """
        evidence = procmem.Evidence()

        assert ("none", (), None, {}) == (
            evidence.method,
            evidence.files,
            evidence.seconds,
            evidence.bounds,
        )

    def test_copies(self) -> None:
        """
        It is a value: it pickles, compares, hashes and has a short repr.
        """
        evidence = procmem.Evidence(
            method="kernel", files=("smaps",), bounds={"swap_pss": (0, 4096)}
        )

        assert evidence == pickle.loads(pickle.dumps(evidence))
        assert hash(evidence) == hash(copy.copy(evidence))
        assert evidence != procmem.Evidence()
        assert "files=('smaps',)" in repr(evidence)


class TestPermissions:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("rwxs", (True, True, True, True)),
            ("---p", (False, False, False, False)),
            ("r-xp", (True, False, True, False)),
            ("r-x-", (True, False, True, False)),
        ],
    )
    def test_letters(self, text: str, expected: tuple[bool, ...]) -> None:
        """
        The letters can be asked one by one; text it is all the same.
        """
        permissions = procmem.Permissions(text)

        assert expected == (
            permissions.readable,
            permissions.writable,
            permissions.executable,
            permissions.shared,
        )
        assert text == permissions == str(permissions)
        assert {text: 1}[permissions] == 1

    @pytest.mark.parametrize("text", ["", "rwx", "rwxsp", "wr-p", "rwxp\n", "RWXP"])
    def test_bad(self, text: str) -> None:
        """
        Nothing else is permissions.
        """
        with pytest.raises(ValueError, match="not permissions such as 'rw-p'"):
            procmem.Permissions(text)

    def test_pickle(self) -> None:
        """
        They survive pickling as what they are.
        """
        copied = pickle.loads(pickle.dumps(procmem.Permissions("rw-p")))

        assert (procmem.Permissions, "rw-p") == (type(copied), copied)


class TestVmFlag:
    def test_are_the_codes(self) -> None:
        """
        Members compare with what the kernel prints, known or not.
        """
        (mapping,) = procmem.parse_smaps(
            render_smaps([samples.mapping(vm_flags="rd ht zz")])
        )
        assert mapping.vm_flags is not None

        assert procmem.VmFlag.HUGETLB in mapping.vm_flags
        assert procmem.VmFlag.LOCKED not in mapping.vm_flags
        assert "zz" in mapping.vm_flags

    def test_every_code(self) -> None:
        """
        Each code that a kernel ever printed has a name, and only one.
        """
        codes = "rd wr ex sh mr mw me ms gd pf dw lo lf io sr rr dc de ac nr ht sf nl"
        more = "ar wf dd bt mt sd mm hg nh mg um uw ui ur mp ss sl dp gu ??"

        assert set(f"{codes} {more}".split()) == set(map(str, procmem.VmFlag))
        assert len(procmem.VmFlag) == len(procmem.VmFlag.__members__)
