"""Rules of functions that work element by element: each answer depends on one element of each
input, so its cotangent is g times a slope."""

import math

import numpy as np

from explorer.explain.rule import Array, Fired, Numbers, Rule, rule

_ROOT_2_PI = math.sqrt(2 / math.pi)


def sigmoid(x: Array) -> Numbers:
    """1 / (1 + exp(−x)), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _erf(x: Array) -> Numbers:
    return np.vectorize(math.erf, otypes=[float])(x)


def _gelu(n: Fired) -> Numbers:
    x = n.self
    if n.approximate == "tanh":
        t = np.tanh(_ROOT_2_PI * (x + 0.044715 * x**3))
        inner = _ROOT_2_PI * (1 + 3 * 0.044715 * x**2)
        slope = (1 + t) / 2 + x * (1 - t**2) * inner / 2
    else:
        density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
        slope = (1 + _erf(x / math.sqrt(2))) / 2 + x * density
    return n.g * slope


def _power(n: Fired) -> Numbers:
    x, p = n.self, n.exponent
    return n.g * np.where(p == 0, 0.0, p * np.power(x, np.where(p == 0, 1.0, p) - 1))


def _exponent(n: Fired) -> Numbers:
    x = np.asarray(n.self, dtype=float)
    flat = (x == 0) & (n.exponent >= 0)
    return n.g * np.where(flat, 0.0, n.result * np.log(np.where(flat, 1.0, x)))


def _between(n: Fired, low: float | Array | None, high: float | Array | None) -> Numbers:
    inside = np.ones(n.self.shape, dtype=bool)
    if low is not None:
        inside &= n.self >= low
    if high is not None:
        inside &= n.self <= high
    return np.where(inside, n.g, 0.0)


def _elu(n: Fired) -> Numbers:
    x = n.self
    below = n.alpha * n.input_scale * np.exp(n.input_scale * np.minimum(x, 0))
    return n.g * n.scale * np.where(x > 0, 1.0, below)


def _silu(n: Fired) -> Numbers:
    s = sigmoid(n.self)
    return n.g * s * (1 + n.self * (1 - s))


def _softplus(n: Fired) -> Numbers:
    x = n.self * n.beta
    return n.g * np.where(x > n.threshold, 1.0, sigmoid(x))


def _mish(n: Fired) -> Numbers:
    x = n.self
    t = np.tanh(np.logaddexp(0, x))
    return n.g * (t + x * sigmoid(x) * (1 - t**2))


def _hardswish(n: Fired) -> Numbers:
    x = n.self
    return n.g * np.where(x < -3, 0.0, np.where(x <= 3, x / 3 + 0.5, 1.0))


def _larger(n: Fired, first: Array, second: Array) -> Numbers:
    """g where `first` is larger, half of it at a tie."""
    return n.g * ((first > second) + (first == second) / 2)


def _conj(x: Array) -> Numbers:
    return np.conj(x)


POINTWISE: dict[str, Rule] = {
    # ------------------------------------------------------------------------------ arithmetic
    "AddBackward0": rule(
        "A sum passes on what it gets to both of its inputs.",
        ("g", lambda n: n.g),
        ("alpha · g", lambda n: n.alpha * n.g),
    ),
    "SubBackward0": rule(
        "A difference passes on what it gets, with the sign turned for what was subtracted.",
        ("g", lambda n: n.g),
        ("−alpha · g", lambda n: -n.alpha * n.g),
    ),
    "RsubBackward0": rule(
        "A difference passes on what it gets, with the sign turned for what was subtracted.",
        ("−alpha · g", lambda n: -n.alpha * n.g),
        ("g", lambda n: n.g),
    ),
    "RsubBackward1": rule(
        "What was subtracted gets the cotangent with its sign turned.",
        ("−alpha · g", lambda n: -n.alpha * n.g),
    ),
    "MulBackward0": rule(
        "Each factor gets the cotangent times the other factor.",
        ("g · other", lambda n: n.g * _conj(n.other)),
        ("g · self", lambda n: n.g * _conj(n.self)),
    ),
    "DivBackward0": rule(
        "The numerator gets the cotangent over the denominator; the denominator gets it times "
        "minus the quotient, over the denominator.",
        ("g / other", lambda n: n.g / _conj(n.other)),
        ("−g · self / other²", lambda n: -n.g * _conj(n.self / n.other / n.other)),
    ),
    "NegBackward0": rule("Turning the sign turns it back on the way back.", ("−g", lambda n: -n.g)),
    "ReciprocalBackward0": rule(
        "The slope of 1 / x is −1 / x².", ("−g · result²", lambda n: -n.g * n.result**2)
    ),
    "AddcmulBackward0": rule(
        "A sum passes the cotangent on; each factor gets it times the other factor.",
        ("g", lambda n: n.g),
        ("g · value · tensor2", lambda n: n.g * n.value * n.tensor2),
        ("g · value · tensor1", lambda n: n.g * n.value * n.tensor1),
    ),
    "LerpBackward0": rule(
        "A mix of two passes on to each the share that it has in the mix.",
        ("g · (1 − weight)", lambda n: n.g * (1 - n.weight)),
        ("g · weight", lambda n: n.g * n.weight),
    ),
    "LogaddexpBackward0": rule(
        "Each gets the share that it has in the sum of the two exponentials.",
        ("g · σ(self − other)", lambda n: n.g * sigmoid(n.self - n.other)),
        ("g · σ(other − self)", lambda n: n.g * sigmoid(n.other - n.self)),
    ),
    # ------------------------------------------------------------------------ powers, exponentials
    "PowBackward0": rule(
        "The slope of xⁿ is n · xⁿ⁻¹.", ("g · exponent · self^(exponent−1)", _power)
    ),
    "PowBackward1": rule(
        "The base gets n · xⁿ⁻¹, the exponent the result times the logarithm of the base.",
        ("g · exponent · self^(exponent−1)", _power),
        ("g · result · ln self", _exponent),
    ),
    "PowBackward2": rule("The slope of aˣ is aˣ · ln a.", ("g · result · ln self", _exponent)),
    "ExpBackward0": rule(
        "exp is its own slope: the result was kept for that.",
        ("g · result", lambda n: n.g * n.result),
    ),
    "Exp2Backward0": rule(
        "The slope of 2ˣ is 2ˣ · ln 2.",
        ("g · result · ln 2", lambda n: n.g * n.result * math.log(2)),
    ),
    "Expm1Backward0": rule(
        "The slope of exp(x) − 1 is exp(x), the result plus 1.",
        ("g · (result + 1)", lambda n: n.g * (n.result + 1)),
    ),
    "LogBackward0": rule("The slope of ln x is 1 / x.", ("g / self", lambda n: n.g / n.self)),
    "Log1PBackward0": rule(
        "The slope of ln(1 + x) is 1 / (1 + x).", ("g / (self + 1)", lambda n: n.g / (n.self + 1))
    ),
    "Log2Backward0": rule(
        "The slope of log₂ x is 1 / (x · ln 2).",
        ("g / (self · ln 2)", lambda n: n.g / (n.self * math.log(2))),
    ),
    "Log10Backward0": rule(
        "The slope of log₁₀ x is 1 / (x · ln 10).",
        ("g / (self · ln 10)", lambda n: n.g / (n.self * math.log(10))),
    ),
    "SqrtBackward0": rule(
        "The slope of √x is 1 / (2√x): infinite at 0.",
        ("g / (2 · result)", lambda n: n.g / (2 * n.result)),
    ),
    "RsqrtBackward0": rule(
        "The slope of 1 / √x is −1 / (2x√x).",
        ("−g · result³ / 2", lambda n: -n.g * n.result**3 / 2),
    ),
    # -------------------------------------------------------------------------------- trigonometry
    "SinBackward0": rule(
        "The slope of sin is cos.", ("g · cos self", lambda n: n.g * np.cos(n.self))
    ),
    "CosBackward0": rule(
        "The slope of cos is −sin.", ("−g · sin self", lambda n: -n.g * np.sin(n.self))
    ),
    "TanBackward0": rule(
        "The slope of tan is 1 + tan².", ("g · (1 + result²)", lambda n: n.g * (1 + n.result**2))
    ),
    "SinhBackward0": rule(
        "The slope of sinh is cosh.", ("g · cosh self", lambda n: n.g * np.cosh(n.self))
    ),
    "CoshBackward0": rule(
        "The slope of cosh is sinh.", ("g · sinh self", lambda n: n.g * np.sinh(n.self))
    ),
    "AtanBackward0": rule(
        "The slope of atan is 1 / (1 + x²).", ("g / (1 + self²)", lambda n: n.g / (1 + n.self**2))
    ),
    "ErfBackward0": rule(
        "The slope of erf is a bell curve.",
        (
            "g · 2/√π · exp(−self²)",
            lambda n: n.g * 2 / math.sqrt(math.pi) * np.exp(-(n.self**2)),
        ),
    ),
    # --------------------------------------------------------------------------------- activations
    "TanhBackward0": rule(
        "The slope of tanh is 1 − tanh²: near 0 where it is saturated.",
        ("g · (1 − result²)", lambda n: n.g * (1 - n.result**2)),
    ),
    "SigmoidBackward0": rule(
        "The slope of a sigmoid is σ · (1 − σ), never more than ¼.",
        ("g · result · (1 − result)", lambda n: n.g * n.result * (1 - n.result)),
    ),
    "ReluBackward0": rule(
        "ReLU lets the cotangent through where its result was above 0, and stops it elsewhere.",
        ("g where result > 0, else 0", lambda n: np.where(n.result > 0, n.g, 0.0)),
    ),
    "ThresholdBackward0": rule(
        "The cotangent goes through where the input was above the threshold.",
        ("g where self > threshold, else 0", lambda n: np.where(n.self > n.threshold, n.g, 0.0)),
    ),
    "LeakyReluBackward0": rule(
        "The cotangent goes through where the input was above 0, and weakened elsewhere.",
        (
            "g where self > 0, else negative_slope · g",
            lambda n: n.g * np.where(n.self > 0, 1.0, n.negative_slope),
        ),
    ),
    "PreluKernelBackward0": rule(
        "Below 0 the input gets the cotangent times the weight, and the weight times the input.",
        ("g where self > 0, else weight · g", lambda n: n.g * np.where(n.self > 0, 1.0, n.weight)),
        ("g · self where self ≤ 0, else 0", lambda n: n.g * np.where(n.self > 0, 0.0, n.self)),
    ),
    "EluBackward0": rule(
        "Slope 1 above 0, that of an exponential below.",
        ("scale · g · (1 or alpha · exp self)", _elu),
    ),
    "CeluBackward0": rule(
        "Slope 1 above 0, that of an exponential below.",
        (
            "g where self > 0, else g · exp(self / alpha)",
            lambda n: n.g * np.where(n.self > 0, 1.0, np.exp(np.minimum(n.self, 0) / n.alpha)),
        ),
    ),
    "GeluBackward0": rule(
        "GELU is x · Φ(x); its slope is Φ(x) + x · φ(x), with the bell curve φ and its sum Φ.",
        ("g · (Φ(self) + self · φ(self))", _gelu),
    ),
    "SiluBackward0": rule(
        "SiLU is x · σ(x); its slope is σ · (1 + x · (1 − σ)).",
        ("g · σ · (1 + self · (1 − σ))", _silu),
    ),
    "MishBackward0": rule(
        "Mish is x · t with t = tanh(softplus(x)); its slope is t + x · σ · (1 − t²).",
        ("g · (t + self · σ · (1 − t²))", _mish),
    ),
    "HardswishBackward0": rule(
        "0 far below, 1 far above, and a straight line between −3 and 3.",
        ("g · (self / 3 + ½), from 0 to g outside ±3", _hardswish),
    ),
    "SoftplusBackward0": rule(
        "The slope of softplus is a sigmoid.", ("g · σ(beta · self)", _softplus)
    ),
    "LogSigmoidBackward0": rule(
        "The slope of ln σ(x) is σ(−x).", ("g · σ(−self)", lambda n: n.g * sigmoid(-n.self))
    ),
    "HardtanhBackward0": rule(
        "The cotangent goes through strictly between the two bounds.",
        (
            "g where min_val < self < max_val, else 0",
            lambda n: np.where((n.self > n.min_val) & (n.self < n.max_val), n.g, 0.0),
        ),
    ),
    # -------------------------------------------------------------------------- choices and corners
    "AbsBackward0": rule(
        "The slope of |x| is the sign of x; at 0 torch takes 0.",
        ("g · sgn self", lambda n: n.g * np.sign(n.self)),
    ),
    "SignBackward0 RoundBackward0 FloorBackward0 CeilBackward0 TruncBackward0 FillBackward0 "
    "ZeroBackward0": rule(
        "A staircase is flat: whatever comes in, zero goes out.", ("0", lambda n: 0 * n.g)
    ),
    "ClampBackward1": rule(
        "The cotangent goes through where the input was within the bounds, on them included.",
        ("g where min ≤ self ≤ max, else 0", lambda n: _between(n, n.min, n.max)),
    ),
    "ClampMinBackward0": rule(
        "The cotangent goes through where the input was not below the bound.",
        ("g where self ≥ min, else 0", lambda n: _between(n, n.min, None)),
    ),
    "ClampMaxBackward0": rule(
        "The cotangent goes through where the input was not above the bound.",
        ("g where self ≤ max, else 0", lambda n: _between(n, None, n.max)),
    ),
    "MaximumBackward0": rule(
        "The larger one gets the cotangent; at a tie each gets half.",
        ("g where self > other, g/2 at a tie", lambda n: _larger(n, n.self, n.other)),
        ("g where other > self, g/2 at a tie", lambda n: _larger(n, n.other, n.self)),
    ),
    "MinimumBackward0": rule(
        "The smaller one gets the cotangent; at a tie each gets half.",
        ("g where self < other, g/2 at a tie", lambda n: _larger(n, n.other, n.self)),
        ("g where other < self, g/2 at a tie", lambda n: _larger(n, n.self, n.other)),
    ),
    "WhereBackward0": rule(
        "The cotangent goes to the branch that was taken; the other gets 0.",
        ("g where condition, else 0", lambda n: np.where(n.condition, n.g, 0.0)),
        ("0 where condition, else g", lambda n: np.where(n.condition, 0.0, n.g)),
    ),
    "MaskedFillBackward0 MaskedFillBackward1": rule(
        "Nothing flows back to the places that were filled: they were overwritten.",
        ("0 where mask, else g", lambda n: np.where(n.mask, 0.0, n.g)),
        ("sum of g where mask", lambda n: np.where(n.mask, n.g, 0.0).sum()),
    ),
    # -------------------------------------------------------------------------- second derivatives
    "TanhBackwardBackward0": rule(
        "The slope of the slope: differentiating g · (1 − result²) once more.",
        ("g · (1 − output²)", lambda n: n.g * (1 - n.output**2)),
        ("−2 · g · grad_output · output", lambda n: -2 * n.g * n.grad_output * n.output),
    ),
    "SigmoidBackwardBackward0": rule(
        "The slope of the slope: differentiating g · result · (1 − result) once more.",
        ("g · output · (1 − output)", lambda n: n.g * n.output * (1 - n.output)),
        ("g · grad_output · (1 − 2 · output)", lambda n: n.g * n.grad_output * (1 - 2 * n.output)),
    ),
    "ThresholdBackwardBackward0": rule(
        "The same gate as in the first backward. The gate itself has slope 0.",
        ("g where self > threshold, else 0", lambda n: np.where(n.self > n.threshold, n.g, 0.0)),
        ("0", lambda n: 0 * n.g),
    ),
}
