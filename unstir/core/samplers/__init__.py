"""From noise to data: one sampler a file, each a generator of `Step` along a path of levels.

A sampler meets arrays with ``+ - *`` and floats only, takes its randomness as `noise` and keeps
nothing between calls. Each states its COST, and the ORDER of its error in the size of the steps.
"""
