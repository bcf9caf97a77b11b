"""Who may connect: the address that is listened on, the token, and what a browser's page gives away about itself."""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from demon_patch.errors import DemonError

ENVIRONMENT = "DEMON_PATCH_TOKEN"
"""The environment variable that holds the token, of host and client."""
SHORTEST = 16  # characters of a token
LONGEST = 4096
PORT = 8765
LOOPBACK = f"127.0.0.1:{PORT}"


@dataclass(frozen=True, slots=True)
class Address:
    """An address to listen on. host: an IP address or a name. port: 0 for any that is free."""

    host: str
    port: int

    @classmethod
    def parsed(cls, text: str) -> Address:
        """Reads HOST:PORT, [IPV6]:PORT, or HOST alone; raises DemonError for anything else."""
        wrong = DemonError(f"{text!r} is no address to listen on", mend="write HOST:PORT, such as 127.0.0.1:8765")
        try:
            parts = urlsplit(f"//{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            raise wrong from None
        if not host or parts.path or parts.query or parts.username is not None:
            raise wrong
        return cls(host, PORT if port is None else port)

    @property
    def loopback(self) -> bool:
        """Returns whether only programs of this machine reach it."""
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """The address as a client names it."""
        return f"ws://[{self.host}]:{self.port}" if ":" in self.host else f"ws://{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Returns whether a name or IP address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def token_from(file: Path | None) -> str | None:
    """Returns the token: of a file, else of the environment, else None. Raises DemonError for a file that others can
    read, and for a token that is too short."""
    if file is None:
        token = os.environ.get(ENVIRONMENT)
        return None if token is None else _checked(token.strip(), f"the token in {ENVIRONMENT}")
    try:
        with file.open("rb") as stream:
            about = os.fstat(stream.fileno())
            text = stream.read(LONGEST + 1)
    except OSError as error:
        raise DemonError(f"the token cannot be read: {error.strerror}", file=file, mend="check the path") from None
    if os.name == "posix" and stat.S_IMODE(about.st_mode) & 0o077:
        raise DemonError("other users can read this token", file=file, mend=f"chmod 600 {file}")
    try:
        return _checked(text.decode("ascii").strip(), f"the token in {file}")
    except UnicodeDecodeError:
        raise DemonError("the token is not ASCII", file=file, mend="use letters, digits, - and _") from None


def _checked(token: str, what: str) -> str:
    if not SHORTEST <= len(token) <= LONGEST or not token.isascii() or not token.isprintable() or " " in token:
        made = secrets.token_urlsafe(24)
        raise DemonError(f"{what} is no token of {SHORTEST} or more letters and digits", mend=f"such as {made}")
    return token


def check_listen(address: Address, token: str | None) -> None:
    """Raises DemonError for an address that other machines reach, without a token."""
    if not address.loopback and token is None:
        raise DemonError(
            f"other machines reach {address.host}, and there is no token",
            mend=f"give one with --token-file or {ENVIRONMENT}, or listen on {LOOPBACK}",
        )


def taken(address: Address, reason: str) -> DemonError:
    """Returns the error for an address that cannot be listened on."""
    mend = "another program has this port: end it, or listen on another with --listen HOST:PORT"
    return DemonError(f"cannot listen on {address.host}:{address.port}: {reason}", mend=mend)


def check_free(address: Address) -> None:
    """Raises DemonError for an address that cannot be listened on now; before a model is loaded, not after."""
    try:
        (family, kind, protocol, _, where), *_ = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        with socket.socket(family, kind, protocol) as tried:
            if os.name == "posix":
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(where)
    except OSError as error:
        raise taken(address, error.strerror or str(error)) from None


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a connection is refused. status: of HTTP. text: one sentence."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one host.

    address: that it listens on. token: that clients must have; None for none.
    """

    address: Address
    token: str | None = field(default=None, repr=False)

    def denies(self, hosts: Iterable[str], origins: Iterable[str], authorizations: Iterable[str]) -> Denied | None:
        """Returns why a connection with these headers is refused; None where it may come in. Each is all values of one
        header: Host, Origin, Authorization."""
        if any(True for _ in origins):
            return Denied(403, "A page in a browser cannot use this host: a request with an Origin is refused.")
        named = list(hosts)
        if len(named) != 1 or not self._is_ours(named[0]):
            return Denied(403, "This host is not called so: name it by its IP address or as localhost.")
        if self.token is None:
            return None
        given = list(authorizations)
        sent = given[0].removeprefix("Bearer ") if len(given) == 1 and given[0].startswith("Bearer ") else ""
        if not hmac.compare_digest(sent.encode("utf-8", "replace"), self.token.encode()):
            return Denied(401, f"The token is wrong or missing: set {ENVIRONMENT}, or name its file with --token-file.")
        return None

    def _is_ours(self, given: str) -> bool:
        """Returns whether a Host header names this host. A name of the domain name system is not believed, unless it is
        the one listened on: a page of a browser can have any such name lead here."""
        try:
            host = urlsplit(f"//{given}").hostname or ""
        except ValueError:
            return False
        if is_loopback(host) or host.lower() == self.address.host.lower():
            return True
        if self.address.loopback:
            return False
        try:
            ip_address(host)
        except ValueError:
            return False
        return True
