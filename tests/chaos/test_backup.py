"""The files of a whole database copied to another machine: the twin sends nothing, the original all."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from config.embedded.places import ROOT
from tests.chaos.conftest import Server, wait_for
from tests.config.conftest import environment, processes_of, state_of

pytestmark = pytest.mark.chaos

PREPARE = """
from core import clock
from delivery.outbox.sweep import sweep
from tests.delivery.source import register
from tests.factories.delivery import make_customers, make_run
register()
now = clock.now()
make_customers(300, now=now)
sweep(now=now)
run = make_run(now=now)
sweep(now=now)
print(run.id)
"""
COUNT = """
import json
from collections import Counter
from delivery.models import Message
print(json.dumps(Counter(Message.objects.values_list("state", flat=True))))
"""


@pytest.fixture
def mail():
    server = Server(seconds=0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    server.url = f"smtp://127.0.0.1:{port}"
    yield server
    controller.stop()


@pytest.fixture
def folder():
    """A folder through which the servers' unprivileged account can pass."""
    made = Path(tempfile.mkdtemp(prefix="rapport-chaos-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_a_copy_of_the_files_sends_nothing(mail, folder):
    original, twin = folder / "original", folder / "twin"

    def run(var, *command):
        env = environment(var, EMAIL_URL=mail.url, DJANGO_SETTINGS_MODULE="config.settings.local")
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        wait_for(lambda: not processes_of(var), 60, "the end of the servers")
        return done.stdout.strip().splitlines()

    def states(var):
        return json.loads(run(var, "manage.py", "shell", "-v", "0", "-c", COUNT)[-1])

    run(original, "manage.py", "migrate", "-v", "0")
    run_id = run(original, "manage.py", "shell", "-v", "0", "-c", PREPARE)[-1]
    run(twin, "manage.py", "showmigrations", "delivery")  # makes its folders
    shutil.copy(original / "secrets.json", twin / "secrets.json")
    here, there = (f"{state_of(var)['postgres']['folder']}/data" for var in (original, twin))
    shutil.rmtree(there)
    subprocess.run(["cp", "-a", here, there], check=True)

    run(twin, "-m", "tests.delivery.worker", run_id)
    run(twin, "-m", "tests.delivery.worker")
    assert mail.accepted == []
    assert states(twin) == {"uncertain": 300}

    # Two workers of the original at once, which knows itself although the copy was made.
    threads = [threading.Thread(target=run, args=[original, "-m", "tests.delivery.worker", run_id])]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert states(original) == {"sent": 300}
    assert (len(mail.accepted), mail.doubles) == (300, 0)
