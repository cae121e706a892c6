"""A judge of emoji pictures: a small classifier that has seen real renderings only.

    python -m benchmarks.judge.train RUN       train it (real renderings, seed 1), write judge.onnx
    python -m benchmarks.judge.score check     its own accuracy on renderings it never saw
    python -m benchmarks.judge.score model     does the shipped model draw what the prompts say?

It says what is in a picture: the thing, what it wears, holds or stands by, how many, on which
background. It is used to measure, never to train, guide or choose samples.
"""
