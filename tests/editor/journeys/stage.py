"""A stage for journeys: a sound card made of software, a host that plays on it, an editor in a window, and a second
client of the host that tells what the document is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demon_patch.patch.edit.difference import difference
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Cable, Meta, Node, Patch, Song
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.client import Client
from tests.editor.journeys.heard import Pass, passes
from tests.support import jack_server
from tests.support.driven_editor import PATIENCE, DrivenEditor, Place, driven_editor, require_display, x_server
from tests.support.host_process import host_process
from tests.support.listening import OUT

PICTURES = "DEMON_PATCH_PICTURES"
"""The environment variable that names a folder into which the pictures of journeys go."""
CARD = "DEMON_PATCH_CARD"
"""The environment variable that is "none" where no sound card is wanted; journeys that listen are skipped then."""
COLOURS = 256
SONG = 8.0  # seconds
GROUND = (640.0, 150.0)
"""A pixel under which nothing lies while the whole of a patch is looked at."""
ALIKE, OTHER, SAME = 0.9, 0.15, 0.04
"""How alike two passes are that sound the same at least; how much less one that has changed; one that has not.
Measured on renders of `engine` with nano2: passes of one strength, wherever they begin, .98; of 0.05 and 0.5 .81, 0.5
and 0.8 .67, 0.5 and 1 .31."""
TRIES = 12
BEGUN = 120.0  # seconds in which the host must sound, on a machine that others keep busy


def engine(**strength: Any) -> Patch:
    """An engine chain: a composed clip of eight seconds, a prompt, and the cheapest ring. Strength alone says how far
    the song is from the clip: nothing of its structure is kept."""
    nodes = {
        "clip": Node("composed_source", 2, at=(0, -300), values={"style": "techno", "seconds": SONG, "seed": 3}),
        "words": Node("prompt", at=(0, 0), values={"text": "warm"}),
        "scheduler": Node(
            "scheduler", at=(360, -100), values={"steps": 2, "depth": 1, "structure": 0.0, "strength": 0.05, **strength}
        ),
        "decoder": Node("decoder", at=(700, -100), values={"gain": -8.0}),
        "speaker": Node("speaker", at=(1000, -100)),
    }
    cables = (
        Cable("clip", "source", "scheduler", "source"),
        Cable("words", "prompt", "scheduler", "prompt"),
        Cable("scheduler", "ring", "decoder", "ring"),
        Cable("decoder", "audio", "speaker", "audio"),
    )
    return Patch(meta=Meta(title="Journey"), song=Song(bpm=120), nodes=nodes, cables=cables)


def with_nodes(patch: Patch, nodes: dict[str, Node], *cables: Cable) -> Patch:
    """A patch with more nodes and cables."""
    import msgspec

    return msgspec.structs.replace(patch, nodes={**patch.nodes, **nodes}, cables=(*patch.cables, *cables))


class Stage:
    """What a journey has: `editor` with hands, `client` with the document, and ears."""

    def __init__(self, editor: DrivenEditor, client: Client, folder: Path) -> None:
        self.editor, self.client, self.folder = editor, client, folder
        self._recorded = 0

    # -- the document --------------------------------------------------------------------------------------------
    @property
    def patch(self) -> Patch:
        """The document, as the second client has it."""
        return self.client.patch

    def begin(self, patch: Patch) -> None:
        """Makes the document another one, and looks at the whole of it; nothing is selected, open or under the
        pointer."""
        command = difference(self.client.patch, patch)
        if command is not None:
            self.client.do(command, "Another patch")
        editor = self.editor
        text = dumps(self.client.patch)
        editor.until(lambda: editor.ask("patch") == text, "the patch in the editor")
        editor.x("mousemove", *map(round, GROUND))
        editor.key("Escape", "Escape", "Escape", "Home")

    def until(self, condition: Callable[[Patch], Any], what: str) -> Patch:
        """Waits until a condition on the document holds; returns the document."""
        held = self.client.wait(lambda: bool(condition(self.client.patch)), PATIENCE)
        assert held, f"{what}: {[c.key for c in self.patch.cables]} {self.editor.ask('state')}"
        return self.patch

    def until_equal(self, patch: Patch, what: str) -> None:
        """Waits until the document is another one, exactly."""
        self.until(lambda now: now == patch, what)

    def lying_on(self, id: str) -> list[str]:
        """The nodes that a node lies on."""
        boxes = {each: self.editor.ask("rect", each) for each in self.patch.nodes}
        left, top, right, bottom = boxes.pop(id)
        return [o for o, b in boxes.items() if b[0] < right and left < b[2] and b[1] < bottom and top < b[3]]

    def steps(self) -> int:
        """How many undo steps of the editor are done."""
        return len(self.client.history("editor").done)

    def until_steps(self, count: int, what: str) -> None:
        """Waits until so many of them are done."""
        self.editor.until(lambda: self.steps() == count, what)

    def cable(self, *key: str) -> Cable | None:
        """A cable of the document."""
        return self.patch.cables_by_key.get(CableKey(*key))

    # -- hands ---------------------------------------------------------------------------------------------------
    @contextmanager
    def down(self, key: str) -> Iterator[None]:
        """A key is down meanwhile."""
        self.editor.x("keydown", key)
        try:
            yield
        finally:
            self.editor.x("keyup", key)

    def move(self, start: Place, end: Place, button: int = 1) -> None:
        """Drags from one place to another, and lets go."""
        self.editor.drag(start, end, button)
        self.editor.drop(button)

    def shoot(self, name: str) -> None:
        """Takes the picture of a journey."""
        file = self.editor.picture(name)
        if folder := os.environ.get(PICTURES):
            Path(folder).mkdir(parents=True, exist_ok=True)
            with Image.open(file) as picture:  # a page of them is to be small
                few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
                few.save(Path(folder) / file.name, optimize=True)

    # -- ears ----------------------------------------------------------------------------------------------------
    def recorded(self, seconds: float) -> Path:
        """Records the next (whole) seconds of the card's output."""
        if os.environ.get(CARD) == "none":
            pytest.skip("there is no sound card")
        self._recorded += 1
        file = self.folder / f"heard-{self._recorded}.wav"
        jack_server.record(file, seconds, *OUT).wait(seconds + 30)
        assert file.is_file(), "nothing was recorded"
        return file

    def hear(self, count: int = 1) -> list[Pass]:
        """Listens to the next passes of the song."""
        return passes(self.recorded(count * SONG + 1), SONG, count)

    def settled(self) -> tuple[Pass, float]:
        """Listens until two passes are alike; returns the later one, and how alike they are."""
        last = self.hear()[0]
        found = list[float]()
        for _ in range(TRIES):
            last, before = self.hear()[0], last
            found.append(last.like(before))
            if found[-1] > ALIKE:
                return last, found[-1]
        raise AssertionError(f"the sound never settles: {found} {self.client.status}")

    def hear_until(self, condition: Callable[[float], bool], before: Pass, what: str) -> Pass:
        """Listens until a condition on how like a pass is to an earlier one holds; returns the pass. A machine that is
        late makes it later."""
        found = list[float]()
        for _ in range(TRIES):
            now = self.hear()[0]
            found.append(now.like(before))
            if condition(found[-1]):
                return now
        raise AssertionError(f"{what}: {found} {self.client.status}")

    def until_heard(self, condition: Callable[[Path], bool], seconds: float, what: str) -> None:
        """Records some seconds until a condition on the recording holds."""
        for _ in range(TRIES):
            if condition(self.recorded(ceil(seconds))):
                return
        raise AssertionError(f"{what}: {self.client.status}")


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage on which the engine chain plays."""
    require_display()
    card = os.environ.get(CARD) != "none"
    if card:
        jack_server.require_jack()
    file = folder / "journey.dpatch.json"
    file.write_text(dumps(engine()))
    with ExitStack() as ends:
        patcher = ends.enter_context(pytest.MonkeyPatch.context())
        for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patcher.setenv(name, str(folder))  # no host and no key of the user's is found
        display = ends.enter_context(x_server())
        ends.enter_context(jack_server.server() if card else nullcontext())
        device = () if card else ("--device", "none")
        host = ends.enter_context(host_process(folder, str(file), *device))
        client = ends.enter_context(Client(host.url, name="witness"))
        editor = ends.enter_context(driven_editor(folder, "--connect", host.url, display=display))
        sounds = client.wait(lambda: client.status.get("peak_db", -120.0) > -60.0, BEGUN)
        assert sounds, f"{client.status} {host.said}"
        yield Stage(editor, client, folder)
