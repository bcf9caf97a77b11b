"""More actions of a soak: the transport, files, another song, and other clients that come and go."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

from demon_patch.bench.raw_client import StalledClient
from demon_patch.bench.soak_actions import (
    STALL_SECONDS,
    WATCH_SECONDS,
    WATCHED,
    Stage,
    action,
    watched_points,
)
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.remote.messages.base import Reply, Request, tag
from demon_patch.runtime.remote.messages.telemetry import Watch

FILE_SECONDS = 20.0  # for which the file of a recording is waited for


# -- transport and files ------------------------------------------------------------------------------------------
@action(6, refused=True)
def move_the_transport(stage: Stage) -> None:
    """Jumps, loops, changes the tempo, or lets beats follow the song."""
    client, rng = stage.client, stage.rng
    length = float(client.status.get("song_length", 0)) or 16.0
    drawn = rng.randrange(5)
    if drawn == 0:
        client.seek(rng.uniform(0, length), rng.choice((0.0, Grid("bar"))))
    elif drawn == 1:
        start = rng.uniform(0, length / 2)
        client.loop((start, rng.uniform(start + 1, length)), rng.choice((0.0, Grid("beat"))))
    elif drawn == 2:
        client.loop(None)
    elif drawn == 3:
        client.tempo(rng.uniform(60, 180))
    else:
        client.follow(rng.random() < 0.7)


@action(2)
def silence_for_a_moment(stage: Stage) -> None:
    """Mutes, bypasses or stops for up to a second, or changes the volume."""
    client, rng = stage.client, stage.rng
    drawn = rng.randrange(4)
    if drawn == 3:
        return client.set_volume(rng.uniform(-20, 0))
    switch = (client.mute, client.bypass, lambda on: client.play(not on))[drawn]
    switch(True)
    sleep(rng.uniform(0.1, 1.0))
    switch(False)
    return None


def open_verb() -> Callable[..., Request] | None:
    """Returns the request that has the host play another patch file; None where the wire has none."""
    return next((each for each in Request.__subclasses__() if tag(each.__name__) == "open"), None)


def open_another_song(stage: Stage) -> bool:
    """Opens the next patch file while the present one plays; returns whether the wire has a verb for it."""
    verb = open_verb()
    if verb is None or not stage.songs:
        return False
    stage.song += 1
    stage.client.ask(verb(file=stage.songs[stage.song % len(stage.songs)].name), Reply, 120.0)
    stage.client.refresh()
    return True


@action(2)
def save(stage: Stage) -> None:
    """Saves the patch file."""
    stage.client.save()


@action(0.5)
def record_and_save_a_take(stage: Stage) -> None:
    """Records a few seconds, or saves the last two minutes; the files are deleted."""
    if stage.rng.random() < 0.5:
        name = stage.client.record()
        sleep(2.0)
        stage.client.stop_recording()
    else:
        name = stage.client.save_take()
    deadline = monotonic() + FILE_SECONDS
    while not (stage.folder / name).exists() and monotonic() < deadline:
        sleep(0.05)
    (stage.folder / name).unlink(missing_ok=True)


# -- other clients ------------------------------------------------------------------------------------------------
@action(5)
def another_client_comes_and_goes(stage: Stage) -> None:
    """A client comes, edits in a gesture that it leaves open, and goes."""
    node, port = stage.knob()
    value = stage.value(port)
    with stage.other() as guest:
        guest.begin("Visit")
        guest.do(SetValue(node, port.name, value))


@action(3)
def a_client_watches(stage: Stage) -> None:
    """A client watches all there is, 30 times a second, for WATCH_SECONDS."""
    points = watched_points(stage.patch)

    def watch() -> None:
        with stage.other() as guest:
            for what in WATCHED:
                guest.watch(Watch(what=what, rate=30.0, points=points))
            sleep(WATCH_SECONDS)

    stage.beside(watch)


@action(1.5)
def a_client_stalls(stage: Stage) -> None:
    """A client asks for all there is, takes none of it for STALL_SECONDS, and is cut off in the middle of a message."""
    points = watched_points(stage.patch)

    stage.reconnects += 1

    def stall() -> None:
        with StalledClient(stage.url) as guest:
            for what in WATCHED:
                guest.send(Watch(what=what, rate=60.0, points=points))
            sleep(STALL_SECONDS)
            guest.cut()

    stage.beside(stall)
