"""A small transformer block

Two heads, four tokens that may look only backward, LayerNorm before each half, and a plus around
each. No later token reaches an earlier one: token by token, the Jacobian is zero above its
diagonal.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd.functional import jacobian


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(4), nn.LayerNorm(4)
        self.qkv, self.join = nn.Linear(4, 12), nn.Linear(4, 4)
        self.up, self.down = nn.Linear(4, 8), nn.Linear(8, 4)

    def forward(self, x):
        q, k, v = self.qkv(self.norm_1(x)).reshape(4, 3, 2, 2).permute(1, 2, 0, 3)
        scores = q @ k.transpose(1, 2) / 2**0.5
        later = torch.ones(4, 4).triu(1).bool()
        heads = scores.masked_fill(later, float("-inf")).softmax(dim=2) @ v
        x = x + self.join(heads.transpose(0, 1).reshape(4, 4))
        return x + self.down(F.gelu(self.up(self.norm_2(x))))


block = Block()
x = torch.randn(4, 4, requires_grad=True)
y = block(x)
loss = y.pow(2).mean()
loss.backward()
print("qkv.weight.grad has norm", round(block.qkv.weight.grad.norm().item(), 4))

J = jacobian(block, x)
print(J.norm(dim=(1, 3)))
