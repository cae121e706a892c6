"""Masked diffusion: the sibling of the Gaussian core for tokens, with the same verbs.

    walk = path(cosine(), 32)                                   core/paths.py, discrete/schedules
    denoise = temperature(cfg(both, scale=2.0), 0.9)            core/guidance, discrete/guidance
    x = keep(known, mask)                                       discrete/process.py
    for step in remdm(subs(denoise), x, walk, noise=uniform(seeds, shape)):
        x = step.x

A state is an int64 array (B, *shape) of tokens 0 ... K - 1, MASK and PAD; a Denoise answers the
log-probabilities (B, *shape, K) of x_0, of which cfg, autoguide and interval make guided ones.
"""
