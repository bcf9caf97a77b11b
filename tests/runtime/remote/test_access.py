"""Who may connect, and what a client may send: every rule has its sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from demon_patch.errors import DemonError
from demon_patch.runtime.remote import connection, limits, server
from demon_patch.runtime.remote.access import ENVIRONMENT, Access, Address, check_free, check_listen, token_from
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages import VERSION
from demon_patch.runtime.remote.server import Server
from tests.support.edited_performance import strength
from tests.support.wired_host import HERE, RawClient, WiredHost, until, wired_host

TOKEN = "a-token-of-many-letters-1234"


def refused(url: str, **headers: str) -> tuple[int, str]:
    """Status and sentence with which a handshake is refused."""
    given = {name.capitalize(): value for name, value in headers.items()}
    with pytest.raises(InvalidStatus) as caught, connect(url, additional_headers=given, proxy=None):
        pass
    response = caught.value.response
    return response.status_code, (response.body or b"").decode().strip()


def test_a_page_of_a_browser_cannot_connect(wired: WiredHost) -> None:
    for origin in ("http://localhost", "null", "https://evil.example", wired.url.replace("ws", "http")):
        status, text = refused(wired.url, origin=origin)
        assert status == 403
        assert text == "A page in a browser cannot use this host: a request with an Origin is refused."


@pytest.mark.parametrize(
    "named", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "10.0.0.1", "a@b", ""]
)
def test_a_name_that_leads_here_is_not_believed(wired: WiredHost, named: str) -> None:
    access = Access(wired.server.address)
    denied = access.denies([named], [], [])
    assert denied is not None
    assert denied.status == 403
    port = wired.server.address.port
    with socket.create_connection(("127.0.0.1", port)) as raw:
        lines = [
            "GET / HTTP/1.1", f"Host: {named}", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
        ]  # fmt: skip
        raw.sendall("\r\n".join(lines).encode())
        assert b" 101 " not in raw.recv(4096)


def test_names_of_this_machine_are_believed() -> None:
    access = Access(Address("127.0.0.1", 8765))
    for named in ("127.0.0.1:8765", "localhost", "LOCALHOST:9000", "[::1]:1", "127.0.0.2"):
        assert access.denies([named], [], []) is None
    assert access.denies(["localhost", "evil.example"], [], []) is not None
    assert access.denies([], [], []) is not None
    wide = Access(Address("0.0.0.0", 8765), TOKEN)
    assert wide.denies(["192.168.1.7:8765"], [], [f"Bearer {TOKEN}"]) is None
    assert wide.denies(["studio.example"], [], [f"Bearer {TOKEN}"]) is not None
    named = Access(Address("studio.example", 8765), TOKEN)
    assert named.denies(["studio.example:8765"], [], [f"Bearer {TOKEN}"]) is None


def test_the_token_is_asked_for_and_is_not_shown(file: Path) -> None:
    with wired_host(file=file, token=TOKEN) as wired:
        for sent in ({}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}, {"authorization": "Bearer "}):
            status, text = refused(wired.url, **sent)
            assert status == 401
            assert text.startswith("The token is wrong or missing")
            assert TOKEN not in text
        with pytest.raises(DemonError, match="The token is wrong or missing"):
            Client(wired.url, token="another-token-of-letters")
        with wired.client(token=TOKEN) as ann:
            ann.do(strength(0.3))
        assert TOKEN not in repr(wired.server._access)
        assert TOKEN not in " ".join(wired.host.messages)


def test_a_token_comes_from_a_file_of_its_owner_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o644)
    with pytest.raises(DemonError, match="other users can read this token"):
        token_from(path)
    path.chmod(0o600)
    assert token_from(path) == TOKEN
    assert token_from(None) is None
    monkeypatch.setenv(ENVIRONMENT, TOKEN)
    assert token_from(None) == TOKEN
    for bad in ("short", "x" * 15, "with a space in it, and long", "ümlaut-ümlaut-ümlaut"):
        path.write_text(bad)
        with pytest.raises(DemonError) as wrong:
            token_from(path)
        assert bad not in str(wrong.value)
    with pytest.raises(DemonError, match="cannot be read"):
        token_from(tmp_path / "nothing")


def test_other_machines_need_a_token() -> None:
    for text in ("0.0.0.0:1", "192.168.1.7:8765", "[::]:1", "studio.example"):
        with pytest.raises(DemonError, match="and there is no token"):
            check_listen(Address.parsed(text), None)
        check_listen(Address.parsed(text), TOKEN)
    for text in ("127.0.0.1:1", "localhost", "[::1]:0"):
        check_listen(Address.parsed(text), None)
    for text in ("", ":8765", "a:b", "a:99999999", "http://x", "a/b", "user@host:1"):
        with pytest.raises(DemonError, match="is no address to listen on"):
            Address.parsed(text)


def test_a_port_that_is_taken_is_told(wired: WiredHost) -> None:
    other = Server(wired.host, wired.server.address)
    with pytest.raises(DemonError, match=r"cannot listen on .*another program has this port"):
        other.start()
    other.close()
    with pytest.raises(DemonError, match=r"cannot listen on .*another program has this port"):
        check_free(wired.server.address)
    check_free(HERE)


def test_a_client_of_another_version_is_told(wired: WiredHost) -> None:
    with RawClient(wired.url, hello=False) as raw:
        told = raw.ask({"verb": "hello", "id": 5, "version": VERSION + 1})
        assert (told["is"], told["kind"]) == ("refused", "version")
        assert f"version {VERSION} of the wire" in told["fault"]["text"]
        assert "use the same version of the program on both sides" in told["fault"]["mend"]


def test_the_first_message_is_a_hello(wired: WiredHost, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawClient(wired.url, hello=False) as raw:
        told = raw.ask({"verb": "mute", "id": 2, "on": True})
        assert (told["kind"], told["fault"]["what"]) == ("message", "the first message is no hello")
        with pytest.raises(ConnectionClosed):
            raw.receive()
    assert not wired.host._muted
    monkeypatch.setattr(limits, "HELLO_SECONDS", 0.1)
    with RawClient(wired.url, hello=False) as raw:
        assert raw.receive()["fault"]["what"] == "no hello came"


def test_more_clients_than_the_host_takes_are_refused(wired: WiredHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.limits, "CLIENTS", 2)
    with wired.client("ann"), wired.client("bob"):
        assert refused(wired.url) == (503, server.FULL.text)
    assert until(lambda: not wired.server._connections)
    wired.client("ann").close()


def sent_and_answered(raw: RawClient, data: bytes) -> None:
    raw.send(data)
    raw.reply(99)


def test_a_message_that_is_too_large_ends_its_connection_alone(wired: WiredHost) -> None:
    huge = b"\xc6" + (limits.MESSAGE + 10).to_bytes(4, "big") + bytes(limits.MESSAGE + 10)
    with RawClient(wired.url) as raw, wired.client() as ann:
        with pytest.raises(ConnectionClosed):  # with code 1009, where the client reads before it has sent it all
            sent_and_answered(raw, huge)
        assert ann.wait(lambda: ann.clients == ("ann",))
        ann.do(strength(0.3))


def test_a_client_that_sends_too_fast_is_told_and_nothing_is_lost(
    wired: WiredHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = limits.Bucket(0.0, 20)
    monkeypatch.setattr(connection.limits, "Bucket", lambda: slow)
    with RawClient(wired.url) as raw:
        for number in range(10, 40):
            raw.send({"verb": "ping", "id": number})
        kinds = [raw.reply(number)["is"] for number in range(10, 40)]
        assert kinds == ["done"] * 20 + ["refused"] * 10
        raw.send({"verb": "ping", "id": 99})
        told = raw.reply(99)
        assert told["kind"] == "limit"
        assert "messages a second" in told["fault"]["what"]


def test_text_is_refused(wired: WiredHost) -> None:
    with RawClient(wired.url) as raw:
        raw.socket.send('{"verb": "panic"}')
        told = raw.reply(0)
        assert told["fault"]["what"] == "the message is text"
        raw.send(msgspec.msgpack.encode({"verb": "ping", "id": 3}))
        assert raw.reply(3)["is"] == "done"


def test_client_and_messages_never_load_torch() -> None:
    for module in ("client", "messages.events", "verbs", "access"):
        code = f"import sys, demon_patch.runtime.remote.{module}; sys.exit('torch' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, module


def test_the_server_listens_on_the_loopback_interface_alone(wired: WiredHost) -> None:
    assert HERE.loopback
    assert wired.server.address.host == "127.0.0.1"
