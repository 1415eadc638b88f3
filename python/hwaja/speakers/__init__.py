"""Who speaks: voices, scores, turns within an utterance, and verdicts on enrolments.

Imports `vad`, `workers` and what stands below. Begin with `voices` (the enrolled) and `diarize`
(from embeddings to parts). `enroller` measures a take, `verdict` judges it.
"""
