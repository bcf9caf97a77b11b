"""Drops files on a window of an X server, as a file manager does (XDND): python drop_file.py WINDOW X Y PATH ..."""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path

from tests.support.close_window import Message

SELECTION_REQUEST, SELECTION_NOTIFY, CLIENT_MESSAGE = 30, 31, 33
CURRENT, ATOM, VERSION = 0, 4, 5
PATIENCE = 15.0  # seconds


class Asked(ctypes.Structure):
    """XSelectionRequestEvent, padded to the size of XEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("owner", ctypes.c_ulong), ("requestor", ctypes.c_ulong), ("selection", ctypes.c_ulong),
        ("target", ctypes.c_ulong), ("property", ctypes.c_ulong), ("time", ctypes.c_ulong),
        ("rest", ctypes.c_long * 24),
    ]  # fmt: skip


class Given(ctypes.Structure):
    """XSelectionEvent, padded to the size of XEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("requestor", ctypes.c_ulong), ("selection", ctypes.c_ulong), ("target", ctypes.c_ulong),
        ("property", ctypes.c_ulong), ("time", ctypes.c_ulong), ("rest", ctypes.c_long * 16),
    ]  # fmt: skip


def drop(window: int, at: tuple[int, int], paths: list[Path]) -> bool:
    """Drops files on a pixel of the screen; returns whether the window has taken them."""
    x = ctypes.CDLL("libX11.so.6")
    handle, number, whole = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int
    x.XOpenDisplay.restype = handle
    x.XInternAtom.restype, x.XInternAtom.argtypes = number, (handle, ctypes.c_char_p, whole)
    x.XSendEvent.argtypes = (handle, number, whole, ctypes.c_long, handle)
    x.XDefaultRootWindow.restype, x.XDefaultRootWindow.argtypes = number, (handle,)
    x.XCreateSimpleWindow.restype = number
    x.XCreateSimpleWindow.argtypes = (handle, number, whole, whole, whole, whole, whole, number, number)
    x.XSetSelectionOwner.argtypes = (handle, number, number, number)
    x.XChangeProperty.argtypes = (handle, number, number, number, whole, whole, ctypes.c_char_p, whole)
    x.XPending.argtypes = x.XFlush.argtypes = x.XCloseDisplay.argtypes = (handle,)
    x.XNextEvent.argtypes = (handle, handle)
    display = x.XOpenDisplay(None)

    def atom(name: str) -> int:
        return x.XInternAtom(display, name.encode(), 0)

    def send(name: str, *data: int) -> None:
        event = Message(type=CLIENT_MESSAGE, display=display, window=window, format=32)
        event.message_type = atom(name)
        event.data[:] = [own, *data, *(0,) * (4 - len(data))]
        x.XSendEvent(display, window, 0, 0, ctypes.byref(event))
        x.XFlush(display)

    own = x.XCreateSimpleWindow(display, x.XDefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0)
    x.XSetSelectionOwner(display, atom("XdndSelection"), own, CURRENT)
    text = "".join(f"{path.resolve().as_uri()}\r\n" for path in paths).encode()
    send("XdndEnter", VERSION << 24, atom("text/uri-list"))
    send("XdndPosition", 0, at[0] << 16 | at[1], CURRENT, atom("XdndActionCopy"))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not x.XPending(display):
            time.sleep(0.01)
            continue
        event = Asked()
        x.XNextEvent(display, ctypes.byref(event))
        if event.type == SELECTION_REQUEST:
            kind = atom("text/uri-list")
            x.XChangeProperty(display, event.requestor, event.property, kind, 8, 0, text, len(text))
            given = Given(type=SELECTION_NOTIFY, display=display, requestor=event.requestor, selection=event.selection)
            given.target, given.property, given.time = event.target, event.property, event.time
            x.XSendEvent(display, event.requestor, 0, 0, ctypes.byref(given))
            x.XFlush(display)
        elif event.type == CLIENT_MESSAGE:
            told = Message.from_buffer_copy(event)
            if told.message_type == atom("XdndStatus"):
                send("XdndDrop", 0, CURRENT)
            elif told.message_type == atom("XdndFinished"):
                x.XCloseDisplay(display)
                return True
    return False


if __name__ == "__main__":
    taken = drop(int(sys.argv[1]), (int(sys.argv[2]), int(sys.argv[3])), [Path(each) for each in sys.argv[4:]])
    sys.exit(0 if taken else 1)
