"""LoRA: reads the files of every common trainer and merges them into a model's weights."""
