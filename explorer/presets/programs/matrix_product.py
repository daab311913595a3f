"""A matrix product, by rows and by columns

Row i of a @ b depends on row i of a only, and its Jacobian is b transposed. Column j depends on
column j of b only, and its Jacobian is a.
"""

import torch
from torch.autograd.functional import jacobian

a = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
b = torch.tensor([[1.0, -1.0], [0.5, 2.0], [-2.0, 0.0]], requires_grad=True)
c = a @ b
c.backward(torch.ones(2, 2))
print(a.grad)
print(b.grad)

for i in range(2):
    print("row", i, "by row", i, "of a")
    print(jacobian(lambda row: row @ b, a[i]))
for j in range(2):
    print("column", j, "by column", j, "of b")
    print(jacobian(lambda column: a @ column, b[:, j]))
