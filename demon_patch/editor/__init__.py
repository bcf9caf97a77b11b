"""The editor: a window on a running host, drawn with Dear PyGui. It imports no torch and owns no sound.

look/ colours, fonts, sizes and textures; layout/ from a patch to boxes and cables with places, and what lies under the
pointer; canvas/ camera and scene, the draw items; hands/ from pointer and keys to edits; link/ the connection to the
host; panels/ bar, song strip, popups and lists; window.py the loop, and the only thread that calls Dear PyGui.
"""
