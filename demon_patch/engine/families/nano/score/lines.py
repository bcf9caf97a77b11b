"""The tonal parts of a score: bass, chords, arpeggio and lead."""

from __future__ import annotations

from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.feel import STEPS, Feel
from demon_patch.engine.families.nano.score.habits import ARPS, HABITS
from demon_patch.engine.families.nano.score.notes import Note
from demon_patch.engine.families.nano.score.plan import Plan

_STRUM_SECONDS = 0.018
_BASS_LOWEST = 28
_BASS_LOW, _ARP_LOW, _LEAD_LOW, _LEAD_HIGH = 36, 60, 60, 87


def draw_bass(draws: Draws, plan: Plan, feel: Feel) -> list[Note]:
    """Returns the notes of the bass line: a figure of a bar, sometimes another in every second bar."""
    figures = [_bass_figure(draws, plan) for _ in range(2)]
    alternate = draws.chance(0.3)
    low = _BASS_LOW - draws.pick((0, 0, 3, 5, 8))
    gate = draws.pick((0.5, 0.8, 0.95, 1.0))
    figure_of = [figures[plan.place(bar) % 2 if alternate else 0] for bar in range(plan.bars)]
    fixed = {place: draws.pick("1358") for place in range(STEPS)}
    line: list[tuple[int, str]] = []
    for bar in range(plan.bars):
        if plan.plays(bar, "bass"):
            marks = enumerate(figure_of[bar])
            line += [(bar * STEPS + at, fixed[at] if mark == "~" else mark) for at, mark in marks if mark != "."]
    found = []
    for number, (step, mark) in enumerate(line):
        gap = _gap([at for at, _ in line], number, plan.bars * STEPS, 2 * STEPS)
        root = plan.tonality.near(plan.chords[plan.chord_number(step)].degree, low)
        if mark == "^":
            following = plan.chords[plan.chord_number(step + max(gap, 1))].degree
            pitch = plan.tonality.near(following, low) - draws.pick((1, 2))
        else:
            steps = int(mark) - 1
            degree = plan.chords[plan.chord_number(step)].degree
            pitch = root + plan.tonality.semitones(degree + steps) - plan.tonality.semitones(degree)
        pitch += 12 if pitch < _BASS_LOWEST else 0
        level = draws.between(0.75, 1.0)
        length = feel.length(gap * gate)
        found.append(Note("bass", feel.time("bass", step), length, pitch, feel.velocity("bass", level, step)))
    return found


def _bass_figure(draws: Draws, plan: Plan) -> str:
    if not plan.free_rhythms:
        return draws.pick(HABITS[plan.style].bass)
    odds = draws.between(0.15, 0.6)
    return "".join(draws.pick("11583~") if n == 0 or draws.chance(odds) else "." for n in range(STEPS))


def _gap(steps: list[int], number: int, total: int, most: int) -> int:
    """Returns the steps from a note to the next one, round the loop, at most `most`."""
    gap = (steps[(number + 1) % len(steps)] - steps[number]) % total or total
    return min(gap, most)


def draw_chords(draws: Draws, plan: Plan, feel: Feel) -> list[Note]:
    """Returns the notes of the chords, held, struck, strummed or broken."""
    manner, rhythm = (draws.pick(HABITS[plan.style].chords) + " ").split(" ", 1)
    rhythm = rhythm.strip()
    if plan.free_rhythms and draws.chance(0.6):
        manner = draws.pick("hsrb")
        rhythm = "".join("x" if n == 0 or draws.chance(0.22) else "." for n in range(STEPS))
    if manner == "h":
        return _held(draws, plan, feel)
    gate = draws.between(0.25, 0.7) if manner == "s" else draws.between(0.8, 1.0)
    bars = [bar for bar in range(plan.bars) if plan.plays(bar, "chords")]
    steps = [bar * STEPS + at for bar in bars for at, mark in enumerate(rhythm) if mark == "x"]
    found: list[Note] = []
    turn, upward = 0, True
    for number, step in enumerate(steps):
        keys = plan.voicings[plan.chord_number(step)]
        gap = min(_gap(steps, number, plan.bars * STEPS, STEPS), 8 * plan.half_bars - step % (8 * plan.half_bars))
        time = feel.time("chords", step)
        if manner == "b":
            key = keys[turn % len(keys)]
            turn += 1
            sounding = min(4 * gap, STEPS)
            found.append(_chord_note(draws, feel, time, feel.length(sounding), key, step))
            continue
        ordered = keys if upward or manner == "s" else keys[::-1]
        upward = not upward or draws.chance(0.4)
        for voice, key in enumerate(ordered):
            late = voice * _STRUM_SECONDS if manner == "r" else abs(draws.bell(feel.spread * 0.3))
            found.append(_chord_note(draws, feel, (time + late) % feel.seconds, feel.length(gap * gate), key, step))
    return found


def _held(draws: Draws, plan: Plan, feel: Feel) -> list[Note]:
    """Returns the notes of chords that each sound until the next one."""
    found: list[Note] = []
    size = 8 * plan.half_bars
    total = plan.bars * STEPS
    offset = plan.place(0) * STEPS % size
    starts = sorted({0, *range((size - offset) % size, total, size)})
    for number, step in enumerate(starts):
        length = (starts[number + 1] if number + 1 < len(starts) else total) - step
        if plan.plays(step // STEPS, "chords"):
            time = feel.time("chords", step)
            for key in plan.voicings[plan.chord_number(step)]:
                late = abs(draws.bell(feel.spread * 0.5))
                note = _chord_note(draws, feel, (time + late) % feel.seconds, feel.length(length * 0.97), key, step)
                found.append(note)
    return found


def _chord_note(draws: Draws, feel: Feel, time: float, length: float, key: int, step: int) -> Note:
    return Note("chords", time, length, key, feel.velocity("chords", draws.between(0.6, 0.85), step))


def draw_arp(draws: Draws, plan: Plan, feel: Feel) -> list[Note]:
    """Returns the notes of the arpeggio: single tones of the chords, in a fixed order or at random."""
    rhythm = draws.pick(ARPS)
    if plan.free_rhythms:
        odds = draws.between(0.3, 0.8)
        rhythm = "".join(draws.pick("xo") if draws.chance(odds) else "." for _ in range(STEPS))
    order = draws.pick(("up", "down", "both", "random", "fixed"))
    octaves, low = draws.pick((1, 2, 2)), _ARP_LOW + draws.pick((-12, 0, 0, 0))
    gate = draws.between(0.5, 2.0)
    fixed = [draws.whole(0, 7) for _ in range(8)]
    found: list[Note] = []
    count = 0
    for step in range(plan.bars * STEPS):
        mark = rhythm[step % STEPS] if step % STEPS < len(rhythm) else "."
        if mark == "." or not plan.plays(step // STEPS, "arp"):
            continue
        tones = sorted(low + (key - low) % 12 for key in plan.voicings[plan.chord_number(step)])
        tones = [tone + 12 * octave for octave in range(octaves) for tone in dict.fromkeys(tones)]
        turn = len(tones)
        round_trip = [*range(turn), *range(turn - 2, 0, -1)] or [0]
        index = {
            "up": count % turn,
            "down": turn - 1 - count % turn,
            "both": round_trip[count % len(round_trip)],
            "random": draws.whole(0, turn - 1),
            "fixed": fixed[count % 8] % turn,
        }[order]
        count += 1
        level = 0.85 if mark == "x" else 0.5
        time, velocity = feel.time("arp", step), feel.velocity("arp", level, step)
        found.append(Note("arp", time, feel.length(gate), tones[index], velocity))
    return found


def draw_lead(draws: Draws, plan: Plan, feel: Feel) -> list[Note]:
    """Returns the notes of a melody of two-bar motifs: a question, an answer and repeats.

    Tones of the chord are on strong steps.
    """
    sparse, dense = HABITS[plan.style].notes
    density = draws.between(sparse, dense)
    motifs = [_motif(draws, density, plan.free_melody) for _ in range(2)]
    form = draws.pick(("aaba", "abab", "aabb", "abaa", "aaab", "aaaa"))
    low = _LEAD_LOW + draws.pick((0, 2, 5, 7, 12))
    legato = draws.between(0.6, 1.0)
    line: list[tuple[int, int]] = []
    for bar in range(plan.bars):
        if not plan.plays(bar, "lead"):
            continue
        place = plan.place(bar)
        motif = motifs["ab".index(form[place // 2 % 4])]
        for at, degree in motif.items():
            if at // STEPS == place % 2:
                line.append((bar * STEPS + at % STEPS, degree))
    found = []
    for number, (step, written) in enumerate(line):
        gap = _gap([at for at, _ in line], number, plan.bars * STEPS, 12)
        chord = plan.chords[plan.chord_number(step)]
        tones = [chord.degree + tone for tone in (0, 2, 4, 7, -3, -5, 9)]
        strong = step % 8 == 0 and not plan.free_melody
        degree = _nearest(tones, written) if strong else written
        pitch = low + plan.tonality.semitones(degree) - plan.tonality.key + (plan.tonality.key - low) % 12
        while pitch > _LEAD_HIGH:
            pitch -= 12
        level = draws.between(0.7, 1.0)
        length, velocity = feel.length(gap * legato), feel.velocity("lead", level, step)
        found.append(Note("lead", feel.time("lead", step), length, pitch, velocity))
    return found


def _nearest(degrees: list[int], wanted: int) -> int:
    return min(degrees, key=lambda degree: (abs(degree - wanted), degree))


def _motif(draws: Draws, density: float, free: bool) -> dict[int, int]:
    """Returns a motif: the scale degree of each of its notes by the step, 0 to 31, at which it begins."""
    weights = [1.0 if n % 4 == 0 else 0.7 if n % 2 == 0 else 0.3 for n in range(2 * STEPS)]
    scale = density * len(weights) / sum(weights)
    found: dict[int, int] = {}
    degree = draws.whole(0, 6)
    steps = [draws.whole(-4, 4) for _ in range(4)]
    for n, weight in enumerate(weights):
        if n == 0 or draws.chance(density if free else weight * scale):
            found[n] = degree
            move = steps[n % 4] if free else draws.pick((-3, -2, -1, 0, 1, 2, 3), (1, 2, 4, 2, 4, 2, 1))
            degree = min(max(degree + move, -3), 10)
    return found
