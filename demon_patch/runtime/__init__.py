"""From a program to music: performer, live playing, the document of a performance, files and sound."""
