"""Postfix and Dovecot of the tests' own (secure-mail 16): loopback, free ports, one directory, gone afterwards."""

import base64
import hmac
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import ports, short

MASTER = Path("/usr/lib/postfix/sbin/master")
DOVECOT = Path("/usr/sbin/dovecot")
SECRET = "secret"
USERS = ("plan@zorg.example", "wmo@gemeente.example")
DEAD = "dood@zorg.example"  # mail to it is delayed and then bounced, within seconds

TOKEN_KEY = b"the key that tokens of these tests are signed with"
QUEUES = "active bounce corrupt defer deferred flush hold incoming private saved trace"


@dataclass(frozen=True)
class Mail:
    """A running mail system."""

    folder: Path
    smtp: int
    submission: int
    submissions: int
    imaps: int
    pops: int

    def maildir(self, user: str) -> Path:
        """Where Dovecot keeps a user's mail."""
        return self.folder / "mail" / user.partition("@")[0]

    def log(self) -> str:
        """What Postfix said."""
        return (self.folder / "postfix.log").read_text()


def token(user: str, key: bytes = TOKEN_KEY) -> str:
    """An access token (JWT) for this user, as an identity provider would give it."""
    now = int(time.time())
    claims = {"sub": user, "azp": "wmo", "iat": now, "exp": now + 600}
    parts = [json.dumps(each).encode() for each in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = base64.urlsafe_b64encode(hmac.digest(key, signed, "sha256")).rstrip(b"=")
    return (signed + b"." + mac).decode()


def missing() -> str | None:
    """Why the real mail system cannot be started here; None if it can."""
    if not MASTER.exists() or not DOVECOT.exists():
        return "no Postfix and Dovecot (apt-get install postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd)"
    if os.geteuid() != 0:
        return "Postfix's master needs root"
    return None


@contextmanager
def system(certificate: Path, key: Path, clients: str = "") -> Iterator[Mail]:
    """A mail system with this TLS certificate for 127.0.0.1; `clients`: who may vouch for those who connect (PEM)."""
    folder = short.folder("wmo-mail-")
    folder.chmod(0o755)
    with ports.reserved(9) as free:
        yield from _running(folder, certificate, key, clients, *free)


def _running(folder: Path, certificate: Path, key: Path, clients: str, *free: int) -> Iterator[Mail]:
    smtp, submission, submissions, lmtp, auth, imap, imaps, pop, pops = free
    before = os.umask(0o022)  # their processes run as users of their own and read what is written here
    shutil.copy(certificate, folder / "tls.crt")
    shutil.copy(key, folder / "tls.key")
    (folder / "ca.crt").write_text(clients or certificate.read_text())
    _postfix(folder, smtp, submission, submissions, lmtp, auth)
    _dovecot(folder, lmtp, auth, imap, imaps, pop, pops)
    os.umask(before)
    started = [
        start(str(DOVECOT), "-F", "-c", str(folder / "dovecot.conf")),
        start(str(MASTER), "-c", str(folder / "postfix"), "-d"),
    ]
    try:
        wait(folder, imaps, lmtp, smtp, submission, submissions, pops)
        yield Mail(folder, smtp, submission, submissions, imaps, pops)
    finally:
        os.killpg(started[0].pid, signal.SIGKILL)
        started[1].terminate()
        for process in started:
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def start(*command: str) -> "subprocess.Popen[bytes]":
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, start_new_session=True, stdin=quiet, stdout=quiet, stderr=quiet)


def wait(folder: Path, *ports: int) -> None:
    deadline = time.monotonic() + 60
    for port in ports:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    break
            except OSError:
                if time.monotonic() > deadline:
                    logs = "\n".join(f.read_text()[-2000:] for f in folder.glob("*.log"))
                    raise RuntimeError(f"the mail system does not answer on port {port}\n{logs}") from None
                time.sleep(0.005)


def make_queue(folder: Path) -> None:
    """The folders `queue` and `data` of a Postfix, with the owners that it wants."""
    postfix = pwd.getpwnam("postfix")
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    queue = folder / "queue"
    queue.mkdir()
    for name in QUEUES.split():
        (queue / name).mkdir(mode=0o700)
        os.chown(queue / name, postfix.pw_uid, -1)
    (queue / "pid").mkdir(mode=0o755)
    for name, mode in (("public", 0o2710), ("maildrop", 0o1730)):
        (queue / name).mkdir()
        shutil.chown(queue / name, "postfix", "postdrop")
        (queue / name).chmod(mode)


def _postfix(folder: Path, smtp: int, submission: int, submissions: int, lmtp: int, auth: int) -> None:
    make_queue(folder)
    queue = folder / "queue"
    conf = folder / "postfix"
    conf.mkdir()
    boxes = " ".join(f"{{ {user} = x }}" for user in (*USERS, DEAD))
    logins = " ".join(f"{{ {user} = {user} }}" for user in USERS)
    (conf / "main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mail.zorg.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
virtual_mailbox_domains = zorg.example, gemeente.example
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.7.1 outside mail is off
transport_maps = inline:{{ {{ {DEAD} = smtp:[127.0.0.1]:1 }} }}
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
delay_warning_time = 1s
maximal_queue_lifetime = 4s
bounce_queue_lifetime = 4s
message_size_limit = 36700160
smtpd_tls_cert_file = {folder}/tls.crt
smtpd_tls_key_file = {folder}/tls.key
smtpd_tls_security_level = may
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_sender_login_maps = inline:{{ {logins} }}
smtpd_forbid_bare_newline = yes
notify_classes =
""")
    strict = (
        "-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject"
        " -o smtpd_sender_restrictions=reject_sender_login_mismatch"
    )
    (conf / "master.cf").write_text(f"""\
postlog   unix-dgram n - n - 1 postlogd
127.0.0.1:{smtp}  inet n - n - - smtpd
127.0.0.1:{submission}   inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt {strict}
127.0.0.1:{submissions}  inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes {strict}
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
verify    unix - - n -     1 verify
proxymap  unix - - n -     - proxymap
smtp      unix - - n -     - smtp
lmtp      unix - - n -     - lmtp
error     unix - - n -     - error
retry     unix - - n -     - error
discard   unix - - n -     - discard
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
showq     unix n - n -     - showq
""")
    minute_ago = time.time() - 60  # Postfix reads a file of the last second again, 0.3 s at a time
    for name in ("main.cf", "master.cf"):
        os.utime(conf / name, (minute_ago, minute_ago))


def _dovecot(folder: Path, lmtp: int, auth: int, imap: int, imaps: int, pop: int, pops: int) -> None:
    nobody = pwd.getpwnam("nobody")
    (folder / "mail").mkdir()
    os.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
    (folder / "tokens" / "wmo" / "HS256").mkdir(parents=True)
    (folder / "tokens" / "wmo" / "HS256" / "default").write_text(base64.b64encode(TOKEN_KEY).decode())
    (folder / "oauth2.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={folder}/tokens/\n"
        "username_attribute = sub\n"
    )
    (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{SECRET}::::::\n" for user in USERS))
    (folder / "dovecot.conf").write_text(f"""\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/tls.crt
ssl_key = <{folder}/tls.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_failure_delay = 0
auth_mechanisms = plain login scram-sha-256 xoauth2 external
auth_ssl_username_from_cert = yes
ssl_verify_client_cert = yes
ssl_ca = <{folder}/ca.crt
ssl_require_crl = no
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=y
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
mail_location = maildir:{folder}/mail/%n
mail_uid = {nobody.pw_uid}
mail_gid = {nobody.pw_gid}
first_valid_uid = {nobody.pw_uid}
passdb {{
  driver = passwd-file
  mechanisms = plain login scram-sha-256
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = allow_all_users=yes uid={nobody.pw_uid} gid={nobody.pw_gid} home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop}
  }}
  inet_listener pop3s {{
    port = {pops}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    port = {auth}
  }}
}}
""")
