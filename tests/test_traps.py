"""
What other tools got wrong when they read, one test each.
"""

from __future__ import annotations

import pytest

import procmem
from tests.kernel import samples
from tests.kernel.eras import WSL1
from tests.kernel.samples import BASE, KIB, PAGE, PID, mapping

HEADER = b"00001000-00002000 rw-p 00000000 00:00 0 \n"


def source_of(files: samples.Files) -> procmem.InMemory:
    """
    A system with one process.
    """
    return procmem.InMemory(processes={PID: files})


class TestMatchingByPrefix:
    def test_pss(self) -> None:
        """
        Pss_Dirty, Pss_Anon and their like are not Pss, wherever they stand.
        """
        text = HEADER + (
            b"Pss_Dirty:             8 kB\n"
            b"Pss_Anon:             16 kB\n"
            b"Pss:                   4 kB\n"
            b"Pss_Shmem:            32 kB\n"
        )
        (found,) = procmem.parse_smaps(text)

        assert 4 * KIB == procmem.accounting.pss([found])
        assert 4 * KIB == procmem.parse_smaps_total(text).pss

    def test_swap(self) -> None:
        """
        SwapPss is not Swap.
        """
        usage = procmem.parse_smaps_total(HEADER + b"SwapPss:  8 kB\nSwap:  24 kB\n")

        assert (24 * KIB, 8 * KIB) == (usage.swap, usage.swap_pss)

    def test_rss(self) -> None:
        """
        RssAnon, RssFile and RssShmem are not VmRSS.
        """
        status = procmem.parse_status(
            b"RssAnon:\t 8 kB\nVmRSS:\t 24 kB\nRssNew:\t1 kB\n"
        )

        assert (24 * KIB, 8 * KIB) == (status.vm_rss, status.rss_anon)
        assert {"RssNew": "1 kB"} == dict(status.other_by_key)

    def test_only_the_longer_key(self) -> None:
        """
        Where only the longer key is printed, the shorter one is missing.
        """
        usage = procmem.parse_smaps_total(HEADER + b"SwapPss:  8 kB\n")

        assert usage.get("swap") is None


class TestLinesThatAreNotSizes:
    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (b"", None),
            (b"VmFlags: \n", frozenset[str]()),
            (b"VmFlags:\n", frozenset[str]()),
            (b"VmFlags: rd wr ?? zz \n", frozenset({"rd", "wr", "??", "zz"})),
        ],
    )
    def test_vm_flags(self, line: bytes, expected: frozenset[str] | None) -> None:
        """
        VmFlags may be absent or empty, which differ, or hold new codes.
        """
        (found,) = procmem.parse_smaps(HEADER + b"Rss:  4 kB\n" + line)

        assert expected == found.vm_flags

    @pytest.mark.parametrize(
        "line", [b"THPeligible:    1\n", b"THPeligible:           1\n"]
    )
    def test_thp_eligible(self, line: bytes) -> None:
        """
        THPeligible has no unit, padded or not, and is no amount of memory.
        """
        (found,) = procmem.parse_smaps(HEADER + line)

        assert found.thp_eligible
        assert procmem.Usage() == found.usage

    def test_wsl1(self) -> None:
        """
        Where the system prints only Pss, that is what there is to know.
        """
        mappings = [
            mapping(permissions="r-x-", era=WSL1, vm_flags=None, pss=4 * KIB),
            mapping(
                BASE + PAGE, era=WSL1, vm_flags=None, permissions="rw--", pss=8 * KIB
            ),
        ]
        source = source_of(samples.files(mappings, WSL1))

        assert tuple(mappings) == tuple(procmem.mappings(PID, source=source))
        assert 12 * KIB == procmem.pss(PID, source=source)
        assert not mappings[0].is_shared_mapping
        for function in (procmem.rss, procmem.uss, procmem.swap, procmem.footprint):
            with pytest.raises(procmem.UnsupportedError):
                function(PID, source=source)

    def test_rollup_of_a_later_kernel(self) -> None:
        """
        What no rollup had so far is kept too, as numbers or text.
        """
        usage = procmem.parse_smaps_rollup(
            b"1000-2000 ---p 00000000 00:00 0 [rollup]\nRss:  4 kB\nVmFlags: wr rd \n"
            b"ProtectionKey:  3\nName: \nKernelPageSize:  4 kB\n"
        )

        assert all(isinstance(value, int | str) for _, value in usage.other)
        assert ("wr rd", 3, 4 * KIB) == (
            " ".join(reversed(str(usage.get("VmFlags")).split())),
            usage.get("ProtectionKey"),
            usage.get("KernelPageSize"),
        )

    def test_unknown_counters_are_kept(self) -> None:
        """
        Counters of later kernels survive, in mappings and in sums.
        """
        text = HEADER + b"Rss:  4 kB\nPss_Later:  8 kB\nNote: of a kind\n"
        (found,) = procmem.parse_smaps(text)
        assert found.usage is not None

        assert {"Pss_Later": 8 * KIB, "Note": "of a kind"} == found.usage.other_by_key
        assert (("Pss_Later", 8 * KIB),) == procmem.parse_smaps_total(text).other


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            b"/two  spaces",
            b"/behind  ",
            b"/a\ttab\t",
            b"/vertical\x0btab and \x0c and \x1c",
            b"/carriage return\r",
            "/next line \u0085 and \u2028".encode(),
            b"/latin \xe9",
            rb"/a\012b",
            b"/VmFlags: rd",
            b"/Rss:                  4 kB",
            b"/1000-2000 rw-p",
        ],
    )
    def test_byte_for_byte(self, name: bytes) -> None:
        """
        A name comes back as the kernel printed it, in maps and in smaps.
        """
        header = HEADER[:-1].ljust(73) + name + b"\n"
        for (found,) in (
            procmem.parse_maps(header),
            procmem.parse_smaps(header + b"Rss:  4 kB\nVmFlags: rd \n"),
        ):
            assert found.name is not None
            assert name == found.name.encode("utf-8", "surrogateescape")

    def test_no_name(self) -> None:
        """
        Without a name there is None, not an empty string.
        """
        assert [None, None] == [
            found.name
            for text in (HEADER, HEADER.replace(b" \n", b"\n"))
            for found in procmem.parse_maps(text)
        ]

    @pytest.mark.parametrize(
        ("line", "name"),
        [
            (b"Name:           [anon:libc_malloc]\n", "[anon:libc_malloc]"),
            (b"Name:           [anon:<fault> x]\n", "[anon:<fault> x]"),
            (b"Name:           \n", None),
        ],
    )
    def test_name_line(self, line: bytes, name: str | None) -> None:
        """
        Android names memory on a line of its own, which is no counter.
        """
        (found,) = procmem.parse_smaps(HEADER + line + b"Rss:  4 kB\n")

        assert name == found.name
        assert procmem.Usage(rss=4 * KIB) == found.usage
        assert () == procmem.parse_smaps_total(HEADER + line + b"Rss:  4 kB\n").other

    def test_name_line_does_not_outweigh(self) -> None:
        """
        A file keeps its path even if such a line follows.
        """
        text = HEADER[:-1] + b"/lib/x\nName:           [anon:bss]\nRss:  4 kB\n"
        (found,) = procmem.parse_smaps(text)

        assert "/lib/x" == found.name

    def test_name_of_a_process(self) -> None:
        """
        A process may be called anything, with spaces at either end.
        """
        status = procmem.parse_status(b"Name:\t a\\nb\\\\c \nState:\tS (sleeping)\n")
        stat = procmem.parse_stat(
            b"7 ( a\nb\\c) R 1 ) S" + b" 1" * 40 + b"\n", page_size=1
        )

        assert " a\nb\\c " == status.name
        assert (" a\nb\\c) R 1 ", "S") == (stat.name, stat.state)
