"""From a patch to a program, and what it will give: checks, compiler, clock, forecast. Nothing here knows torch."""
