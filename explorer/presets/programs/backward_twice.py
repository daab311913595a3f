"""backward() a second time

The first call lets go of what the nodes had saved, so a second one fails. With retain_graph=True it
succeeds, and adds to .grad. A graph that saved nothing can always be run again.
"""

import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
loss = x.pow(2).sum()
loss.backward()
print(x.grad)
try:
    loss.backward()
except RuntimeError as error:
    print(error)

loss = x.pow(2).sum()
loss.backward(retain_graph=True)
loss.backward()
print(x.grad)

total = (x + 1).sum()
total.backward()
total.backward()
print(x.grad)
