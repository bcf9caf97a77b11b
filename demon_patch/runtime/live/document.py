"""The document of a performance: its edit session, its live values, and which version is heard when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import Recall, morph, recall, stored
from demon_patch.nodes.editing.valid_overlay import check_live_value, valid_overlay
from demon_patch.patch.edit.commands import Command, SetSnapshot
from demon_patch.patch.edit.field_paths import changes
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.edit.session import Delta, EditSession, Revision
from demon_patch.patch.model import ids
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH, CableKey
from demon_patch.patch.model.json_values import Value, quoted
from demon_patch.runtime.live.document_edits import PLAYER, DocumentEdits
from demon_patch.runtime.live.knobs import KnobMoves, Moved, Touched, moved_keys, moves_of
from demon_patch.runtime.live.live_mutes import LiveMutes, Target, check_targets
from demon_patch.runtime.live.stages import DocumentStage, LiveValues, WaitingRecall, heard, place_of, stage_of


class LiveDocument(DocumentEdits):
    """A document that is edited while it plays. No method waits for the sound.

    An edit or a recall may have a grid. It is then heard from that grid on, and never before one that was made
    earlier. An edit that is undone before it is heard is cancelled. When an edit is heard, the live values over what
    it writes are released, except for those that were turned after it was made.

    changed: called after every change that does not move knobs alone, outside of the lock.
    knobs: takes the moves of knobs; where it is None, `changed` is called for them, too.
    """

    def __init__(
        self, patch: Patch, changed: Callable[[], object] = lambda: None, knobs: KnobMoves | None = None
    ) -> None:
        self._session, self._changed, self.knobs = EditSession(patch), changed, knobs
        self._moved: dict[Key, Moved] = {}
        self._touched = Touched()
        self._live_values = LiveValues()
        self._mutes = LiveMutes()
        self._recalls: list[WaitingRecall] = []
        self._recalled = 0
        self._lock = threading.RLock()
        self._followed = patch  # the document after the last edit that `_follow_edit` was told of
        self._session.subscribe(self._follow_edit)
        self._landings: list[Callable[[Hashable], object]] = []

    @property
    def patch(self) -> Patch:
        """From any thread. The document with all edits, those that are not heard yet included; without live values."""
        return self._session.patch

    @property
    def live(self) -> Overlay:
        """From any thread. The latest live values."""
        return self._live_values.overlay

    @property
    def sounding(self) -> Patch:
        """From any thread. The document as it sounds now, live values included; without edits and recalls that wait for
        their grid."""
        return self.stages()[0].patch

    @contextmanager
    def session(self) -> Iterator[EditSession]:
        """From any thread. Gives the edit session, which no other thread can use meanwhile."""
        with self._changing():
            yield self._session

    @contextmanager
    def _changing(self, touches: bool = True) -> Iterator[None]:
        """Holds the lock while the document or its live values are changed. Passes on what has changed. touches:
        whether what has changed leaves a ramp."""
        unheard = False
        try:
            with self._lock:
                before = self._state
                try:
                    yield
                finally:
                    if self._state != before:
                        if touches:
                            self._touched.note(before[:2], self._state[:2])
                        unheard = not self._moves_alone(before)
        finally:
            if unheard:
                self._changed()

    @property
    def _state(self) -> tuple[Any, ...]:
        """All that is heard now or later. Equal parts are the same objects."""
        session = self._session
        return (
            session.patch,
            self._live_values.overlay,
            session.revision,
            session.pending,
            tuple(self._recalls),
            self._mutes,
        )

    def _moves_alone(self, before: tuple[Any, ...]) -> bool:
        """Under the lock. Returns whether only knobs have moved since `_state` was `before`, and passes their moves
        on."""
        (patch, overlay, *_), live = before, self._live_values.overlay
        keys = None if self.knobs is None else moved_keys((patch, overlay), (self._session.patch, live))
        if keys is None or before[3:] != self._state[3:]:
            return False
        waits = self._session.pending or self._recalls
        # What waits may have bases of its own, but live values count in all of it.
        if waits and not (
            patch is self._session.patch and all(key in live.values and self._alone(key[0]) for key in keys)
        ):
            return False
        return self._move(keys)

    def _alone(self, node: str) -> bool:
        """Under the lock. Returns whether the live values of a node sound the same in all that waits."""
        base = self._session.patch
        if node not in base.nodes:
            return False
        if base.nodes[node].type == SUBPATCH and (self._session.pending or self._recalls):
            return False
        return not any(node in {*waiting.snapshot.values, *waiting.snapshot.ranges} for waiting in self._recalls)

    def _move(self, keys: Collection[Key]) -> bool:
        """Under the lock. Passes the moves of some ports on; returns False where these are no knobs."""
        base, live = self._session.patch, self._live_values.overlay
        moves = moves_of(keys, base, live)
        if moves is None or self.knobs is None:
            return False
        for id, port in keys:
            node = base.nodes[id]
            self._moved[id, port] = Moved(node.type, node.values.get(port), live.values.get((id, port)))
        self.knobs.note(moves)
        return True

    def take_moved(self) -> dict[Key, Moved]:
        """From any thread. Returns the knobs that have moved without being compiled since the last call, with the
        values that they had then."""
        with self._lock:
            moved, self._moved = self._moved, {}
            return moved

    def replace(
        self, patch: Patch, client: str, label: str, play: Callable[[], None], landed: Callable[[], None]
    ) -> Patch:
        """From any thread. Makes another document the one that is edited, with a history of its own and without live
        values. Returns the one before.

        play, landed: called before and after, while no other thread can use the document. `play` makes the performance
            of the new one the one that is heard.
        """
        with self._lock:
            before = self._session.patch
            play()
            self._moved.clear()
            self._session.load(patch, client, label)
            landed()
            return before

    def change_performance(self, play: Callable[[], None], command: Command | None, client: str, label: str) -> None:
        """From any thread. Calls `play`, which makes another performance of the document the one that is heard; the
        document gets an edit with it. All of it is compiled anew."""
        with self._lock:
            play()
            if command is not None:
                self._session.do(command, client, label)
        self._changed()

    # -- live values --------------------------------------------------------------------------------------------
    def turn(self, node: str, port: str, value: Value) -> None:
        """From any thread. Gives a knob a live value, in the port's unit, over its base, until it is kept or released.
        Raises PatchError for a port that does not exist, and for a value that it does not take."""
        self.turn_all([(node, port, value)])

    def turn_all(self, values: Iterable[tuple[str, str, Value]]) -> None:
        """From any thread. As `turn`, for several knobs at once, each (node, port, value): all of them, or none where
        one raises."""
        with self._lock:
            heard, live, keys = self._session.stages()[0], self._live_values, list[Key]()
            for node, port, value in values:
                try:
                    check_live_value(self.patch, CATALOGUE, node, port, value)
                except PatchError:
                    if heard is self.patch:
                        raise
                    check_live_value(heard, CATALOGUE, node, port, value)  # what is on its way out can still be turned
                turned = live.overlay.turned(node, port, value)
                live = live.put(turned, [(node, port)], self._session.revision.counter)
                keys.append((node, port))
            self._live_values = live
            self._touched.note_keys(keys)
            alone = all(self._alone(node) for node, _ in keys) and self._move(keys)
        if not alone:
            self._changed()

    def release(self, *keys: Key | CableKey | str) -> None:
        """From any thread. Drops the live values of some ports and cables, and the live mutes of some cables and nodes
        (given by id). Without keys it drops all of them, and all recalls that wait."""
        with self._changing():
            ports = [key for key in keys if not isinstance(key, str)]
            self._live_values = self._live_values.released(*ports) if keys else LiveValues()
            self._mutes = self._mutes.released(*keys) if keys else LiveMutes()
            if not keys:
                self._recalls.clear()

    @property
    def mutes(self) -> LiveMutes:
        """From any thread. The nodes and cables that clients mute while they hold them."""
        return self._mutes

    def hold_mutes(self, targets: Collection[Target], on: bool, client: str = PLAYER) -> None:
        """From any thread. Mutes nodes and cables for as long as a client holds them, or lets go of them. It is not
        undone, not kept and not saved. Raises PatchError for what the patch does not have."""
        with self._changing():
            if on:
                check_targets(self.patch, targets)
            self._mutes = self._mutes.with_held(targets, client, on)

    def leave(self, client: str) -> None:
        """From any thread. Lets go of all that a client holds muted, after it has gone."""
        with self._changing():
            self._mutes = self._mutes.left(client)

    def keep(self, client: str = PLAYER) -> Patch:
        """From any thread. Makes the live values the base, in one undo step, and returns the new document. Live values
        that a waiting edit will release stay live until then, and recalls that wait go on waiting."""
        with self.session() as session:
            live = self._live_values
            for waiting in session.pending:
                live = heard(live, waiting)
            lasting = valid_overlay(live.overlay, session.patch, CATALOGUE)
            if (command := lasting.keeping_command(session.patch)) is not None:
                session.do(command, client, "Keep live values")
            self._live_values = self._live_values.released(*lasting.keys)
            return session.patch

    # -- snapshots ----------------------------------------------------------------------------------------------
    def store(
        self, title: str = "", scope: Collection[str] | None = None, id: str | None = None, client: str = PLAYER
    ) -> str:
        """From any thread. Stores what sounds now as a snapshot, and returns its id. Raises PatchError for a node that
        does not exist.

        scope: the nodes that it stores; all by default.
        id: the snapshot that it replaces; a new id by default.
        """
        with self.session() as session:
            id = id or ids.fresh(session.patch.snapshots)
            for node in scope or ():
                session.patch.node(node)
            sounding = self.sounding
            within = None if scope is None else [node for node in scope if node in sounding.nodes]
            snapshot = stored(sounding, CATALOGUE, within, title)
            snapshot = snapshot.without(sounding.nodes.keys() - session.patch.nodes.keys())
            session.do(SetSnapshot(id, snapshot), client, f"Store {title}".strip())
            return id

    def recall(self, id: str, at: Grid | None = None) -> tuple[PatchError, ...]:
        """From any thread. Makes a snapshot's values live values, at once or from a grid on. Returns an error for each
        thing that the snapshot names and that cannot be set. Raises PatchError where there is no such snapshot."""
        with self._changing():
            snapshot = self.snapshot(id)
            found = recall(snapshot, self.patch, CATALOGUE)
            if at is None:
                self._live_values = self._live_values.recalled(found, self._session.revision.counter)
            else:
                self._recalled += 1
                self._recalls.append(WaitingRecall(self._recalled, self._session.revision, at, snapshot))
        return found.skipped

    def morph(self, one: str, other: str, amount: float) -> tuple[PatchError, ...]:
        """From any thread. Makes the values between two snapshots live values; `amount` is 0 at the first and 1 at the
        second. Returns and raises errors as `recall` does."""
        with self._changing():
            ends = self.snapshot(one), self.snapshot(other)
            found = morph(*ends, amount, self.patch, CATALOGUE)
            self._live_values = self._live_values.recalled(found, self._session.revision.counter)
        return found.skipped

    @property
    def touches(self) -> int:
        """From any thread. How often knobs, ranges and depths were touched, other than by `glide`."""
        return self._touched.count

    def glide(self, mixed: Callable[[Patch], Recall], since: int) -> frozenset[Key | CableKey]:
        """From any thread. Makes one moment of a ramp live values, except for ports and cables that were touched since
        `touches` was `since`. Returns these.

        mixed: returns what the ramp has for a document at this moment.
        """
        with self._changing(touches=False):
            found, before = mixed(self.patch), self._live_values.overlay
            left = self._touched.since(since)
            kept = before.released(*(before.keys - left))
            overlay = found.applied_to(before).released(*left).covered_by(kept)
            if overlay != before:
                self._live_values = self._live_values.put(
                    overlay, found.overlay.keys - left, self._session.revision.counter
                )
            return left

    # -- what is heard when -------------------------------------------------------------------------------------
    def stages(self) -> tuple[DocumentStage, ...]:
        """From any thread. Returns the document as it sounds now, and as it will sound after each edit and recall that
        waits, in the order in which they were made."""
        with self._lock:
            patches, edits = [*map(self._mutes.applied_to, self._session.stages())], self._session.pending
            live, number = self._live_values, 0
            stages = [stage_of(None, None, "", live, patches[0])]
            for waiting in sorted((*edits, *self._recalls), key=place_of):
                if isinstance(waiting, WaitingRecall):
                    found = recall(waiting.snapshot, patches[number], CATALOGUE)
                    live, key = live.recalled(found, waiting.after.counter), waiting.number
                    label = f"Recall {waiting.snapshot.title}".strip()
                else:
                    number += 1
                    live, key, label = heard(live, waiting), waiting.revision, waiting.step.label
                stages.append(stage_of(key, waiting.at, label, live, patches[number]))
            moves = 0 if self.knobs is None else self.knobs.number
            return tuple(stage._replace(moves=moves) for stage in stages)

    def follow_landings(self, hear: Callable[[Hashable], object]) -> Callable[[], None]:
        """From any thread. Calls `hear` with the key of each stage that begins to be heard, on the editing thread.
        Returns a function that ends this."""
        self._landings.append(hear)
        return lambda: self._landings.remove(hear)

    def note_landing(self, key: Hashable) -> None:
        """From any thread. Notes that the stage with this key is heard from now on."""
        self._land(key)
        for hear in tuple(self._landings):
            hear(key)

    def _land(self, key: Hashable) -> None:
        with self._lock:
            before = self._session.patch, self._live_values.overlay
            if isinstance(key, Revision):
                for waiting in self._session.pending:
                    if waiting.revision <= key:
                        self._live_values = heard(self._live_values, waiting)
                self._session.landed(key)
                self._prune()
            for waiting in [each for each in self._recalls if each.number == key]:
                self._recalls.remove(waiting)
                found = recall(waiting.snapshot, self._session.stages()[0], CATALOGUE)
                self._live_values = self._live_values.recalled(found, waiting.after.counter)
            self._touched.note(before, (self._session.patch, self._live_values.overlay))

    def snapshot(self, id: str) -> Snapshot:
        """From any thread. Returns a snapshot of the document. Raises PatchError where there is none."""
        if (found := self.patch.snapshots.get(id)) is None:
            raise PatchError(f"there is no snapshot {quoted(id)}", mend="name one that the patch has")
        return found

    def _follow_edit(self, delta: Delta) -> None:
        """Releases live values after every edit that the session accepts; called under the lock.

        An edit without a grid releases those over all that it writes at once; one with a grid releases them when it
        is heard (`note_landing`). When another document replaces this one, all live values and recalls are dropped.
        """
        before, self._followed = self._followed, self._session.patch
        if delta.revision.counter == 0:
            self._live_values, self._mutes = LiveValues(), LiveMutes()
            self._recalls.clear()
        elif delta.at is None and not delta.cancels:
            overlay = self._live_values.overlay
            if overlay:
                overlay = overlay.without_overwritten(delta.command, changes(before, self._followed))
            self._live_values = LiveValues(overlay, self._live_values.since)
        self._prune()

    def _prune(self) -> None:
        """Drops the live values that fit no stage of the document."""
        if not self._live_values.overlay:
            self._live_values = LiveValues()
            return
        left = Overlay()
        for patch in self._session.stages():
            left = left.covered_by(valid_overlay(self._live_values.overlay, patch, CATALOGUE))
        self._live_values = LiveValues(left, self._live_values.since)
