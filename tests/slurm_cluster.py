"""A Slurm cluster of one node, this machine: Debian's slurm-wlm and munge, without systemd, cgroups or any file in /etc.

python tests/slurm_cluster.py COMMAND...     brings it up, runs the command in it, and takes it down

It must be root's, since slurmd starts jobs. CPUs and memory of the node are said, not looked at, so that jobs run side by
side on any machine.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
PATIENCE = 60.0  # seconds for a daemon to answer
CONF = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.sock,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,requeue_delay=1
MpiDefault=none
JobRequeue=1
KillWait=5
MinJobAge=3600
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4096 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str | None:
    """Why there can be no cluster here; None where there can."""
    absent = [name for name in DAEMONS if shutil.which(name, path=_path()) is None]
    if absent:
        return f"no {', '.join(absent)} here: apt-get install slurm-wlm munge"
    return "slurmd starts jobs as root alone" if os.geteuid() else None


@contextmanager
def cluster() -> Iterator[dict[str, str]]:
    """Bring it up, yield the variables by which Slurm's commands find it, and take it down with all its jobs."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)  # munged trusts no folder that others may write in
    found_by = {"SLURM_CONF": str(folder / "slurm.conf")}
    try:
        _write(folder)
        for command in _commands(folder):
            subprocess.run(command, check=True, env=os.environ | found_by | {"PATH": _path()})
        _wait_until_idle(found_by)
        yield found_by
        subprocess.run(["scancel", "--full", "--user=root"], check=False, env=os.environ | found_by)
    finally:
        for name in reversed(DAEMONS):
            if (file := folder / f"{name}.pid").exists():
                _end(int(file.read_text()))
        shutil.rmtree(folder, ignore_errors=True)


def _path() -> str:
    """Where Debian puts daemons is not on everybody's PATH."""
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _write(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(128))
    host = socket.gethostname().partition(".")[0]
    (folder / "slurm.conf").write_text(CONF.format(folder=folder, host=host, ports=_free_ports(2)))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


def _commands(folder: Path) -> list[list[str]]:
    files = {"socket": "sock", "key-file": "key", "log-file": "log", "seed-file": "seed"}
    munge = [f"--{option}={folder}/munge.{suffix}" for option, suffix in files.items()]
    return [["munged", "--force", *munge, f"--pid-file={folder}/munged.pid"], ["slurmctld"], ["slurmd"]]


def _wait_until_idle(found_by: dict[str, str]) -> None:
    until = time.monotonic() + PATIENCE
    ask = ["sinfo", "--noheader", "--format=%T"]
    while (
        said := subprocess.run(ask, check=False, capture_output=True, text=True, env=os.environ | found_by)
    ).stdout.strip() != "idle":
        if time.monotonic() > until:
            raise RuntimeError(f"no node after {PATIENCE:.0f} s: {said.stdout}{said.stderr}")
        time.sleep(0.2)


def _end(process: int) -> None:
    """End a daemon and wait until it is gone."""
    os.kill(process, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while Path("/proc", str(process)).exists() and time.monotonic() < until:
        time.sleep(0.1)


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    with cluster() as found_by:
        sys.exit(subprocess.run(sys.argv[1:], check=False, env=os.environ | found_by).returncode)
