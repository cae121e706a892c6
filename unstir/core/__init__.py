"""The mathematics of diffusion: levels, schedules, paths, samplers, guidance and noise."""
