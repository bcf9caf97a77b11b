"""Turns a patch into a program, and forecasts its engine ports: checks, compiler, clock, forecast. Nothing here imports
torch."""
