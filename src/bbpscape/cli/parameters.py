"""What the help says of a parameter that a docstring passes over."""

HELP = {
    "p": "Student width: a positive integer, or inf where there is no finite N.",
    "p_star": "Teacher width, a positive integer.",
    "a": "Loss normalization a > 0.",
    "activation": "quadratic, tanh, relu, …, or an expression in x.",
    "loss": "normalized-square, huber, …, or an expression in y and yhat.",
    "delta": "Where the Huber loss turns linear, > 0.",
    "label_noise": "Variance of the Gaussian noise on the labels.",
    "flip": "Probability that the sign of a label is flipped.",
    "second_layer": "p weights with commas; 1/p each by default.",
    "overlap": "Student–teacher overlap: a number, or rows as 0.2,0.1;0,0.3.",
    "alpha": "Samples per dimension, M/N > 0.",
    "N": "Input dimension.",
    "draws": "Number of independent draws.",
    "seed": "Seed of the draws.",
    "start": "random, hessian, spectral or overlap.",
    "dtype": "float64 or float32.",
    "device": "cpu, cuda or torch-cpu.",
    "workers": "Processes; by default as many as pay.",
    "points": "Points of the density.",
    "k": "Pairs wanted; p p* + 1 at least come out.",
    "tol": "Residual over the largest |eigenvalue|.",
    "method": "auto, dense or iterative.",
}
INTEGERS = ("p", "p_star", "N", "draws", "seed", "k", "points", "workers")


def help_of(name: str) -> str:
    return HELP.get(name, "")


def is_integer(name: str) -> bool:
    return name in INTEGERS
