"""OSC: the addresses of a patch, what messages do, and the port on which they are heard."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from demon_patch.errors import DemonError, DeviceError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.devices.feeds import FedEvent, Feeds
from demon_patch.runtime.devices.options import clock_place, osc_place
from demon_patch.runtime.devices.osc.addresses import OscPort, addresses, expression, hit, taken, word
from demon_patch.runtime.devices.osc.hearing import HeardOsc, OscHearing
from demon_patch.runtime.devices.osc.server import OscServer
from demon_patch.runtime.graph.live_inputs import Listener
from tests.support import jack_server

PATCH = Patch(
    nodes={
        "a": Node("lfo", label="Slow wave ♪"),
        "b": Node("lfo", label="Slow_wave"),
        "c": Node("lfo"),
        "d": Node("midi_notes", label="c"),
        "s": Node("scheduler", label="Cover"),
        "w": Node("prompt"),
        "f": Node("audio_source"),
        "o": Node("osc_in", values={"address": "/phone/*"}),
    }
)


def test_a_label_becomes_a_word() -> None:
    assert [word(label) for label in ("Slow wave ♪", "Größe 2", "  ", "a/b", "__")] == [
        "Slow_wave",
        "Gro_e_2",
        "",
        "a_b",
        "",
    ]


def test_addresses_by_label_and_by_id() -> None:
    found = addresses(PATCH)
    assert found["/patch/Slow_wave/rate"][:2] == ("a", "rate")
    assert found["/patch/Slow_wave_2/rate"][:2] == ("b", "rate")
    assert found["/patch/c/rate"][:2] == ("c", "rate")
    assert found["/patch/c_2/glide"][:2] == ("d", "glide")  # an id is never another node's label
    for id in PATCH.nodes:
        assert any(address.startswith(f"/patch/{id}/") for address in found) or id == "f"
    assert "/patch/Cover/focus" in found
    assert "/patch/w/text" in found
    assert "/patch/f/file" not in found  # no message opens a file
    assert "/patch/c_2/note" in found  # a live input
    assert "/patch/c/rate" in addresses(PATCH, ids=False)
    assert "/patch/a/rate" not in addresses(PATCH, ids=False)


@pytest.mark.parametrize(
    ("pattern", "address", "fits"),
    [
        ("/patch/*/rate", "/patch/lfo/rate", True),
        ("/patch/*/rate", "/patch/a/b/rate", False),
        ("/patch/l?o/rate", "/patch/lfo/rate", True),
        ("/patch/{lfo,env}/rate", "/patch/env/rate", True),
        ("/p/[a-c]1", "/p/b1", True),
        ("/p/[!a-c]1", "/p/b1", False),
        ("/p/[!a-c]1", "/p/d1", True),
        ("/p/a.b", "/p/axb", False),
        ("/p/[", "/p/[", True),
        ("/p/{a", "/p/{a", True),
        ("/p/[z-a]", "/p/z", True),
    ],
)
def test_patterns(pattern: str, address: str, fits: bool) -> None:
    assert (expression(pattern).fullmatch(address) is not None) is fits


def test_a_pattern_hits_each_port_once_and_a_costly_one_none() -> None:
    known = addresses(PATCH)
    assert sorted(port.node for port in hit("/patch/{a,b,Slow_wave*}/rate", known)) == ["a", "b"]
    assert list(hit("/patch/" + "*a" * 20, known)) == []


def port(node: str, name: str) -> OscPort:
    return OscPort(node, name, CATALOGUE[PATCH.nodes[node].type].by_name[name])


def test_types_are_checked_and_numbers_limited() -> None:
    strength, steps, focus, text = port("s", "strength"), port("s", "steps"), port("s", "focus"), port("w", "text")
    assert [taken(strength, given) for given in ([0.25], [1], [True], [7.0], [-1])] == [0.25, 1.0, 1.0, 1.0, 0.0]
    assert [taken(steps, given) for given in ([3.4], [99])] == [3.0, steps.of.hi]
    assert [taken(focus, [given]) for given in (focus.of.choices[1], 0, 1.0)] == [
        focus.of.choices[1], focus.of.choices[0], focus.of.choices[1],
    ]  # fmt: skip
    assert taken(text, ["warm strings"]) == "warm strings"
    for refused, given in (
        (strength, ["a lot"]),
        (strength, []),
        (strength, [float("nan")]),
        (strength, [None]),
        (focus, ["nope"]),
        (focus, [99]),
        (focus, [0.5]),
        (text, [3]),
    ):
        with pytest.raises(PatchError, match="send") as error:
            taken(refused, given)
        assert error.value.port == refused.port


@pytest.fixture
def server() -> Iterator[OscServer]:
    found = OscServer(0)
    yield found
    found.close()


def sent(server: OscServer, count: int) -> list[tuple[str, tuple[object, ...]]]:
    """The next messages that come."""
    found: list[tuple[str, tuple[object, ...]]] = []
    assert jack_server.until(
        lambda: found.extend((m.address, m.arguments) for m in server.read()) or len(found) >= count
    )
    return found


def test_messages_and_bundles_are_heard(server: OscServer) -> None:
    client = SimpleUDPClient("127.0.0.1", server.port)
    client.send_message("/a", [1, 0.5, "x", True])
    bundle = OscBundleBuilder(IMMEDIATELY)
    for address in ("/b", "/c"):
        message = OscMessageBuilder(address)
        message.add_arg(2)
        bundle.add_content(message.build())
    client.send(bundle.build())  # type: ignore[arg-type]
    assert sent(server, 3) == [("/a", (1, 0.5, "x", True)), ("/b", (2,)), ("/c", (2,))]


def test_what_is_no_osc_is_counted_and_the_next_message_is_heard(server: OscServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        for datagram in (b"", b"GET / HTTP/1.1", b"#bundle\0" + b"\xff" * 40, b"/a\0\0,f\0\0", bytes(60_000)):
            plain.sendto(datagram, ("127.0.0.1", server.port))
    SimpleUDPClient("127.0.0.1", server.port).send_message("/after", 1)
    assert sent(server, 1)[-1] == ("/after", (1,))
    assert server.odd > 0


def test_only_this_machine_is_listened_to_unless_told(server: OscServer) -> None:
    assert server.host == "127.0.0.1"
    with pytest.raises(DeviceError, match=f"port {server.port}.*name another port"):
        OscServer(server.port)
    with pytest.raises(DeviceError, match="cannot be heard on"):
        OscServer(0, "no such host.invalid")


def test_options() -> None:
    assert osc_place("9000") == (9000, "127.0.0.1")
    assert osc_place("0.0.0.0:9000") == (9000, "0.0.0.0")
    assert osc_place("[::1]:9000") == (9000, "::1")
    for wrong in ("", "x", "70000", "9000:", "-1"):
        with pytest.raises(DemonError, match="no OSC port"):
            osc_place(wrong)
    assert [clock_place(text) for text in ("Drums", "Drums=-12.5", "A=B=3")] == [
        ("Drums", 0),
        ("Drums", -12.5),
        ("A=B", 3),
    ]
    for wrong in ("Drums=x", "Drums=nan", "Drums=2000"):
        with pytest.raises(DemonError, match="no offset"):
            clock_place(wrong)


def heard(*messages: tuple[str, object]) -> tuple[HeardOsc, list[FedEvent]]:
    """What messages do in a performance of the patch."""
    hearing, feeds, all = OscHearing(), Feeds(), HeardOsc()
    client = SimpleUDPClient("127.0.0.1", int(hearing.listen(0).rpartition(":")[2]))
    for address, value in messages:
        client.send_message(address, value)  # type: ignore[arg-type]
    listeners = {"o": Listener("osc_in", {"address": "/phone/*"}, ("number", "message"))}
    listeners["n"] = Listener("midi_notes", {}, ("note",))

    def done() -> bool:
        got = hearing.read(PATCH, listeners, 5, feeds)
        for name in ("turns", "places", "sources", "mistakes"):
            getattr(all, name).extend(getattr(got, name))
        return any(address == "/end" for address, _ in all.places)

    client.send_message("/end", 1)
    assert jack_server.until(done)
    hearing.close()
    assert hearing.name == ""
    return all, feeds.take()


def test_knobs_are_turned_once_and_live_inputs_fed() -> None:
    did, fed = heard(
        ("/patch/Cover/strength", 0.1), ("/patch/s/strength", 0.875), ("/patch/c_2/held", 1), ("/patch/c_2/note", 64)
    )
    assert did.turns == [("s", "strength", 0.875)]
    assert fed == [FedEvent("d", "held", (1.0, 1.0), 5), FedEvent("d", "note", 64.0, 5)]
    assert did.mistakes == []


def test_listening_nodes_hear_their_address_and_every_message_rises() -> None:
    did, fed = heard(("/phone/x", 0.25), ("/phone/y", 0.75), ("/phone/x/y", 1), ("/phone/z", "text"))
    assert fed == [FedEvent("o", "number", 0.75, 5), FedEvent("o", "message", (0.0, 3.0), 5)]
    assert [source.address for source in did.sources] == ["/phone/x/y", "/end"]


def test_mistakes_are_told() -> None:
    did, fed = heard(("/patch/Cover/strenght", 1), ("/patch/Cover/strength", "loud"), ("/elsewhere", 1))
    assert "no OSC address /patch/Cover/strenght" in did.mistakes[0]
    assert "port strength: an OSC message sends 'loud'" in did.mistakes[1]
    assert (len(did.mistakes), did.turns, fed) == (2, [], [])
    assert ("/elsewhere", 1.0) in did.places
