"""
Programs of many processes: PostgreSQL, nginx, Redis, Chromium.

None listens on the network: sockets are files in the program's own folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.live.control import (
    NotHereError,
    StartError,
    family,
    temporary_folder,
)
from tests.live.programs.running import Entry, Program, find, is_idle, running

_SESSIONS = 3
_NGINX_WORKERS = 2

_NGINX = """
daemon off;
worker_processes {workers};
pid nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen unix:{socket};
        location / {{ return 200 "ready"; }}
    }}
}}
"""


def _postgres_programs() -> Path:
    """
    The folder of the newest PostgreSQL.
    """
    # Debian keeps the server out of PATH, one folder a version.
    folders = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    versions = {int(path.parents[1].name): path.parent for path in folders}
    return versions[max(versions)] if versions else Path(find("postgres")).parent


def _postgres_user() -> tuple[int, int] | None:
    """
    Whom PostgreSQL shall run as, because it refuses root; None to not change.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    msg = "no unprivileged user for postgres"
    raise NotHereError(msg)


@contextlib.contextmanager
def postgres() -> Iterator[list[Entry]]:
    """
    A PostgreSQL with clients whose backends all have read the same table.
    """
    programs = _postgres_programs()
    account = _postgres_user()
    user, group = account or (None, None)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        if account:
            os.chown(folder, *account)
        data = folder / "data"
        initdb = [str(programs / "initdb"), "-D", str(data), "-A", "trust"]
        made = subprocess.run(
            [*initdb, "-E", "UTF8", "--locale=C", "--no-sync"],
            check=False,
            user=user,
            group=group,
            extra_groups=None if user is None else (),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if made.returncode != 0:
            msg = f"initdb: {made.stdout.decode(errors='replace')[-500:]}"
            raise StartError(msg)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            # A segment of its own kind survives a crash; a file goes with the
            # folder.
            "dynamic_shared_memory_type": "mmap",
            "shared_buffers": "64MB",
            "fsync": "off",
            # Its workers come and go.
            "autovacuum": "off",
            "max_parallel_workers_per_gather": "0",
        }
        argv = [str(programs / "postgres"), "-D", str(data)]
        argv += [part for key in options for part in ("-c", f"{key}={options[key]}")]
        server = stack.enter_context(
            running(
                "postgres",
                argv,
                folder,
                ready="ready to accept connections",
                # "Fast shutdown": ends the sessions instead of waiting.
                politely=signal.SIGINT,
                user=user,
                group=group,
            )
        )
        client = [
            str(programs / "psql"),
            "-X",
            "-h",
            str(folder),
            "-d",
            "postgres",
        ]
        if account:
            client += ["-U", pwd.getpwuid(account[0]).pw_name]
        fill = "create table t as select generate_series(1, 100000) n;\n"
        entries: list[Entry] = []
        for number in range(_SESSIONS):
            session = stack.enter_context(
                running("psql", client, stack.enter_context(temporary_folder()))
            )
            session.tell((fill if number == 0 else "") + "select sum(n) from t;\n")
            session.wait(lambda s=session: s.said("5000050000"), what="sum")  # type: ignore[misc]
            entries += session.entries()
        yield server.entries() + entries


@contextlib.contextmanager
def nginx() -> Iterator[list[Entry]]:
    """
    An nginx with its workers, which has answered a request.
    """
    path = find("nginx")
    with temporary_folder() as folder:
        name = folder / "socket"
        configuration = _NGINX.format(workers=_NGINX_WORKERS, socket=name)
        (folder / "nginx.conf").write_text(configuration)
        argv = [path, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
        with running("nginx", argv, folder) as it:
            request = b"GET / HTTP/1.0\r\n\r\n"
            it.wait(lambda: b"ready" in _ask(name, request), what="answer")
            it.wait(lambda: len(it.entries()) == 1 + _NGINX_WORKERS, what="workers")
            yield it.entries()


@contextlib.contextmanager
def redis() -> Iterator[list[Entry]]:
    """
    A Redis that holds a few MiB.
    """
    path = find("redis-server")
    with temporary_folder() as folder:
        name = folder / "socket"
        argv = [path, "--port", "0", "--unixsocket", str(name), "--save", ""]
        argv += ["--appendonly", "no", "--dir", str(folder)]
        with running("redis", argv, folder, ready="ready to accept") as it:
            value = b"x" * (4 << 20)
            request = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n"
            answer = _ask(name, request % (len(value), value))
            if answer != b"+OK\r\n":
                msg = f"redis: SET gave {answer!r}"
                raise StartError(msg)
            yield it.entries()


def _ask(name: Path, request: bytes) -> bytes:
    """
    The beginning of the answer from the socket *name*; nothing if it is dead.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(name))
            connection.sendall(request)
            return connection.recv(4096)
    except (FileNotFoundError, ConnectionError):
        return b""


@contextlib.contextmanager
def chromium() -> Iterator[list[Entry]]:
    """
    A Chromium without window or network that shows a page.
    """
    path = find("chromium", "chromium-browser", "google-chrome")
    with temporary_folder() as folder:
        argv = [
            path,
            "--headless",
            # Its sandbox refuses root and needs user namespaces.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            # Else it keeps shared memory outside of its folder, and a process
            # that leaves the family for good.
            "--disable-dev-shm-usage",
            "--disable-breakpad",
            "--disable-crash-reporter",
            "--no-first-run",
            "--password-store=basic",
            f"--user-data-dir={folder / 'profile'}",
            "data:text/html,<title>procmem</title><p>a page",
        ]
        with running("chromium", argv, folder, ready="") as it:
            it.wait(lambda: _shows_page(it.process.pid), what="a page")
            yield it.entries()


def _shows_page(pid: int) -> bool:
    members = family(pid)
    lines = [
        Path(f"/proc/{member}/cmdline").read_bytes()
        for member in members
        if Path(f"/proc/{member}").exists()
    ]
    renders = any(re.search(rb"--type=renderer", line) for line in lines)
    return renders and all(map(is_idle, members))


SERVERS: dict[str, Program] = {
    "chromium": chromium,
    "postgres": postgres,
    "nginx": nginx,
    "redis": redis,
}
