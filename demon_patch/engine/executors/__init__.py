"""What runs a denoiser: PyTorch now, ONNX Runtime and TensorRT from the same contract."""
