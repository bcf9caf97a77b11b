"""The dashboard: knobs, sliders, buttons and meters of the patch on a grid, to play from one place or a second
screen. All but the panel is pure."""
