# `make play` and `make test` are all that a fresh clone on a bare Debian machine needs.
# PYTHON may name another interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEBIAN := libportaudio2 python3-venv
DEBIAN_TESTS := jackd2 sonic-pi-samples gcc libc6-dev xvfb xdotool libgl1 libgl1-mesa-dri

.PHONY: play test check gallery bench debian clean

# In a window where there is a display; else in the terminal, or without a sound card into a file.
play: $(VENV)/.player
	@if [ -n "$$DISPLAY" ] || [ "$$(uname)" = Darwin ]; then $(BIN)/demon-patch; \
	else $(BIN)/demon-patch play patches/first-light.dpatch.json --out out; fi

test: $(VENV)/.developer
	@sh scripts/debian-packages $(DEBIAN_TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	printf 'Linux\nWindows\nDarwin\n' | xargs -P 2 -I SYSTEM $(BIN)/pyright --pythonplatform SYSTEM
	@sh scripts/tests $(BIN)/python

check: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	@sh scripts/tests $(BIN)/python 'not slow'

# Renders every patch to sound, pictures and one page, and measures what each is about; a few minutes.
gallery: $(VENV)/.player
	$(BIN)/demon-patch gallery patches --to out/gallery

bench: $(VENV)/.developer
	$(BIN)/demon-patch bench ring
	$(BIN)/demon-patch bench decode

# Installs Debian packages where it may: as root, or through sudo without a password; elsewhere it says what is missing.
debian:
	@sh scripts/debian-packages $(DEBIAN)

$(VENV)/bin/python: | debian
	$(PYTHON) -m venv $(VENV)

$(VENV)/.player: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[plots]"
	@touch $@

$(VENV)/.developer: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@ $(VENV)/.player

clean:
	rm -rf $(VENV) out
