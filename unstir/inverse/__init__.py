"""Guidance by gradients, in torch: what is wanted of a sample is a differentiable function.

    dps(denoise, measure, y, path)                 any measurement (Chung et al. 2023)
    pigdm(denoise, A, y, variance, noise)          linear ones, nearer to the posterior (Song 2023)
    classifier(denoise, log_probability, scale)    a classifier of noisy samples (Dhariwal 2021)

Each is Denoise in, Denoise out, and shifts the estimate by Bayes' rule (Tweedie's formula for the
posterior): with g the gradient of log p(y | x_t),

    x0 <- x0 + sigma^2 / alpha g
"""
