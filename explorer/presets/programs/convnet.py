"""A small convolutional network

Four 6 x 6 pictures with a bright left or right half, a convolution with BatchNorm, ReLU, pooling
and a Linear. MaxPool sends each cotangent back to the one pixel that won.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, kernel_size=3, bias=False)
        self.norm = nn.BatchNorm2d(2)
        self.scores = nn.Linear(8, 2)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        x = F.max_pool2d(x, 2)
        return self.scores(x.flatten(1))


images = torch.rand(4, 1, 6, 6) * 0.1
images[:2, :, :, :3] = 1.0
images[2:, :, :, 3:] = 1.0
target = torch.tensor([0, 0, 1, 1])
net = ConvNet()
loss = F.cross_entropy(net(images), target)
loss.backward()
print("loss", round(loss.item(), 4))
print(net.conv.weight.grad)
