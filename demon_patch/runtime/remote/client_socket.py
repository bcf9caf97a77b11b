"""Opens the socket of a client, and says in words why it could not, or why it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from demon_patch.errors import DemonError
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.access import LOOPBACK


@contextmanager
def opened_socket(url: str, token: str | None) -> Iterator[ClientConnection]:
    """Gives a connection. Raises DemonError that says why there is none."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    made = ExitStack()
    try:
        socket = made.enter_context(
            connect(
                url,
                additional_headers=headers,
                compression=None,
                max_size=4 * limits.MESSAGE,
                open_timeout=10.0,
                proxy=None,
                user_agent_header=None,
            )
        )
    except InvalidStatus as refused:
        body = refused.response.body or b""
        text = body.decode("utf-8", "replace").strip()[:300] or f"it answers {refused.response.status_code}"
        raise DemonError(f"{url} refuses the connection: {text}") from None
    except (InvalidURI, ValueError):
        raise DemonError(f"{url!r} is no address of a host", mend=f"write ws://HOST:PORT, as ws://{LOOPBACK}") from None
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
        where = urlsplit(url).netloc
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DemonError(f"there is no host at {where}: {reason}", mend="start one: demon-patch host PATCH") from None
    with made:
        yield socket


def closed_error(closed: ConnectionClosed, url: str) -> DemonError:
    """Returns the error that says that, and why, a connection is closed."""
    frame = closed.rcvd
    reason = f": {frame.reason}" if frame is not None and frame.reason else ""
    return DemonError(f"the connection to {url} is closed{reason}", mend="connect again")
