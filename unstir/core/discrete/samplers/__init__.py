"""From MASK to tokens: one sampler a file, each a generator of `Step` along a path of levels.

What is seen in the x they are given stays as it is; a `Step` holds the state and, as its x0, the
log-probabilities that led there. Each states its COST, and whether it is EXACT: whether, with the
exact denoiser, its samples become those of the data as the path's steps become many (of remdm and
gibbs, and what a step hides again becomes little).
"""
