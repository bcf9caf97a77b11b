"""Makes telemetry: for each subscription, when it falls due, what has changed since the client was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import ref

import msgspec
import numpy as np
from numpy.typing import NDArray

from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.status import Status
from demon_patch.runtime.remote.heard import touched
from demon_patch.runtime.remote.messages.base import Point
from demon_patch.runtime.remote.messages.telemetry import (
    Forecast,
    Knobs,
    Profile,
    Signals,
    StatusChange,
    Strip,
    Telemetry,
    Waiting,
    Watch,
)
from demon_patch.runtime.remote.peaks import COLUMNS, columns, packed, peaks_of
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.points import flat_point
from demon_patch.runtime.remote.sampling import Sampling
from demon_patch.runtime.remote.served_host import ServedHost
from demon_patch.threads import started_pool

if TYPE_CHECKING:
    from demon_patch.engine.contracts import Source
    from demon_patch.engine.sound.dry_path import Cover
    from demon_patch.runtime.graph.scopes import Scopes
    from demon_patch.runtime.live.host import Host
    from demon_patch.runtime.live.scheduled_edits import NextEdit

SLOWEST = {"forecast": 10.0, "strip": 5.0, "profile": 5.0}  # the most times a second
MIXES = 2.0  # times a second that the peaks of a moving mix are computed
HELD = {"messages"}  # fields of the status that have messages of their own
ENCODER = msgspec.msgpack.Encoder()


class Telemetries:
    """The telemetry of all clients. Owned by the wire's thread; forecasts and strips are made on threads of their own.

    call: calls a function on the wire's thread, from any thread.
    """

    def __init__(self, served: ServedHost, call: Callable[[Callable[[], object]], object]) -> None:
        self._served, self._call = served, call
        self.sampling = Sampling(served.host)
        self._strips = started_pool(1, "strip")
        self._clips: tuple[tuple[ref[Source], float], ...] = ()  # that are covered, with their shares
        self._source_peaks = b""
        self._mixes, self._mixed_at = 0, 0.0  # how often they were mixed, and when the last time
        self._profiled: object = None

    def close(self) -> None:
        """Ends its threads."""
        self.sampling.close()
        self._strips.shutdown(cancel_futures=True)

    def resubscribe(self) -> None:
        """After a change of subscriptions: has the tick thread keep what the clients watch."""
        watches = [watch for peer in self._served.peers for watch in peer.watches.values()]
        patch = self._served.host.patch
        points = {
            flat_point(patch, point)
            for watch in watches
            if watch.what in ("signals", "knobs")
            for point in watch.points
        }
        self._served.host.scopes.watch(points)
        self.sampling.ring_wanted = any(watch.what == "ring" for watch in watches)
        self.sampling.lanes_wanted = any(watch.what == "strip" for watch in watches)

    def send_due(self) -> None:
        """Puts the telemetry that has fallen due into the clients' outboxes."""
        now = monotonic()
        for peer in self._served.peers:
            for what, watch in peer.watches.items():
                if peer.due.get(what, 0.0) > now:
                    continue
                rate = min(watch.rate, SLOWEST.get(what, watch.rate))
                peer.due[what] = max(peer.due.get(what, now) + 1.0 / rate, now)
                self._send(peer, watch)

    def _flat(self, peer: Peer, watch: Watch) -> tuple[Point, ...]:
        """Returns the points of a subscription as those of the flat patch; after an edit they may be others, and are
        watched anew."""
        patch, kept = self._served.host.patch, f"points of {watch.what}"
        known: Any = peer.known.get(kept)
        if known is None or known[0] is not watch.points or known[1] is not patch:
            points = tuple(flat_point(patch, point) for point in watch.points)
            changed = known is not None and known[2] != points
            known = peer.known[kept] = (watch.points, patch, points)
            if changed:
                self.resubscribe()
        return known[2]

    def _send(self, peer: Peer, watch: Watch) -> None:
        if watch.what == "forecast":
            if not self.sampling.ask_forecast(self._flat(peer, watch), watch.ahead, self._answer(peer)):
                peer.outbox.dropped += 1
        elif watch.what == "strip":
            self._strips.submit(self._make_strip, peer)
        else:
            peer.outbox.put_due(watch.what, lambda: self._built(peer, watch))

    def _built(self, peer: Peer, watch: Watch) -> bytes | None:
        if peer.watches.get(watch.what) is not watch:
            return None
        try:
            made = getattr(self, f"_{watch.what}")(peer, watch)
            return None if made is None else self._encoded(peer, made)
        except Exception as error:  # of this program: all other messages go on
            peer.watches.pop(watch.what, None)
            self._served.host.add_message(f"telemetry of {watch.what} ended: {type(error).__name__}: {error}")
            return None

    def _encoded(self, peer: Peer, made: Telemetry) -> bytes:
        stamped = msgspec.structs.replace(made, frame=self._served.host.status.frame, dropped=peer.outbox.dropped)
        return ENCODER.encode(stamped)

    # -- kinds, each called when the client can take it -----------------------------------------------------------
    def _status(self, peer: Peer, watch: Watch) -> Telemetry | None:
        now = dict(status_fields(self._served.host.status))
        if now["waiting"]:
            now["waiting"] = list(waiting_edits(self._served.host))
        before: Any = peer.known.get("status", {})
        changed = {name: value for name, value in now.items() if name not in before or before[name] != value}
        peer.known["status"] = now
        return StatusChange(fields=changed) if changed else None

    def _signals(self, peer: Peer, watch: Watch) -> Telemetry | None:
        known: Any = peer.known.get("signals", 0)
        first, values = self._served.host.scopes.read_since(self._flat(peer, watch), known)
        if not values.shape[1]:
            return None
        peer.known["signals"] = first + values.shape[1]
        return Signals(first=first, count=values.shape[1], values=packed(values))

    def _knobs(self, peer: Peer, watch: Watch) -> Telemetry | None:
        before: Any = peer.known.setdefault("knobs", {})
        found = []
        for place, knob in enumerate(self._knobs_now(watch.points, self._flat(peer, watch))):
            if before.get(place) != knob:
                before[place] = knob
                found.append((place, *knob))
        return Knobs(knobs=tuple(found)) if found else None

    def _knobs_now(self, points: tuple[Point, ...], flat: tuple[Point, ...]) -> Iterator[tuple[Any, Any, float | None]]:
        host = self._served.host
        patch, live = host.patch, host.live_values
        values = newest(host.scopes, flat)
        for (node, port, _), value in zip(points, values, strict=True):
            modulated = None if np.isnan(value) else float(value)
            yield base_of(patch, node, port), live.get((node, port)), modulated

    def _ring(self, peer: Peer, watch: Watch) -> Telemetry | None:
        known: Any = peer.known.get("ring", 0)
        finished = [each for each in tuple(self.sampling.finished) if each[0] > known]
        if finished:
            peer.known["ring"] = finished[-1][0]
        return msgspec.structs.replace(self.sampling.ring, finished=tuple(each for _, each in finished))

    def _profile(self, peer: Peer, watch: Watch) -> Telemetry | None:
        program = self._served.host.performer.program
        if self._profiled is None or program is not self._profiled:
            self._profiled, self._times = program, program.profile()
        micros = {node: round(time, 2) for node, time in (self._times.times.items() if self._times else ())}
        return Profile(micros=micros) if micros else None

    # -- made elsewhere -----------------------------------------------------------------------------------------
    def _answer(self, peer: Peer) -> Callable[[int, NDArray[np.float32]], None]:
        def answer(first: int, rows: NDArray[np.float32]) -> None:
            made = Forecast(first=first, count=rows.shape[1], values=packed(rows))
            self._call(lambda: peer.outbox.put_due("forecast", lambda: self._encoded(peer, made)))

        return answer

    def _mix_sources(self, cover: Cover | None) -> None:
        """On the thread for strips. Computes the peaks of the covered recordings anew where clips or shares have
        changed, at most MIXES times a second."""
        clips = ((self._served.host.performer.source, 1.0),) if cover is None else cover.clips
        clips = tuple((clip, round(share, 3)) for clip, share in clips)
        same = len(clips) == len(self._clips) and all(
            one is other() and share == before for (one, share), (other, before) in zip(clips, self._clips, strict=True)
        )
        if same or monotonic() - self._mixed_at < 1.0 / MIXES:
            return
        audio = clips[0][0].audio
        sound = audio if cover is None else cover.sound(np.arange(len(audio)))
        self._clips, self._source_peaks = tuple((ref(clip), share) for clip, share in clips), packed(peaks_of(sound))
        self._mixes, self._mixed_at = self._mixes + 1, monotonic()

    def _make_strip(self, peer: Peer) -> None:
        """On the thread for strips."""
        host = self._served.host
        covered, factor = self.sampling.covered, self.sampling.dry
        self._mix_sources(None if covered is None else covered.cover)
        told = peer.known.get("strip") == self._mixes
        peer.known["strip"] = self._mixes
        if factor is None:
            dry = packed(np.ones(COLUMNS))
        else:
            dry = packed(np.zeros(COLUMNS) if covered is None else columns((factor * covered.share).astype(np.float32)))
        lanes = {name: packed(columns(lane)) for name, lane in self.sampling.lanes.items()}
        lo, hi = host.performer.transport.loop
        made = Strip(
            columns=COLUMNS,
            song=packed(peaks_of(host.link.read(0, host.link.samples))),
            source=b"" if told else self._source_peaks,
            dry=dry,
            loop=(int(lo), int(hi)),
            laid=tuple((int(a), int(b)) for a, b, _ in list(host.performer.trace.windows)[-8:]),
            lanes=lanes,
            waiting=tuple(waiting_edits(host)),
        )
        self._call(lambda: peer.outbox.put_due("strip", lambda: self._encoded(peer, made)))


def status_fields(status: Status) -> Iterator[tuple[str, Any]]:
    """Yields the fields of a status by name, as they are sent: only plain data."""
    for field in fields(status):
        value = getattr(status, field.name)
        if field.name in HELD:
            continue
        if field.name == "live_values":
            value = [(node, port, kept) for (node, port), kept in value.items()]
        elif field.name == "waiting":
            value = list(map(waiting_of, value))
        yield field.name, value.item() if isinstance(value, np.generic) else value


def waiting_of(each: NextEdit) -> Waiting:
    """Returns an edit or recall that waits, as it is sent."""
    return Waiting(
        label=each.label,
        at=str(each.at),
        seconds=each.seconds,
        revision=each.key if isinstance(each.key, Revision) else None,
        frame=each.frame,
        song_frame=each.song_frame,
    )


def waiting_edits(host: Host) -> Iterator[Waiting]:
    """Yields the edits and recalls that wait, with who made them and the nodes that they touch. From any thread."""
    with host.document.session() as session:
        pending = {each.revision: each for each in session.pending}
    for each in map(waiting_of, host.status.waiting):
        step = pending.get(each.revision) if each.revision is not None else None
        if step is None:
            yield each
            continue
        paths = [path for part in step.step.parts for path in part.changed]
        nodes = tuple(sorted({node for node, _ in touched(paths)}))
        yield msgspec.structs.replace(each, client=step.client, nodes=nodes)


def newest(scopes: Scopes, points: tuple[Point, ...]) -> NDArray[np.float32]:
    """Returns the newest number of each point, [points]; NaN where nothing is known."""
    _, values = scopes.read_since(points, -1)
    return values[:, -1] if values.shape[1] else np.full(len(points), np.nan, np.float32)


def base_of(patch: Patch, node: str, port: str) -> Any:
    """Returns what the document has for a port of a node, given by its path: its own value, or the default; None where
    there is no such port."""
    try:
        kept = patch.nodes.get(node) or patch.flat.nodes.get(node)
    except DemonError:
        return None
    if kept is None:
        return None
    if port in kept.values:
        return kept.values[port]
    declaration = CATALOGUE.get(kept.type)
    found = None if declaration is None else declaration.by_name.get(port)
    return None if found is None else found.default
