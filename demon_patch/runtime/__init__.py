"""From a patch to running music: clock, compiler, program, forecast, performer."""
