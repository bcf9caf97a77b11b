"""Looks at everything that the program needs on this machine, and writes one report: `demon-patch doctor`.

A check (`findings.Check`) is a name and a function that returns findings; `checks.CHECKS` is the table of them. They
run in a process of their own (`apart`), so that a driver that hangs or crashes is a finding as well.
"""
