"""The devices of a performance: MIDI inputs, clocks, OSC, and the mappings of the patch, on one thread.

The thread looks at all devices every few milliseconds. What listening nodes get is stamped with the control frame in
which it came, and read by the next tick. Knobs are turned once a control frame. Notes are never dropped: a note that
begins and ends within a control frame is still a rise of its gate. Of a controller's values in a control frame the last
one counts.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from math import floor
from time import perf_counter
from typing import TypeVar

from demon_patch.errors import DemonError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshot_places import snapshot_at
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.patch.model.dashboard import ControlMapping
from demon_patch.runtime.devices.feeds import FedEvent, Feeds
from demon_patch.runtime.devices.mapping.learn import Learn, LearnTarget
from demon_patch.runtime.devices.mapping.mappings import Mappings
from demon_patch.runtime.devices.midi.clock_follower import ClockFollower
from demon_patch.runtime.devices.midi.clock_in import ClockEvents
from demon_patch.runtime.devices.midi.clock_sender import ClockSender
from demon_patch.runtime.devices.midi.decode import Batch
from demon_patch.runtime.devices.midi.inputs import MidiInputs, OpenInput, System
from demon_patch.runtime.devices.midi.listener import Listeners
from demon_patch.runtime.devices.midi.ports import MidiSystem, systems, what_is_missing
from demon_patch.runtime.devices.osc.hearing import OscHearing
from demon_patch.runtime.devices.osc.server import LOOPBACK
from demon_patch.runtime.devices.performance import Performance
from demon_patch.runtime.devices.reports import Reports
from demon_patch.runtime.devices.status import DeviceEvent, DevicesStatus

T = TypeVar("T")

LOOK_SECONDS = 0.004  # between looks at devices
IDLE_SECONDS = 0.1  # between looks while there is nothing to hear
SCAN_SECONDS = 1.0  # between looks for devices that come and go
PLAYER = "player"


class DevicesHub:
    """All devices of one performance. Its methods are called from any thread; the thread of the hub does the work.

    performance: what is played.
    rate: control frames a second.
    only: patterns of the MIDI devices that are heard; all by default.
    system: lists and opens MIDI ports; those of this machine by default.
    """

    def __init__(
        self,
        performance: Performance,
        rate: float,
        *,
        only: Sequence[str] = (),
        system: Callable[[], System] = MidiSystem,
    ) -> None:
        self._performance, self._rate, self._make_system, self._only = performance, rate, system, only
        self._inputs: MidiInputs | None = None
        self._listeners, self._mappings, self._learn = Listeners(), Mappings(performance.document), Learn()
        self._clock = ClockFollower()
        self._sender: ClockSender | None = None
        self._osc = OscHearing()
        self._reports = Reports(performance.add_message)
        self._requests: deque[Callable[[], None]] = deque()
        self._feeds, self._feeds_lock = Feeds(), threading.Lock()
        self._scan_due, self._turned = float("-inf"), -1
        self._missing: frozenset[str] = frozenset()
        self._wide: frozenset[int] = frozenset()
        self._deaf = self._deafened = False  # whether nothing is heard; whether that has just begun
        self._ended = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)

    # -- life ---------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """From any thread, once. Begins to listen."""
        self._thread.start()

    def close(self) -> None:
        """From any thread. Closes all devices. A second call does nothing."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        elif not self._thread.ident:
            self._end()

    def _end(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None
        self._osc.close()
        if self._inputs is not None:
            self._inputs.close()
            self._inputs = None

    def _run(self) -> None:
        """On the hub's thread."""
        try:
            while not self._ended.is_set():
                try:
                    self.look(perf_counter())
                except Exception as error:  # nothing may end it
                    self._reports.tell_once(f"an error of the devices: {type(error).__name__}: {error}")
                busy = self._osc.open or (self._inputs is not None and self._inputs.names)
                self._wake.wait(LOOK_SECONDS if busy else IDLE_SECONDS)
                self._wake.clear()
        finally:
            self._end()

    def _ask(self, work: Callable[[], T]) -> Future[T]:
        """From any thread. Has the hub's thread do something, and returns its result as a future."""
        answer: Future[T] = Future()

        def answered() -> None:
            try:
                answer.set_result(work())
            except Exception as error:
                answer.set_exception(error)

        self._requests.append(answered)
        self._wake.set()
        return answer

    # -- what clients ask for -----------------------------------------------------------------------------------
    @property
    def status(self) -> DevicesStatus:
        """From any thread. The devices as they are now."""
        return self._reports.status

    def events_since(self, number: int) -> tuple[DeviceEvent, ...]:
        """From any thread. The events after the one with a number, 0 for all that are kept, oldest first."""
        return self._reports.events_since(number)

    def learn(
        self, node: str, port: str, *, client: str = PLAYER, add: bool = False, form: ControlMapping | None = None
    ) -> None:
        """From any thread. Maps the next controller that is moved to a port, as an edit of the document that the client
        can undo. Events tell that it is armed, and what was learned. Raises PatchError for a port that cannot be
        turned.

        add: the port keeps its mappings; otherwise the new one takes the place of the first, and its form.
        form: a mapping with the mode, range, curve, takeover and coding that the new one gets.
        """
        self._check_can_turn(node, port)
        target = LearnTarget(node, port, client, add, form)

        def arm() -> None:
            self._learn.arm(target)
            self._reports.add("armed", node=node, port=port)

        self._ask(arm)

    def cancel_learn(self) -> None:
        """From any thread. Stops waiting for a controller."""

        def cancel() -> None:
            if (target := self._learn.target) is not None:
                self._learn.arm(None)
                self._reports.add("cancelled", node=target.node, port=target.port)

        self._ask(cancel)

    def _check_can_turn(self, node: str, port: str) -> None:
        patch = self._performance.document.patch
        patch.node(node)
        found = VisiblePorts(patch, CATALOGUE).inputs(node).get(port)
        if found is None or not (found.numeric or found.type == "option"):
            raise PatchError("a controller cannot turn it", node=node, port=port, mend="choose a knob or a choice")

    def listen_osc(self, port: int, host: str = LOOPBACK) -> Future[str]:
        """From any thread. Hears OSC on a UDP port of this machine; 0 for any free one. Returns where, as a future,
        which raises DeviceError where the port cannot be opened. `host` other than the default lets other machines
        send."""

        def open_port() -> str:
            return self._osc.listen(port, host)

        return self._ask(open_port)

    def stop_osc(self) -> None:
        """From any thread. Hears no OSC any more."""
        self._ask(self._osc.close)

    def follow_clock(self, pattern: str | None, offset: float = 0.0) -> None:
        """From any thread. Lets the transport follow the clock of the MIDI device that a pattern names: "" for any,
        None for none. offset: milliseconds by which its beats are taken to be later than its messages come."""

        def follow() -> None:
            self._clock = ClockFollower(pattern, offset)

        self._ask(follow)

    def send_clock(self, outputs: Mapping[str, float]) -> None:
        """From any thread. Sends our clock to the MIDI outputs of some patterns, each with an offset in milliseconds by
        which it is late; to none for an empty table."""

        def send() -> None:
            if self._sender is not None:
                self._sender.close()
            self._sender = None
            if outputs:
                self._sender = ClockSender(dict(outputs), self._performance.heard, self._performance.add_message)
                self._sender.start()

        self._ask(send)

    def key(self, name: str, down: bool) -> None:
        """From any thread. A client's key was pressed or released: mappings of kind `key` hear it."""
        self._ask(lambda: self._mappings.note_place("key", name, float(down)))

    def set_deaf(self, on: bool) -> None:
        """From any thread. Hears no MIDI and OSC, or hears them again. Keys and gates that are held go down."""

        def change() -> None:
            self._deaf, self._deafened = on, on

        self._ask(change)

    # -- a look, on the hub's thread ----------------------------------------------------------------------------
    def look(self, now: float) -> None:
        """On the hub's thread, or in its place where it was not started. Takes all that devices have sent.

        now: a time of `perf_counter`, in seconds.
        """
        while self._requests:
            self._requests.popleft()()
        moment = self._performance.heard(now)
        frame = None if moment.frame is None else max(floor(moment.frame), 0)
        feeds = Feeds()
        self._follow_document()
        self._listeners.let_go(frame, feeds)
        if now >= self._scan_due:
            self._scan_due = now + SCAN_SECONDS
            self._scan(frame, feeds)
        clock: ClockEvents | None = None
        for device in self._inputs or ():
            batch = device.read(now)
            if self._deafened:
                self._listeners.lose(device.number, frame, feeds)
            if batch.messages and not self._deaf:
                clock = self._take(device, batch, frame, feeds) or clock
        listeners = self._performance.listeners
        if (
            self._clock.is_lost(now)
            and self._clock.lose(None, listeners, frame, feeds)
            and self._clock.pattern is not None
        ):
            self._performance.add_message("the MIDI clock has ended; the tempo stays")
        self._clock.steer(clock, moment, now, self._performance)
        self._deafened = False
        self._hear_osc(frame, feeds)
        self._give(feeds)
        tick = floor(now * self._rate)
        if tick != self._turned:
            self._turned = tick
            self._turn()
            self._publish()

    def _follow_document(self) -> None:
        self._listeners.follow(self._performance.listeners)
        self._mappings.refresh()
        if (wide := self._mappings.wide | self._listeners.wide) != self._wide:
            self._wide = wide
            for device in self._inputs or ():
                device.decoder.wide = wide

    def _take(self, device: OpenInput, batch: Batch, frame: int | None, feeds: Feeds) -> ClockEvents | None:
        self._listeners.take(device.number, batch, frame, feeds)
        self._mappings.note_batch(device.name, batch)
        self._learn.offer(device.name, batch)
        for _, program in batch.programs:
            self._recall(program)
        return self._clock.take(device.number, device.name, batch, self._performance.listeners, frame, feeds)

    def _recall(self, program: int) -> None:
        document = self._performance.document
        id = snapshot_at(document.patch, program + 1)
        if id is None:
            have = len(document.patch.snapshots)
            self._reports.tell_once(f"MIDI program {program + 1}: the patch has {have} snapshots (send 1 to {have})")
            return
        try:
            document.recall(id)
        except PatchError as error:
            self._performance.add_message(str(error))

    def _hear_osc(self, frame: int | None, feeds: Feeds) -> None:
        if self._deaf:  # what comes meanwhile is read and forgotten
            feeds = Feeds()
        heard = self._osc.read(self._performance.document.patch, self._performance.listeners, frame, feeds)
        if self._deaf:
            return
        for address, place in heard.places:
            self._mappings.note_place("osc", address, place)
        for source in heard.sources:
            self._learn.offer_named(source)
        for node, port, value in heard.turns:
            self._performance.turn(node, port, value)
        for mistake in heard.mistakes:
            self._reports.tell_once(mistake)

    def _give(self, feeds: Feeds) -> None:
        """Hands what was collected to the next tick. If the tick thread has not yet fetched what came before, this is
        added to it."""
        if not len(feeds):
            return
        with self._feeds_lock:
            waits = len(self._feeds) > 0
            self._feeds.add(feeds)
        if not waits:
            self._performance.feed_from(self._take_feeds)

    def _take_feeds(self) -> Sequence[FedEvent]:
        """On the tick thread. Leaves out what came for a node that an edit has taken away since."""
        with self._feeds_lock:
            events = self._feeds.take()
        listeners = self._performance.listeners
        return [event for event in events if event.node in listeners and event.port in listeners[event.node].ports]

    def _turn(self) -> None:
        """Once a control frame: turns the knobs, and learns."""
        for node, port, value in self._mappings.turns():
            self._performance.turn(node, port, value)
        document = self._performance.document
        if (learned := self._learn.learned(document.patch)) is None:
            return
        target, command = learned
        try:
            document.do(command, target.client, f"Learn a controller for {target.port}")
        except DemonError as error:
            self._performance.add_message(str(error))
            self._reports.add("cancelled", node=target.node, port=target.port)
            return
        source = command.mapping.source if command.mapping is not None else None
        device = source.device if source is not None else ""
        self._reports.add("learned", mapping=command.id, node=target.node, port=target.port, device=device)

    # -- devices that come and go -------------------------------------------------------------------------------
    def _scan(self, frame: int | None, feeds: Feeds) -> None:
        if self._inputs is None:
            self._inputs = MidiInputs(self._make_system(), self._performance.add_message, self._only)
        found = self._inputs.scan()
        for device in found.went:
            self._listeners.lose(device.number, frame, feeds)
            self._clock.lose(device.number, self._performance.listeners, frame, feeds)
            waiting = self._mappings.waiting_for(device.name)
            after = f"; {_waiting(len(waiting))} for it" if waiting else ""
            self._missing |= {knob.mapping.source.device for knob in waiting}
            self._performance.add_message(f"the MIDI device {device.name} is gone{after}")
            self._reports.add("gone", device=device.name)
        for device in found.came:
            self._performance.add_message(f"the MIDI device {device.name} is heard")
            self._reports.add("connected", device=device.name)
            device.decoder.wide = self._wide
        self._note_missing()

    def _note_missing(self) -> None:
        names = () if self._inputs is None else self._inputs.names
        missing = self._mappings.missing(names)
        for pattern in sorted(missing.keys() - self._missing):
            mend = "" if systems() or names else f" ({what_is_missing()})"
            self._performance.add_message(
                f"no MIDI device is called {pattern}: {_waiting(missing[pattern])} for it{mend}"
            )
            self._reports.add("missing", device=pattern)
        self._missing = frozenset(missing)

    def _publish(self) -> None:
        names = () if self._inputs is None else self._inputs.names
        self._reports.publish(
            self._mappings,
            self._mappings.missing(names),
            inputs=tuple(device.status for device in self._inputs or ()),
            learning=self._learn.target,
            osc=self._osc.name,
            clock_from=self._clock.name if self._clock.follows else "",
            clock_bpm=self._clock.bpm,
            clock_to=() if self._sender is None else self._sender.names,
        )


def _waiting(mappings: int) -> str:
    return f"{mappings} mappings wait" if mappings > 1 else "a mapping waits"
