"""LoRA: files of every common trainer, their names and scales, merged into a model's weights."""
