"""`ChunkStep`, which runs one denoising step of a chunk: forwards, conditions, guidance, effects, the next timestep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from demon_patch.engine.contracts import Executor, FamilySpec
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.steering.vector import Steering
from demon_patch.engine.step import formulas, wavelet
from demon_patch.engine.step.chunk_rows import ChunkRows, Row
from demon_patch.engine.step.effects import EFFECTS
from demon_patch.engine.step.second_order import SecondOrder
from demon_patch.engine.step.velocity import Velocity

__all__ = ["ChunkStep", "Row"]


class ChunkStep:
    """Runs denoising steps of chunks of slots of equal length, with buffers that are allocated once.

    A bucket of 1 works on the slots' own memory. A larger bucket gathers its slots, fills idle rows with copies of the
    last slot, and copies the results back. Where slots of a chunk use different features, per-row factors keep each
    feature away from the slots that do not use it, so a slot's result does not depend on its neighbours.

    rows: one more than the highest prompt place that is read.
    watch: whether each slot's predicted clean latent is kept in `Slot.clean`.
    """

    def __init__(self, executor: Executor, spec: FamilySpec, noise: NoiseBank, rows: int) -> None:
        self.watch = False  # whether each slot's clean prediction is kept
        self._executor = executor
        self._chunk = ChunkRows(spec, noise)
        self._velocity = Velocity(executor, self._chunk, rows)
        self._second_order = SecondOrder(self._chunk)
        self._zero = torch.zeros(1, 1, 1, device=noise.device)
        self._one = torch.ones(1, 1, 1, device=noise.device)

    def advance(self, live: Sequence[Row], values: Mapping[str, Tensor | str]) -> None:
        """Runs one denoising step of 1 to `bucket` slots of equal length; changes their latents and their `step`.

        values: the step values of this tick, for all n slots in flight.
        """
        rows = [*live, *[live[-1]] * (self._executor.bucket - len(live))]
        chunk = self._chunk
        chunk.load(rows, values)
        x = chunk.gather("x", lambda slot: slot.x[None])
        t = chunk.gather("t", lambda slot: slot.times.at[slot.step : slot.step + 1])
        mask = self._mask()
        start = x if mask is None else self._keep_source(x, mask, t, out=chunk.buffers.like("start", x))
        v = self._velocity.predict(start, len(live))
        renoised = self._renoised()
        noised = self._step(start, self._second_order.velocity(v, renoised), t, mask, renoised, x)
        self._second_order.keep(v, len(live), noised)
        for at, (_, slot) in enumerate(live):
            if len(rows) > 1:
                slot.x.copy_(x[at])
            slot.step += 1

    @property
    def steering(self) -> Sequence[Steering]:
        """Returns the vectors that the step value `steer_depth` means."""
        return self._velocity.steering

    @steering.setter
    def steering(self, vectors: Sequence[Steering]) -> None:
        self._velocity.steering = vectors

    def release(self) -> None:
        """Frees the buffers, because slots of another length follow. They are allocated again when needed."""
        self._chunk.buffers.release()

    def _step(
        self, x: Tensor, v: Tensor, t: Tensor, mask: Tensor | None, renoised: Sequence[bool], out: Tensor
    ) -> list[bool]:
        """Computes the latents at the next timesteps and writes them to `out`, [R, T, C]. Returns for each row whether
        fresh noise is in its new latent.

        x: the latents at the timesteps t, [R, T, C]. v: the velocities that lead from them, [R, T, C]. t: [R, 1, 1].
        mask: [R, 1 | T, 1], or None if no row has one. renoised: see `_renoised`.
        """
        chunk = self._chunk
        t_next = chunk.gather("t_next", lambda slot: slot.times.at[slot.step + 1 : slot.step + 2])
        correction = self._correction()
        predicted = None if correction is None else formulas.x0_of(x, v, t, out=chunk.buffers.like("predicted", x))
        scale = chunk.value("velocity_scale")
        x0 = formulas.x0_of(x, v, chunk.scaled("scaled", t, scale), out=chunk.buffers.like("x0", x))
        if mask is not None:
            formulas.masked(x0, self._sources(), mask, out=x0)
        for effect in EFFECTS:
            effect(chunk, x0)
        self._source_blend(x0)
        if self.watch:
            for at, slot in enumerate(chunk.slots):
                slot.clean = torch.empty_like(slot.x) if slot.clean is None else slot.clean
                slot.clean.copy_(x0[at])
        share = torch.div(t_next, t, out=chunk.buffers.like("share", t))
        if any(renoised):
            fresh = chunk.noise(Stream.SDE)
            kept = fresh if all(renoised) else self._choose_rows("kept", renoised, fresh, x)
            share = t_next if all(renoised) else self._choose_rows("mixed share", renoised, t_next, share)
        else:
            kept = x
        amount = chunk.value("ode_noise")
        if amount is not None and not all(renoised):
            given = chunk.given("ode_noise")
            assert given is not None
            amount = chunk.where("ode_noise_rows", [not flag for flag in renoised], amount, self._zero)
            noised = [flag or self._adds_noise(given, at) for at, flag in enumerate(renoised)]
            noise, amount = chunk.noise(Stream.ODE), chunk.scaled("scaled", t_next, amount)
        else:
            noise, noised = None, list(renoised)
        formulas.step(x0, kept, share, out=out)
        if noise is not None and amount is not None:
            formulas.ode_noise(out, noise, amount, out=out)
        if correction is not None and predicted is not None:
            wavelet.correct(out, predicted, t, correction, chunk.buffers)
            if mask is not None:
                self._keep_source(out, mask, t_next, out=out)
        return noised

    def _mask(self) -> Tensor | None:
        """Returns each row's mask at its step, [R, 1 | T, 1]: 1 generates, 0 keeps the source. A row without a mask has
        1. None if no row has a mask."""
        chunk, one = self._chunk, self._one
        masks = [slot.request.controls.curve("mask") for slot in chunk.slots]
        if all(mask is None for mask in masks):
            return None
        mask = chunk.collect("mask", [one if mask is None else mask[None, :, None] for mask in masks])
        growths = [slot.request.controls.number("mask_growth") for slot in chunk.slots]
        if not any(growths):
            return mask
        opening = [
            1.0 if mask is None else formulas.opening(slot.position, slot.request.plan.steps, growth)
            for slot, mask, growth in zip(chunk.slots, masks, growths, strict=True)
        ]
        return chunk.scaled("mask opening", mask, chunk.scalars("opening", opening))

    def _keep_source(self, x: Tensor, mask: Tensor, t: Tensor, out: Tensor) -> Tensor:
        """Returns mask * x + (1 - mask) * the source at timestep t, [R, T, C], written to `out`. The noise in the
        source is that of `Stream.MASK` at step 0."""
        noise = self._chunk.noise(Stream.MASK, 0)
        source = formulas.initial(noise, self._sources(), t, out=self._chunk.buffers.like("kept source", noise))
        return formulas.masked(x, source, mask, out=out)

    def _sources(self) -> Tensor:
        return self._chunk.gather(
            "source", lambda slot: (slot.x if slot.request.source is None else slot.request.source)[None]
        )

    def _renoised(self) -> list[bool]:
        """Returns for each row whether its clean prediction is re-noised: with the solver sde, and where source blend
        is on and the row has a source."""
        sde, blend = self._chunk.option("solver") == "sde", self._chunk.value("source_blend") is not None
        return [sde or (blend and slot.request.source is not None) for slot in self._chunk.slots]

    @staticmethod
    def _adds_noise(amount: Tensor, at: int) -> bool:
        """Returns whether an amount of noise [1 | R, 1 | T, 1] is above 0 anywhere in a row. On devices other than the
        CPU it is not read, and counts as noise."""
        return amount.device.type != "cpu" or bool(amount.numpy()[at if len(amount) > 1 else 0].any())

    def _source_blend(self, x0: Tensor) -> None:
        """Blends x0 [R, T, C] with the sources, in place, where source blend is on and the row has a source."""
        blend = self._chunk.value("source_blend")
        blended = [slot.request.source is not None for slot in self._chunk.slots]
        if blend is not None and any(blended):
            w = self._chunk.where("w", blended, blend, self._one)
            formulas.source_blend(x0, self._sources(), w, out=x0)

    def _correction(self) -> wavelet.Correction | None:
        chunk = self._chunk
        mode = chunk.option("dcw")
        if mode == "off":
            return None
        return wavelet.Correction(
            mode,
            chunk.option("dcw_wavelet"),
            chunk.setting("dcw_low"),
            chunk.setting("dcw_high"),
            chunk.fader("dcw_multiply"),
            chunk.fader("dcw_phase"),
            chunk.fader("dcw_soft"),
        )

    def _choose_rows(self, name: str, flags: Sequence[bool], yes: Tensor, no: Tensor) -> Tensor:
        """Returns [R, ...]: row by row, `yes` if the row's flag is set, else `no`. Both have R rows."""
        rows = [(yes if flag else no)[at : at + 1] for at, flag in enumerate(flags)]
        return self._chunk.collect(name, rows)
