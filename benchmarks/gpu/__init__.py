"""Measures the real model on a GPU, with random weights at full size or with a checkpoint, in one command.

    python -m benchmarks.gpu --size 2b --out 2b.json

It prints one table and writes JSON with the GPU, its driver and the versions of the libraries. `--size tiny` runs every
measurement in seconds, also on a processor: so CI runs it. Figures of a GPU are missing until someone runs it on one.
"""
