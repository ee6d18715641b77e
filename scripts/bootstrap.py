"""`python3 scripts/bootstrap.py demo|test`: make .venv, install what is needed, say in a sentence what is missing.

Standard library only, and readable by any Python 3, so that an old Python gets a sentence and not a syntax error.
Exit code 0: ready; 2: the surroundings do not work, with what to do about it. Never a question.
"""

import argparse
import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
EXTRAS = {
    "demo": ["documents", "demo"],
    "test": ["documents", "demo", "postgres", "token", "test"],
    "bench": ["documents", "demo", "postgres", "token", "test", "bench"],
}
LOG = "install.log"


class Missing(Exception):
    """The surroundings do not work; the text says what to do."""


def say(text):
    """One line for people."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# ---------------------------------------------------------------- system packages


def has_program(*names):
    """True if every program is on the path; the system's own folders count for an ordinary user too."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
    return all(shutil.which(name, path=path) for name in names)


def has_library(*names):
    """True if the loader finds every shared library."""
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
    return True


def has_pango():
    """True if WeasyPrint will find Pango, under the names it tries on Linux and macOS."""
    if has_library("libpango-1.0.so.0", "libpangoft2-1.0.so.0"):
        return True
    return any(Path(p, "libpango-1.0.0.dylib").exists() for p in ("/opt/homebrew/lib", "/usr/local/lib"))


def has_postgresql():
    """True if a PostgreSQL server can be started from here (Debian keeps its programs off the path)."""
    return has_program("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


# What is needed, for which command, how it is seen, Debian packages, what is lost without it
SYSTEM = [
    ("demo", "Pango", has_pango, ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"],
     "tests marked documents"),
    ("test", "Postfix", lambda: has_program("postconf"), ["postfix"], "tests marked real_mail"),
    ("test", "Dovecot", lambda: has_program("dovecot") and Path("/usr/lib/dovecot/pop3").exists(),
     ["dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd"], "tests marked real_mail"),
    ("test", "PostgreSQL", has_postgresql, ["postgresql"], "tests marked postgres"),
    ("test", "OpenSSL", lambda: has_program("openssl"), ["openssl"], "tests that read sealed mail with OpenSSL"),
    ("test", "gpgsm", lambda: has_program("gpgsm"), ["gnupg", "gpgsm"], "tests that read sealed mail with GnuPG"),
    ("test", "NSS tools", lambda: has_program("cmsutil", "certutil"), ["libnss3-tools"],
     "tests that read sealed mail with NSS"),
    ("test", "xmllint", lambda: has_program("xmllint"), ["libxml2-utils"], "tests that check messages with xmllint"),
    ("test", "poppler", lambda: has_program("pdftotext"), ["poppler-utils"], "tests that read PDF with poppler"),
    ("test", "qpdf", lambda: has_program("qpdf"), ["qpdf"], "tests that check PDF with qpdf"),
    ("test", "SoftHSM", lambda: has_program("softhsm2-util"), ["softhsm2"], "tests of keys on a token"),
    ("test", "unbound", lambda: has_program("unbound"), ["unbound"], "tests of DNSSEC answers"),
]  # fmt: skip
DEMO_LOSES = "the demo's support plans travel as data, without a PDF form"

POLICY = Path("/usr/sbin/policy-rc.d")  # Debian asks it whether a freshly installed service may start


def apt(packages):
    """Install Debian packages without questions and without starting services. True if it worked."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (prefix and not quiet([*prefix, "true"])):
        return False
    say("Installing system packages: " + " ".join(packages))
    environment = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    env = [f"{key}={value}" for key, value in environment.items()]
    ours = not prefix and not POLICY.exists()
    try:
        if ours:
            POLICY.write_text("#!/bin/sh\nexit 101\n")
            POLICY.chmod(0o755)
        quiet([*prefix, "env", *env, "apt-get", "-q", "update"])
        return quiet([*prefix, "env", *env, "apt-get", "-q", "-y", "--no-install-recommends", "install", *packages])
    finally:
        if ours:
            POLICY.unlink()


def keep_stopped(packages):
    """On a machine with systemd: what was installed for the tests must not start at the next boot either."""
    if Path("/run/systemd/system").is_dir() and os.geteuid() == 0:
        for service in ("postfix", "dovecot", "postgresql", "unbound"):
            if any(package.startswith(service) for package in packages):
                quiet(["systemctl", "disable", "--now", service])


def system_packages(command, install):
    """Look for what Python packages cannot bring; install it where that is allowed; name what stays missing."""
    needed = [row for row in SYSTEM if command == "test" or row[0] == command]
    absent = [row for row in needed if not row[2]()]
    if absent and install:
        packages = [package for row in absent for package in row[3]]
        if apt(packages):
            keep_stopped(packages)
        absent = [row for row in absent if not row[2]()]
    for _, name, _, packages, tests in absent:
        loses = DEMO_LOSES if command == "demo" else "left out: " + tests
        say(f"{name} is missing ({loses}). To have it: {how_to_install(packages)}")


def how_to_install(packages):
    """The sentence with which a person gets the packages."""
    if sys.platform == "darwin":
        return "install it with your package manager (Homebrew: brew install pango, for instance)"
    return "as root: apt-get install " + " ".join(packages) + " (Debian, Ubuntu; elsewhere packages of like names)"


# ---------------------------------------------------------------- Python


def quiet(command, log=None):
    """Run a command without showing its output (kept in `log`); True if it is there and succeeded."""
    with open(log or os.devnull, "ab") as out:
        try:
            return subprocess.call(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT) == 0
        except OSError:
            return False


def new_enough_python(version, which=shutil.which):
    """None if `version` will do, else the path of a newer Python found beside it; `Missing` if there is none."""
    if version >= OLDEST:
        return None
    for minor in range(15, OLDEST[1] - 1, -1):
        found = which(f"python3.{minor}")
        if found and quiet([found, "-c", "pass"]):
            return found
    raise Missing(
        "Python {}.{} is too old: 3.11 or newer is needed. Install one (Debian 12: apt-get install python3 "
        "python3-venv) or name one you have: make PYTHON=/path/to/python3.12".format(*version)
    )


def check_writable(folder):
    """`Missing` if no file can be made in `folder`."""
    probe = Path(folder, f".probe-{os.getpid()}")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Missing(
            f"The folder {folder} is not writable ({error.strerror}). Clone the project into a folder of your own."
        ) from None


def make_venv(venv, install_system):
    """A virtual environment with pip in `venv`; an existing one that runs is kept."""
    python = venv / "bin" / "python"
    if python.exists() and quiet([str(python), "-m", "pip", "--version"]):
        return python
    if venv.exists():
        shutil.rmtree(venv)  # moved, half made, or of a Python that is gone
    version = "{}.{}".format(*sys.version_info[:2])
    attempts = [
        lambda: quiet([sys.executable, "-m", "venv", str(venv)]),
        lambda: quiet([sys.executable, "-m", "virtualenv", str(venv)]),
        lambda: quiet(["virtualenv", "-p", sys.executable, str(venv)]) if shutil.which("virtualenv") else False,
        lambda: (
            install_system
            and apt(["python3-venv", f"python{version}-venv"])
            and quiet([sys.executable, "-m", "venv", str(venv)])
        ),
        lambda: install_system and apt(["python3-venv"]) and quiet([sys.executable, "-m", "venv", str(venv)]),
    ]
    for attempt in attempts:
        if attempt() and quiet([str(python), "-m", "pip", "--version"]):
            return python
        shutil.rmtree(venv, ignore_errors=True)
    raise Missing(
        f"Python {version} here has no working venv module, so no environment can be made. "
        f"As root: apt-get install python3-venv (or python{version}-venv), then start again."
    )


def wanted_stamp(extras):
    """What an up-to-date environment was made from, as a short text."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    digest = hashlib.sha256(b"\0".join([*parts, str(ROOT).encode(), sys.version.encode()])).hexdigest()
    return f"{digest} {','.join(sorted(extras))}"


def up_to_date(stamp, extras):
    """True if the environment was made from the same files with at least these extras."""
    if not stamp.exists():
        return False
    digest, _, had = stamp.read_text().partition(" ")
    return digest == wanted_stamp(extras).partition(" ")[0] and set(extras) <= set(had.split(","))


def install(venv, extras, install_system):
    """Bring `venv` up to date; the second time this is a look at one file."""
    stamp = venv / "installed"
    if up_to_date(stamp, extras) and (venv / "bin" / "python").exists():
        return
    python = make_venv(venv, install_system)
    log = venv / LOG
    say("Installing the Python packages into .venv (once; a minute or so)")
    target = "{}[{}]".format(ROOT, ",".join(extras))
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    if not quiet([*command, "-c", str(ROOT / "constraints.txt"), "-e", target], log):
        raise Missing(why_not(log.read_text(errors="replace")))
    stamp.write_text(wanted_stamp(extras))


def why_not(output):
    """What pip's output means for a person: its last lines, and what to do."""
    tail = "\n".join("  " + line for line in output.strip().splitlines()[-8:])
    if "ResolutionImpossible" in output:
        advice = (
            "The versions of constraints.txt do not go together on Python {}.{}.{}: please report this with the file "
            ".venv/install.log. A newer Python may do: make PYTHON=/path/to/python3.12".format(*sys.version_info[:3])
        )
    else:
        advice = (
            "No network, or a proxy in between? Set HTTPS_PROXY, or tell pip where your own package index is "
            "(pip config set global.index-url ADDRESS), then start again."
        )
    return tail + "\nThe Python packages could not be installed (last lines above, all in .venv/install.log). " + advice


def main(arguments):
    """Make the environment for one make command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=sorted(EXTRAS))
    parser.add_argument("--no-system", action="store_true", help="do not look for or install system packages")
    options = parser.parse_args(arguments)
    try:
        newer = new_enough_python(sys.version_info[:2])
        if newer:
            return subprocess.call([newer, __file__, *arguments])
        check_writable(ROOT)
        may_install = not options.no_system and os.environ.get("SYSTEM_PACKAGES", "yes") != "no"
        install(ROOT / ".venv", EXTRAS[options.command], may_install)
        if not options.no_system:
            system_packages(options.command, may_install)
    except Missing as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("Stopped; start again when you like.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
