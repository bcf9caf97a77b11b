"""The socket of a client: whole messages, answers to pings, goodbyes, a host that falls silent, and what is no host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from demon_patch.errors import DemonError
from demon_patch.runtime.remote import client_socket
from demon_patch.runtime.remote.client_socket import ClientSocket, closed_error


@contextmanager
def host(handle: Callable[[ServerConnection], None]) -> Iterator[str]:
    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join(10)


def echo(connection: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        for message in connection:
            connection.send(message)


def test_messages_of_all_sizes_come_back_whole_and_in_order() -> None:
    sent = [bytes([n % 256]) * size for n, size in enumerate((0, 1, 125, 126, 65_535, 65_536, 1_000_000))]
    with host(echo) as url, ClientSocket(url, None) as client:
        for message in sent:
            client.send(message)
        assert [client.recv() for _ in sent] == sent


def test_the_parts_of_a_message_are_put_together() -> None:
    def parts(connection: ServerConnection) -> None:
        connection.send(iter([b"one ", b"two ", b"three"]))
        connection.send(iter(["vi", "er"]))

    with host(parts) as url, ClientSocket(url, None) as client:
        assert client.recv() == b"one two three"
        assert client.recv() == b"vier"
        with pytest.raises(ConnectionClosed):
            client.recv()


def test_a_ping_is_answered_while_a_message_is_waited_for() -> None:
    def ask(connection: ServerConnection) -> None:
        connection.send(b"alive" if connection.ping().wait(10) else b"silent")

    with host(ask) as url, ClientSocket(url, None) as client:
        assert client.recv() == b"alive"


def test_the_hosts_goodbye_and_our_own_say_why() -> None:
    def leave(connection: ServerConnection) -> None:
        connection.recv()
        connection.close(1008, "no room")

    with host(leave) as url, ClientSocket(url, None) as client:
        client.send(b"hello")
        with pytest.raises(ConnectionClosed) as closed:
            client.recv()
        assert "is closed: no room" in str(closed_error(closed.value, url))
        with pytest.raises(ConnectionClosed):
            client.send(b"more")
        client.close()
        client.close()


def test_closing_wakes_the_thread_that_waits() -> None:
    found: list[BaseException] = []

    def wait(client: ClientSocket) -> None:
        try:
            client.recv()
        except ConnectionClosed as closed:
            found.append(closed)

    with host(echo) as url:
        client = ClientSocket(url, None)
        thread = threading.Thread(target=wait, args=(client,))
        thread.start()
        client.close()
        thread.join(10)
        assert not thread.is_alive()
    assert len(found) == 1


def test_a_host_that_falls_silent_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_socket, "SILENT_SECONDS", 0.2)
    over = threading.Event()
    with host(lambda connection: over.wait(30) and None) as url:
        client = ClientSocket(url, None)
        with pytest.raises(ConnectionClosed):
            client.recv()
        over.set()


def test_a_token_goes_along_in_a_header() -> None:
    seen: list[str | None] = []

    def note(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers.get("Authorization"))
        connection.send(b"")

    with host(note) as url:
        for token in ("secret", None):
            with ClientSocket(url, token) as client:
                client.recv()
    assert seen == ["Bearer secret", None]


def test_what_is_no_host_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_socket, "OPEN_SECONDS", 0.3)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        nobody = f"ws://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(DemonError, match=r"there is no host at 127\.0\.0\.1:[0-9]+: Connection refused"):
            ClientSocket(nobody, None)
        mute.listen()
        with pytest.raises(DemonError, match="there is no host at"):
            ClientSocket(nobody, None)
    with pytest.raises(DemonError, match="is no address of a host"):
        ClientSocket("http://127.0.0.1:1", None)
    with pytest.raises(DemonError, match="is no address of a host"):
        ClientSocket("ws://127.0.0.1:99999999", None)
