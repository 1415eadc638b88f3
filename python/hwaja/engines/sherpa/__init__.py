"""sherpa-onnx behind the interfaces of the engines. Entry points: `offline`, `online`.

Only `library` imports sherpa_onnx, which ends the process on misuse: `model_checks` runs first.
"""
