"""A check always ends with findings, in the same process and in one of its own that crashes, hangs or talks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.doctor.apart import examine
from demon_patch.doctor.checks import CHECKS
from demon_patch.doctor.findings import FAULT, FINE, WARNING, Check, Finding
from demon_patch.errors import DeviceError
from tests.support.paths import ROOT


def fine() -> list[Finding]:
    return [Finding(FINE, "it works", details=("a", "b"))]


def half() -> Iterator[Finding]:
    yield Finding(FINE, "so far")
    raise ValueError("odd\nnumber")


def mended() -> list[Finding]:
    raise DeviceError("no sound", mend="connect a card")


def leaves() -> list[Finding]:
    sys.exit("gone")


def test_an_error_of_a_check_is_a_finding_after_those_before_it() -> None:
    assert Check("a", fine).run() == fine()
    assert Check("a", half).run() == [
        Finding(FINE, "so far"),
        Finding(WARNING, "the check failed: ValueError: odd number"),
    ]
    assert Check("a", mended, vital=True).run() == [Finding(FAULT, "no sound", "connect a card")]
    assert Check("a", leaves).run() == [Finding(WARNING, "the check failed: SystemExit: gone")]
    assert [each.level for each in Check("a", list, vital=True).run()] == [FAULT]


PROCESS = """
import os, sys, time
sys.path.insert(0, {root!r})
from demon_patch.doctor.apart import serve
from demon_patch.doctor.findings import Check, Finding

def talks():
    os.write(1, b"a library talks\\n")
    print("and so does Python")
    return [Finding("fine", "it works")]

def crashes():
    os.write(2, b"the driver says why\\n")
    os.abort()

def hangs():
    time.sleep(600)

LOOKS = dict(talks=talks, crashes=crashes, hangs=hangs, again=talks, last=talks)
serve([Check(name, look) for name, look in LOOKS.items()], sys.argv[1:])
"""


def test_what_crashes_or_hangs_is_a_finding_and_the_others_go_on(tmp_path: Path) -> None:
    program = tmp_path / "checks.py"
    program.write_text(PROCESS.format(root=str(ROOT)))
    names = {"talks": 60.0, "crashes": 60.0, "again": 60.0, "hangs": 0.5, "last": 60.0}
    checks = [Check(name, fine, vital=name == "hangs", seconds=seconds) for name, seconds in names.items()]
    found = {check.name: findings for check, findings in examine(checks, [sys.executable, str(program)])}
    assert list(found) == list(names)
    works = [Finding(FINE, "it works")]
    assert found["talks"] == found["again"] == found["last"] == works
    (hang,), (crash,) = found["hangs"], found["crashes"]
    assert (hang.level, hang.what) == (FAULT, "the check failed: it did not end within 0.5 s")
    assert crash.level == WARNING
    assert "the process that ran it ended" in crash.what
    assert "the driver says why" in crash.details


def test_a_process_that_cannot_run_is_a_finding_of_every_check() -> None:
    found = list(examine([Check("a", fine), Check("b", fine, vital=True)], [sys.executable, "-c", "nonsense ="]))
    assert [each.level for _, findings in found for each in findings] == [WARNING, FAULT]
    assert "status 1" in found[0][1][0].what


def test_what_a_broken_process_prints_is_not_taken_for_findings() -> None:
    lines = ['{"check": "a", "findings": []}', '{"check": "b", "findings": [{"level": "odd"}]}', "[]", "3"]
    for line in lines:
        found = list(examine([Check("a", fine)], [sys.executable, "-c", f"print({line!r})"]))
        assert [each.level for _, findings in found for each in findings] == [WARNING], line


def test_every_check_of_the_table_has_another_name_and_a_function_that_is_there() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    quick = {check.name: check for check in CHECKS if check.name in ("program", "machine", "display", "files")}
    for name, check in quick.items():
        assert not any("AttributeError" in each.what for each in check.run()), name


@pytest.mark.parametrize("name", ["demon_patch.doctor.checks", "demon_patch.commands.doctor"])
def test_a_missing_library_breaks_only_the_checks_that_need_it(name: str) -> None:
    code = (
        f"import sys; sys.modules.update(dict.fromkeys(('torch', 'numpy', 'sounddevice', 'rtmidi'))); import {name};"
        "from demon_patch.doctor.checks import CHECKS;"
        "found = {c.name: c.run() for c in CHECKS if c.name != 'libraries'};"
        "assert found['program'][0].level == 'fine', found; assert found['model'][-1].level == 'fault', found;"
        "assert found['speed'][-1].level == 'fault', found; assert found['MIDI'][-1].level == 'warning', found;"
        "assert found['machine'][0].level == 'fine', found; assert found['sound'][-1].level == 'fault', found"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
