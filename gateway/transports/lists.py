"""Fetch a list that a provider publishes: over verified TLS, bounded, without following it to another host (SM-112)."""

import ssl
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

TIMEOUT: Final = 60.0  # seconds


class ListDown(Exception):
    """The list cannot be had now; the last good one stays in force. The text says why."""


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Redirects within the host only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if (new.scheme, new.netloc) != (old.scheme, old.netloc):
            raise ListDown("it points to another host")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_list(source: str, folder: Path, context: Callable[[], ssl.SSLContext], limit: int) -> bytes:
    """The bytes of an https address, or of a file (relative to `folder`). ListDown if it cannot be had or is larger."""
    scheme = urlsplit(source).scheme
    if scheme not in ("", "https"):
        raise ListDown("only https addresses and files are read")
    try:
        if scheme == "":
            with (folder / source).open("rb") as file:
                data = file.read(limit + 1)
        else:
            handlers = (urllib.request.HTTPSHandler(context=context()), _SameHost())
            with urllib.request.build_opener(*handlers).open(source, timeout=TIMEOUT) as answer:
                data = answer.read(limit + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise ListDown(f"it cannot be read ({type(error).__name__})") from None
    if len(data) > limit:
        raise ListDown(f"it is larger than {limit} bytes")
    return data
