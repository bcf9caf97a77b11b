"""The training of the network of `engine.sound.strokes`, from nothing to a file of weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from demon_patch.engine.sound import strokes
from demon_patch.engine.sound.strokes import BANDS, LOOKS, PARTS, PAST
from demon_patch.engine.tensor_file import TensorFile
from demon_patch.nodes.library.analysis.analysis import onset
from tests.support.nodes_by_hand import played
from tools.train_nano import drums, mixed, one_shots
from tools.train_nano import strokes as training
from tools.train_nano.beats import FRAMES, example, mark, without_hidden

SHIPPED = Path(strokes.__file__).with_suffix(".safetensors")


SHORT = ("--sequences", "5", "--steps", "2", "--settling", "2")


def run(folder: Path, *more: str) -> Path:
    out = folder / "strokes.safetensors"
    training.main(["--out", str(out), *SHORT, *more])
    return out


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_TUNING", 2)
    monkeypatch.setattr(training, "_BATCH", 8)
    for name, count in (("_SOUNDS", 8), ("_BESIDE", 2), ("_FLOORS", 1)):
        monkeypatch.setattr(mixed, name, count)
    monkeypatch.setattr(training, "_ROUND", 2)


def test_one_command_trains_from_nothing_and_says_of_what(tmp_path: Path) -> None:
    file = TensorFile(run(tmp_path, "--seed", "3"))
    assert {name: stored.shape for name, stored in file.tensors.items()} == {
        name: stored.shape for name, stored in TensorFile(SHIPPED).tensors.items()
    }
    assert {stored.kind for stored in file.tensors.values()} == {"F16"}
    assert file.metadata["recipe"] == training.RECIPE
    assert (file.metadata["seed"], file.metadata["sequences"], file.metadata["step"]) == ("3", "5", "4")
    assert all(0.2 <= float(at) <= 0.9 for at in file.metadata["thresholds"].split())


def test_a_run_that_was_stopped_goes_on_and_ends_alike(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = TensorFile(run(tmp_path / "whole"))
    run(tmp_path / "parts", "--minutes", "0")  # makes what it needs, and stops
    for until in (1, 3):  # while it learns, and while it settles
        stopped = training.Training(training.arguments(["--out", str(tmp_path / "parts" / "strokes.safetensors"),
                                                        *SHORT]))  # fmt: skip
        stopped.run(until)
        stopped.keep()
    parts = TensorFile(run(tmp_path / "parts"))
    assert parts.metadata == whole.metadata
    for name in whole.tensors:
        np.testing.assert_array_equal(parts.read(name), whole.read(name))


def test_the_weights_are_the_mean_of_those_since_they_settle(tmp_path: Path) -> None:
    given = ["--out", str(tmp_path / "strokes.safetensors"), "--sequences", "5", "--steps", "1", "--settling", "3"]
    run = training.Training(training.arguments(given))
    steps = []
    for step in range(1, 5):
        run.run(step)
        steps.append(run.net.i.weight.detach().numpy().copy())
    run.save([0.5, 0.5, 0.5])
    weight = TensorFile(tmp_path / "strokes.safetensors").read("i.weight")
    mean = np.mean(steps[1:], axis=0)
    assert np.abs(weight - mean).mean() <= 0.1 * np.abs(steps[-1] - mean).mean()


def test_a_threshold_is_where_missed_and_false_strokes_sum_to_the_least() -> None:
    truth = np.zeros((FRAMES, len(PARTS)), np.int8)
    truth[10:FRAMES:20] = 1
    sure, other = np.flatnonzero(truth[:, 0] == 1), np.arange(20, FRAMES, 20)

    class Fixed(torch.nn.Module):
        def forward(self, heard: torch.Tensor) -> torch.Tensor:
            probability = torch.full((len(heard), FRAMES, len(PARTS)), 0.01)
            probability[:, sure] = torch.tensor([0.77, 0.52, 0.92])
            probability[:, other] = torch.tensor([0.68, 0.43, 0.83])
            return torch.logit(probability)

    heard = np.zeros((FRAMES, LOOKS * BANDS), np.float16)
    tuning = training.Tuning([(heard, np.ones((FRAMES, len(PARTS)), np.float16), truth, False)] * 2)
    cases, thresholds = tuning.best(Fixed())
    np.testing.assert_allclose(thresholds, [0.75, 0.5, 0.9], atol=0.051)
    assert 1 / 3 <= cases <= 1.0
    assert training.least(np.array([3.0, 0.0, 3.0, 1.1, 1.0, 1.1, 3.0])) == 4  # not the one that stands alone


def test_the_weights_that_are_shipped_are_of_this_recipe_and_small() -> None:
    file, run = TensorFile(SHIPPED), training.arguments(["--out", ""])
    assert file.metadata["recipe"] == training.RECIPE
    told = tuple(int(file.metadata[name]) for name in ("seed", "sequences", "steps", "settling"))
    assert told == (run.seed, run.sequences, run.steps, run.settling)
    assert int(file.metadata["step"]) == run.steps + run.settling
    assert SHIPPED.stat().st_size <= 150_000


def test_what_is_trained_is_what_is_played(tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = training.Net()
    path = tmp_path / "net.safetensors"
    training.saved(net, [0.3, 0.5, 0.8], path, {})
    plain = strokes._Network(path)
    looks = np.random.default_rng(2).uniform(-1, 1, (90, LOOKS * BANDS))
    shown, memory = np.full((1 + PAST) * LOOKS * BANDS, -1.0), plain.begun()
    with torch.no_grad():
        logits = net(torch.from_numpy(looks).float()[None])[0]
        wanted = torch.sigmoid(logits - torch.logit(torch.tensor([0.3, 0.5, 0.8]))).numpy()
    for frame, look in enumerate(looks):
        shown = np.concatenate([look, shown[: -len(look)]])
        found, memory = plain.step(shown, memory)
        np.testing.assert_allclose(found, wanted[frame], atol=2e-3)


def test_cases_are_counted_as_the_onset_node_strikes() -> None:
    rng = np.random.default_rng(5)
    probability, level = rng.uniform(0, 1, 300) * (rng.random(300) < 0.3), rng.uniform(0.2, 1, 300)
    x = np.where(probability >= 0.5, np.clip(0.5 * level, 0.03, 0.5), 0.05 * probability)
    rises = played(onset, 300, hears="low", low=x, middle=np.zeros(300), high=np.zeros(300), flux=np.zeros(300))[1]
    hits = set(np.flatnonzero(rises).tolist())
    wanted = training.told(probability, level, 0.5).tolist()
    fallen = [n for n in wanted if n not in hits]
    assert all(x[n] <= x[n - 1] for n in fallen)  # the node also wants growth, which strokes apart have
    assert len(fallen) <= 0.15 * len(wanted)
    assert training.found_and_false(np.array([4, 9, 20]), np.eye(1, 30, 4, dtype=np.int8)[0]) == (
        1.0,
        pytest.approx(2 / 3),
    )


def test_a_stroke_is_told_in_its_frame_or_the_next() -> None:
    truth = np.zeros((FRAMES, len(PARTS)), np.int8)
    per = 1280
    mark(truth, [10 * per, 20 * per + per // 2, 30 * per + per - 1], 1)
    assert np.flatnonzero(truth[:, 1] == 1).tolist() == [10, 21, 31]
    assert np.flatnonzero(truth[:, 1] == -1).tolist() == [11, 20, 30]
    assert not truth[:, [0, 2]].any()


@pytest.mark.parametrize("at", [0, 100, 5000, 12_345])
def test_a_stroke_that_is_put_together_looks_like_one_that_is_heard(at: int) -> None:
    sound = drums.snare(np.random.default_rng(4))
    whole = np.zeros(20 * 1280)
    whole[at : at + len(sound)] = sound[: len(whole) - at]
    heard, _ = strokes.Heard(32_000, 1280).push(whole.reshape(20, 1280))
    energy = np.zeros((20 * LOOKS, BANDS))
    mixed.add(energy, at, mixed.looks_of(sound))
    put, _ = strokes.shapes_of(energy.reshape(20, LOOKS, BANDS))
    assert np.sqrt(np.mean((35 * (put - heard)) ** 2)) <= 2.0  # dB; it is 1/6 of a look off at most
    assert np.median(np.abs(35 * (put - heard))) <= 0.5


def test_beats_that_are_put_together_are_their_seed_and_all_different() -> None:
    bank, again = (mixed.Bank((1, 4), ()) for _ in range(2))
    first, same, other = (
        found.beat(np.random.default_rng(seed), 200) for found, seed in ((bank, 1), (again, 1), (bank, 2))
    )
    assert first[0].shape == (200, LOOKS * BANDS)
    assert np.array_equal(first[0], same[0])
    assert not np.array_equal(first[0], other[0])
    assert np.ptp(first[0]) > 0.5


def test_a_hat_under_a_snare_is_neither_right_nor_wrong_until_one_was_heard_without() -> None:
    truth = np.zeros((60, len(PARTS)), np.int8)
    truth[[10, 20, 30, 40], 1] = 1
    truth[[0, 30], 0] = 1
    truth[[10, 21, 25, 30, 40], 2] = 1
    truth[11, 2] = -1
    made = without_hidden(truth)
    assert np.flatnonzero(made[:, 2] == 1).tolist() == [25, 30, 40]
    assert np.flatnonzero(made[:, 2] == -1).tolist() == [10, 11, 21]
    np.testing.assert_array_equal(made[:, :2], truth[:, :2])
    truth[25, 2] = 0  # none without
    assert not (without_hidden(truth)[:, 2] == 1).any()


def test_a_hat_told_under_a_snare_counts_more_before_the_first_hat() -> None:
    truth = torch.zeros(1, 30, len(PARTS), dtype=torch.int8)
    truth[0, [5, 25], 1] = 1
    truth[0, 15, 2] = 1
    others = torch.tensor([False])

    def cost(frame: int, unheard: float) -> float:
        """What it costs to tell a high stroke in this frame."""
        logits = torch.full((1, 30, len(PARTS)), -4.0)
        quiet = training.loss(logits, truth, others, unheard)
        logits[0, frame, 2] = 4.0
        return float(training.loss(logits, truth, others, unheard) - quiet)

    assert cost(5, 8.0) == pytest.approx(8 * cost(5, 1.0), rel=1e-4)
    for frame in (10, 20, 25):  # without a snare; after the hat; under a snare after it
        assert cost(frame, 8.0) == pytest.approx(cost(frame, 1.0), rel=1e-4)


def test_while_the_weights_settle_more_sounds_begin_in_silence_with_a_snare_alone() -> None:
    bank = mixed.Bank((1, 4), ())

    def alone(odds: mixed.Odds) -> int:
        """Of 300 beats, those whose first stroke is a middle one by itself after silence."""
        count = 0
        for seed in range(300):
            heard, truth = bank.beat(np.random.default_rng(seed), 200, odds)
            first = int((truth == 1).any(axis=1).argmax())
            count += first > 1 and heard[: first - 1].max() == -1 and (truth[first] == 1).tolist() == [0, 1, 0]
        return count

    assert alone(mixed.CLEAR) >= 2 * alone(mixed.USUAL) > 0


def test_an_example_is_its_seed_and_the_groups_share_no_one_shot() -> None:
    first, again, other = (example((1, 1, n), "", one_shots.LEARNT) for n in (7, 7, 8))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    names = [name for group in (one_shots.LEARNT, one_shots.TUNED, one_shots.HELD) for part in group for name in part]
    assert len(names) == len(set(names))
