"""Postfix as a yardstick: a relay of the benchmark's own, whose next hop is the sink that our deliveries go to."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import ports, realmail
from tests.bench.sink import Count

SOURCE = "/usr/sbin/smtp-source"


class Postfix:
    """A running Postfix that hands everything to one sink."""

    def __init__(self, port: int, count: Count) -> None:
        self._port, self._count = port, count

    def rate(self, messages: int, sessions: int, size: int) -> float:
        """Messages a second, from the first that smtp-source offers to the last that the sink has."""
        before, start = self._count.value, time.perf_counter()
        command = [SOURCE, "-s", str(sessions), "-m", str(messages), "-l", str(size), "-d"]
        command += ["-f", "wmo@gemeente.example", "-t", "plan@zorg.example", f"inet:127.0.0.1:{self._port}"]
        subprocess.run(command, check=True, timeout=300)
        self._count.wait(before + messages)
        return messages / (time.perf_counter() - start)


def missing() -> str | None:
    """Why Postfix cannot be measured here; None if it can."""
    if not realmail.MASTER.exists() or not Path(SOURCE).exists():
        return "no Postfix (apt-get install postfix)"
    return None if os.geteuid() == 0 else "Postfix's master needs root"


@contextmanager
def running(folder: Path, sink: int, count: Count, *, reuse: bool) -> Iterator[Postfix]:
    """Postfix whose next hop is the sink on this port, under TLS; `reuse`: connections carry more than one message."""
    with ports.reserved(1) as (port,):
        folder.mkdir(mode=0o755)
        _configure(folder, port, sink, reuse)
        master = realmail.start(str(realmail.MASTER), "-c", str(folder / "conf"), "-d")
        try:
            realmail.wait(folder, port)
            yield Postfix(port, count)
        finally:
            master.terminate()
            master.wait(10)


def _configure(folder: Path, port: int, sink: int, reuse: bool) -> None:
    conf, queue = folder / "conf", folder / "queue"
    realmail.make_queue(folder)
    conf.mkdir()
    (conf / "main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder.parent}
multi_instance_enable = no
myhostname = relay.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
default_process_limit = 100
smtp_tls_security_level = encrypt
smtp_tls_wrappermode = yes
smtp_tls_connection_reuse = {"yes" if reuse else "no"}
smtp_tls_session_cache_database = btree:{folder}/data/sessions
notify_classes =
""")
    (conf / "master.cf").write_text(f"""\
postlog   unix-dgram n - n - 1 postlogd
127.0.0.1:{port}  inet n - n - - smtpd
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
tlsproxy  unix - - n -     0 tlsproxy
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
proxymap  unix - - n -     - proxymap
smtp      unix - - n -     - smtp
relay     unix - - n -     - smtp
error     unix - - n -     - error
retry     unix - - n -     - error
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
""")
    minute_ago = time.time() - 60  # Postfix reads a file of the last second again, 0.3 s at a time
    for name in ("main.cf", "master.cf"):
        os.utime(conf / name, (minute_ago, minute_ago))
