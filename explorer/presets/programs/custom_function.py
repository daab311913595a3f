"""A Function of your own

forward() computes and saves, backward() returns one gradient for each input. gradcheck compares it
with central differences, in float64; the second Function forgets a factor and is found out.
"""

import torch


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, y_bar):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * y_bar


class WrongCube(Cube):
    @staticmethod
    def backward(ctx, y_bar):
        (x,) = ctx.saved_tensors
        return x**2 * y_bar


x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
y = Cube.apply(x)
y.sum().backward()
print(y.grad_fn)
print(x.grad)
print(torch.autograd.gradcheck(Cube.apply, (x,)))
print(torch.autograd.gradcheck(WrongCube.apply, (x,), raise_exception=False))
