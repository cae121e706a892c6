"""Edits of what is there already: wrappers of a denoiser, ways up the path, blends of noise.

    keep(denoise, known, mask)            guidance/keep.py: what is known replaces the estimate
    timemap(denoise, known, mask)         guidance/timemap.py: and the network is told so
    start_lower(path, 0.6)                paths.py: SDEdit
    resample(sampler, ..., jumps(path))   paths.py: RePaint
    differential(denoise, known, change)  how much may change, element by element
    project(denoise, A, A_pinv, y)        exact linear constraints
    proximal(denoise, solve, noise)       and measurements with noise (DiffPIR)
    windows(denoise, size, stride)        a canvas larger than the model
    invert, record, replay                the noise that a given sample came from
    slerp(a, b, share)                    between two noises

None knows what the data is; those with a mask or a size are outermost, round any guidance.
"""
