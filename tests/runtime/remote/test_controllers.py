"""Clients learn controllers and run ramps over the wire."""

from __future__ import annotations

import pytest

from demon_patch.errors import DemonError
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.controllers import ControllerEvent, Controllers, Learn
from demon_patch.runtime.remote.messages.live import CancelRamp, Ramp, Store
from tests.support.devices import Cables
from tests.support.edited_performance import strength
from tests.support.wired_host import WiredHost, until


def test_a_controller_is_learned_and_then_turns_its_knob(wired: WiredHost) -> None:
    cables = Cables("Keys")
    hub = wired.host.devices_hub
    hub._make_system = lambda: cables
    heard: list[Event] = []
    with wired.client("ann", hear=heard.append) as ann, wired.client("bob") as bob:

        def kinds() -> list[str]:
            return [event.kind for event in heard if isinstance(event, ControllerEvent)]

        hub.start()  # a client hears only what happens while it is there
        assert until(lambda: "connected" in kinds())
        ann.ask(Learn(node="scheduler", port="strength"))
        assert until(lambda: "armed" in kinds())
        cables.send("Keys", (0xB0, 20, 10), (0xB0, 20, 30))
        assert until(lambda: "learned" in kinds())
        assert bob.wait(lambda: len(bob.patch.mappings) == 1)
        (id,) = bob.patch.mappings
        cables.send("Keys", (0xB0, 20, 0))
        assert until(lambda: "waiting" in kinds())
        cables.send("Keys", (0xB0, 20, 127))
        assert until(lambda: wired.host.live_values.get(("scheduler", "strength")) == 1.0)
        assert "caught" in [event.kind for event in hub.events_since(0)]
        found = bob.ask(Controllers())
        assert [each.name for each in found.inputs] == ["Keys"]
        assert found.mappings[id].caught
        assert ann.undo() is not None
        assert bob.wait(lambda: not bob.patch.mappings)
        with pytest.raises(DemonError, match="nobody"):
            ann.ask(Learn(node="nobody", port="strength"))


def test_a_ramp_moves_from_one_snapshot_to_another(wired: WiredHost) -> None:
    with wired.client("ann") as ann:
        ann.do(strength(0.2))
        low = ann.ask(Store(title="low", scope=("scheduler",))).created
        ann.do(strength(0.8))
        high = ann.ask(Store(title="high", scope=("scheduler",))).created
        ann.do(strength(0.5))
        ann.ask(Ramp(one=low, other=high, seconds=2.0))
        seen: set[float] = set()

        def ended() -> bool:
            value = wired.host.live_values.get(("scheduler", "strength"))
            if isinstance(value, float):
                seen.add(value)
            return value == 0.8

        assert until(ended)
        assert any(0.25 < value < 0.75 for value in seen)
        ann.ask(CancelRamp())
        with pytest.raises(DemonError, match="no snapshot"):
            ann.ask(Ramp(one="nowhere", other=high, seconds=1.0))
