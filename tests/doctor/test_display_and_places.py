"""What the doctor says of display, OpenGL, folders and shared memory."""

from __future__ import annotations

import ctypes.util
import shutil
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from demon_patch import shipped
from demon_patch.doctor import display, places
from demon_patch.doctor.findings import FAULT, FINE, WARNING
from demon_patch.runtime.audio import shared
from tests.support.findings import level_of, worst

posix = pytest.mark.skipif(sys.platform == "win32", reason="these faults are made on POSIX systems")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Linux machine without a display, whose sockets would lie in this folder."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(display, "SOCKETS", tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return tmp_path


def test_a_display(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert level_of(display.display(), "there is no display") == WARNING
    monkeypatch.setenv("DISPLAY", ":7.0")
    assert level_of(display.display(), "DISPLAY names a display that is not there") == WARNING
    (desk / "X7").touch()
    assert level_of(display.display(), "an X11 display") == FINE
    monkeypatch.setenv("DISPLAY", "secret-host:10.0")
    assert "secret" not in "".join(each.what for each in display.display())
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
    assert worst(display.display()) == WARNING
    (desk / "wayland-9").touch()
    assert worst(display.display()) == FINE
    monkeypatch.setattr(sys, "platform", "darwin")
    assert worst(display.display()) == FINE


SAID = "OpenGL vendor string: X\nOpenGL renderer string: {}\nOpenGL core profile version string: 4.6\n"


@posix
def test_opengl(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "find_library", lambda name: None)
    assert level_of(display.opengl(), "library is missing") == WARNING
    monkeypatch.setattr(display, "find_library", lambda name: "libGL.so.1")
    assert level_of(display.opengl(), "without a display") == WARNING
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setenv("PATH", str(desk))
    assert level_of(display.opengl(), "no program tells it") == FINE
    tool, shell = desk / "glxinfo", "/bin/sh"
    for renderer, level in (("GeForce", FINE), ("llvmpipe (LLVM 15)", WARNING)):
        tool.write_text(f"#!{shell}\nprintf '%s' '{SAID.format(renderer)}'\n")
        tool.chmod(0o755)
        assert level_of(display.opengl(), f"OpenGL 4.6, {renderer}") == level
    tool.write_text(f"#!{shell}\nexit 1\n")
    assert level_of(display.opengl(), "no OpenGL came of it") == WARNING


def test_the_real_search_for_opengl_ends_with_a_finding() -> None:
    assert ctypes.util.find_library is display.find_library
    assert len(list(display.opengl())) == 1


# -- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user whose every folder lies in this one."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("DEMON_PATCH_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setattr(shared, "folders", lambda: [tmp_path])
    return tmp_path


def test_folders_that_can_be_written_are_fine_and_stay_empty(home: Path) -> None:
    assert worst(places.files()) == FINE
    assert {path.name for path in home.rglob("*")} <= {"demon_patch"}


def test_folders_that_cannot_be_written_or_are_full(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "assets").write_text("a file where the folder should lie")
    assert level_of(places.files(), "the folder of assets") == WARNING

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("demon_patch.console.TemporaryFile", refuse)
    found = list(places.files())
    assert level_of(found, f"recordings and renders, {home}, cannot be written: Permission denied") == WARNING
    assert all(each.mend for each in found if each.level != FINE)


def test_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 10**6, 10**6))
    assert level_of(places.files(), "recordings and renders") == WARNING
    assert level_of(places.shared_memory(), "no room for a song") == FAULT


def test_no_folder_for_notes_and_no_patches(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.orphan, "folders", lambda: iter(()))
    monkeypatch.setattr(shipped, "folder", lambda: home / "none")
    found = list(places.files())
    assert level_of(found, "no folder for notes") == WARNING
    assert level_of(found, "no patch comes with the program") == WARNING


@posix
def test_shared_memory_in_use_left_over_and_of_another_version(home: Path) -> None:
    assert worst(places.shared_memory()) == FINE
    with shared.made(home, b"a", 100) as used:
        unused, old = home / f"{shared.NAME}1-ab", home / f"{shared.PREFIX}0-1-ab"
        for path in (unused, old):
            path.write_bytes(bytes(1_000_000))
        (home / f"{shared.NAME}link").symlink_to(old)
        found = list(places.shared_memory())
        assert level_of(found, "1 in use") == FINE
        assert level_of(found, "1 left over by a program that crashed: 1 MB") == WARNING
        assert level_of(found, "1 of another version") == WARNING
        assert [each.details for each in found[-2:]] == [(str(unused),), (str(old),)]
        assert all(path.exists() for path in (unused, old, Path(str(used.name))))  # it only looks
    shared.remove(Path(str(used.name)))


# -- model --------------------------------------------------------------------------------------------------------
