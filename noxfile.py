"""
What CI runs, and what one runs by hand: the same sessions.

``nox`` alone runs all but ``live`` and ``bench``; ``nox -l`` lists them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

# The first that asks an interpreter for its version before it uses it, which
# version managers need: they put a `python3.12` on PATH that may not run.
nox.needs_version = ">=2026.8.10"

nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
# A machine tests on the Pythons it has, also if it is CI, where nox would
# make an absent one an error. The session `coverage` fails if none was there.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

PYPROJECT = nox.project.load_toml()
PYTHONS = nox.project.python_versions(PYPROJECT)

# Inside nox's own folder, so that nobody takes it for a release.
DIST = Path(".nox", "dist").absolute()


def install_wheel(session: nox.Session, *args: str) -> None:
    """
    Install the wheel that the session ``build`` has made, and *args*.
    """
    (wheel,) = DIST.glob("*.whl")
    # In a virtualenv that is used again, pip takes a wheel of the same
    # version for the same wheel.
    session.install("--force-reinstall", "--no-deps", str(wheel))
    session.install(str(wheel), *args)


@nox.session
def lint(session: nox.Session) -> None:
    """
    Check style, formatting and the direction of imports.
    """
    session.install("--group", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--diff")
    session.run("python", "tools/check_layers.py")


@nox.session
def typing(session: nox.Session) -> None:
    """
    Check types with mypy and pyright, as strictly as they can.
    """
    session.install("--editable", ".", "--group", "typing")
    session.run("mypy")
    # Silent about newer versions of itself, which is nothing to act on here.
    session.run("pyright", env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})


@nox.session
def docs(session: nox.Session) -> None:
    """
    Build the docs, without a warning; ``tests`` runs their examples.
    """
    session.install(".", "--group", "docs")
    shutil.rmtree("docs/_build", ignore_errors=True)
    session.run(
        *("python", "-m", "sphinx", "--builder", "html"),
        *("--fail-on-warning", "--nitpicky", "--keep-going"),
        *("--fresh-env", "--quiet"),
        *("docs", "docs/_build/html"),
    )


@nox.session
def build(session: nox.Session) -> None:
    """
    Build the sdist and, from it, the wheel that all other sessions test.
    """
    session.install("build")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))
    # What earlier wheels covered is not what this one covers.
    for data in Path().glob(".coverage.*"):
        data.unlink()


@nox.session(python=PYTHONS, requires=["build"])
def tests(session: nox.Session) -> None:
    """
    Run the tests and the examples of the docs against the installed wheel.
    """
    install_wheel(session, "--group", "tests")
    # By whole files: the examples of a page build on each other.
    parallel = ("--numprocesses=auto", "--dist=loadfile")
    if any(Path().glob(".coverage.*")):
        # The first Python has run the benchmarks, which are the same for all
        # and no part of what is installed, and was measured: no line of ours
        # asks for the version.
        runner = ["pytest", "-m", "not bench"]
    else:
        runner = ["coverage", "run", "-m", "pytest"]
    session.run(*runner, *parallel, *session.posargs)


@nox.session(requires=["tests"])
def coverage(session: nox.Session) -> None:
    """
    Combine what all processes measured and fail below the agreed share.
    """
    # Absent interpreters are skipped, so this could be all of them.
    if not any(Path().glob(".coverage.*")):
        session.error(f"nothing was tested: none of Python {PYTHONS} is here")
    session.install("--group", "coverage")
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(default=False, requires=["build"])
def live(session: nox.Session) -> None:
    """
    Compare with real programs and races: minutes, and best as root.
    """
    install_wheel(session, "--group", "tests")
    everything = {"PROCMEM_EVERY_CAPTURE": "1"}
    folders = ("tests/live", "tests/captures")
    session.run("pytest", *folders, *session.posargs, env=everything)


@nox.session(default=False, requires=["build"])
def bench(session: nox.Session) -> None:
    """
    Time procmem against raw reads and other tools, as ratios.
    """
    install_wheel(session, "--group", "bench")
    session.run("python", "-m", "bench", *session.posargs)
