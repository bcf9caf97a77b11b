"""Camera and scene: the draw items of the canvas, kept equal to the patch by differences."""
