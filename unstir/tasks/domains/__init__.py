"""What is measured of samples that are no pictures: a file for each kind of model.

Each has `DATA` (what the training set is called), `drawn(model, n, seed, **asked)`, `read(path)`,
`figures(samples, known, reference)`, `known(progress)`, and `controls(n)`: real samples that no
training saw, and samples that are bad on purpose. `measure.py` puts them beside each other.
"""
