"""One neuron, bar by bar

z = w x + b, y = sigmoid(z), L = (y - t)^2 / 2. A bar over a name means the derivative of L with
respect to it; each one is made from the one before, from L back to w, b and x.
"""

import torch

x = torch.tensor(2.0, requires_grad=True)
w = torch.tensor(0.5, requires_grad=True)
b = torch.tensor(-0.3, requires_grad=True)
t = torch.tensor(1.0)

z = w * x + b
y = torch.sigmoid(z)
L = (y - t) ** 2 / 2

for inner in (L, y, z):
    inner.retain_grad()
L.backward()

print("L bar", L.grad.item())
print("y bar", y.grad.item(), "=", (L.grad * (y - t)).item())
print("z bar", z.grad.item(), "=", (y.grad * y * (1 - y)).item())
print("w bar", w.grad.item(), "=", (z.grad * x).item())
print("x bar", x.grad.item(), "=", (z.grad * w).item())
print("b bar", b.grad.item(), "=", z.grad.item())
