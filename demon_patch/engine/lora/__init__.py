"""LoRA: reads the files of every common trainer, and plays them beside a model's weights."""
