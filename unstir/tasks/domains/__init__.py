"""What is measured of samples that are no pictures: a file for each kind of model.

Each has `DATA` (what the training set is called) and `building()`, which fetches it; samples that
are `drawn(model, n, seed, **asked)` or `read(path)`; `known()`, what is not new;
`controls(samples)`, as many real ones that no training saw and ones that are bad on purpose;
`figures(samples, seen)`.
`measure.py` puts them beside each other.
"""
