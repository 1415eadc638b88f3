"""The engines: sherpa-onnx and onnxruntime behind checks, on the processor that was asked for."""
