"""The parts of the script that are the same in every run that needs them, word for word."""

HELPERS = '''
def generator(purpose):
    """One generator for each purpose, so that switching one thing off leaves every other draw as it was."""
    digest = hashlib.sha256(f"{SEED}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def read_tensors(path):
    """The byte tensors of a safetensors file: the header's length in 8 bytes, a JSON header, the tensors."""
    raw = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(raw[:8], "little")
    content = torch.frombuffer(raw, dtype=torch.uint8)[start:]
    return {
        name: content[slice(*entry["data_offsets"])].view(entry["shape"])
        for name, entry in json.loads(raw[8:start]).items()
    }
'''

STRATIFIED = '''
def stratified(labels, shuffle=None):
    """All indices, ordered so that any start or end of them holds each class by its share."""
    rank = torch.empty(len(labels), dtype=torch.float64)
    for label in range(10):
        members = (labels == label).nonzero().flatten()
        if shuffle is not None:
            members = members[torch.randperm(len(members), generator=shuffle)]
        rank[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return rank.argsort(stable=True)
'''

REDRAW = '''
def redraw(labels, chosen, share):
    """The labels of the chosen pictures, a share of them redrawn uniformly over all classes."""
    noise = generator("label-noise")
    priority = torch.rand(len(labels), generator=noise)
    drawn = torch.randint(10, labels.shape, generator=noise)
    redrawn = chosen[priority[chosen].argsort()[: round(share * len(chosen))]]
    noisy = labels.clone()
    noisy[redrawn] = drawn[redrawn]
    return noisy[chosen]
'''

MATRIX = '''
def matrix(*rows):
    """Six (B,) numbers as (B, 2, 3): where in the original each pixel of the result lies, counted from the centre."""
    return torch.stack(rows, dim=1).view(-1, 2, 3)


def warp(images, motion):
    """Move each picture by its own matrix, bilinearly, with zeros where the original ends."""
    height, width = images.shape[-2:]
    side = 1 << (max(height, width) - 1).bit_length()  # on a power of two the sampler keeps whole-pixel moves exact
    x = torch.arange(width) - (width - 1) / 2
    y = torch.arange(height)[:, None] - (height - 1) / 2
    centre = torch.tensor([width / side - 1, height / side - 1])[:, None, None]
    by_x, by_y, offset = (motion * (2 / side))[..., None, None].unbind(2)
    grid = (by_x * x + (by_y * y + (offset + centre))).permute(0, 2, 3, 1)
    padded = F.pad(images, (0, side - width, 0, side - height))
    return F.grid_sample(padded, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
'''

COMPOSE = '''
def compose(first, then):
    """The one motion that does `first` and `then` after it."""
    product = (first[:, :, :2, None] * then[:, None, :, :]).sum(2)
    product[:, :, 2] += first[:, :, 2]
    return product
'''

MIRROR = '''
def mirror(mirrored, x=-1.0, y=1.0):
    """Turn round the axes whose sign is negative, where `mirrored` is true."""
    turned = torch.eye(2, 3) * torch.tensor([[x], [y]])
    return torch.where(mirrored[:, None, None], turned, torch.eye(2, 3))
'''

SHIFT = '''
def shift(x, y):
    """Move by x pixels to the right and y pixels down."""
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return matrix(one, zero, -x, zero, one, -y)
'''

AFFINE = '''
def affine(degrees, x, y, scale):
    """Scale and rotate clockwise about the centre, then move by x and y pixels."""
    radians = degrees * (torch.pi / 180)
    cos, sin = radians.cos() / scale, radians.sin() / scale
    return matrix(cos, sin, -(cos * x + sin * y), -sin, cos, sin * x - cos * y)
'''

BETA = '''
def symmetric_beta(alpha, draws):
    """Beta(alpha, alpha) from two uniform draws each (Bailey 1994, doi.org/10.1090/S0025-5718-1994-1219702-8)."""
    radius = draws[0].pow(1 / torch.tensor(alpha))
    cos = (2 * torch.pi * draws[1]).cos()
    return (0.5 + 0.5 * cos * ((1 - radius) / (radius + (1 - radius) * cos**2)).sqrt()).clamp(0, 1)
'''

DROPOUT = '''
class Dropout(nn.Module):
    """nn.Dropout with a generator of its own."""

    def __init__(self, p, purpose):
        super().__init__()
        self.p, self.generator = torch.tensor(p), generator(purpose)

    def forward(self, x):
        if not self.training:
            return x
        noise = torch.empty_like(x).uniform_(generator=self.generator)
        return x * ((noise >= self.p) / (1 - self.p))
'''

INITIALIZE = '''
@torch.no_grad()
def initialize(model):
    """The uniform weights that nn.Linear and nn.Conv2d begin with, drawn for each by its name; norms: identity."""
    for path, layer in model.named_modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            bound = 1 / math.sqrt(layer.weight[0].numel())
            for name, weight in layer.named_parameters():
                drawn = torch.empty(weight.shape).uniform_(-bound, bound, generator=generator(f"init/{path}.{name}"))
                weight.copy_(drawn)
'''

EVALUATE = '''
@torch.no_grad()
def evaluate(model, images, labels):
    """Mean cross-entropy in nats and accuracy in percent, in eval mode."""
    loss = right = 0.0
    model.eval()
    for x, y in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH)):
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        right += (logits.argmax(1) == y).sum().item()
    model.train()
    return loss / len(images), 100.0 * right / len(images)
'''

SCHEDULES = {
    "constant": """
def learning_rate(step):
    return LR
""",
    "cosine": '''
def learning_rate(step):
    """From the peak to 0 along a cosine; steps count from 0."""
    return LR * (0.5 * (1.0 + math.cos(math.pi * (step / STEPS))))
''',
    "onecycle": '''
def learning_rate(step):
    """A linear warm-up over 30 % of the steps, then a cosine to 0 (Smith & Topin, arXiv:1708.07120)."""
    rising = max(1, round(0.3 * STEPS))
    if step < rising:
        return LR * ((step + 1) / rising)
    return LR * (0.5 * (1.0 + math.cos(math.pi * ((step - rising + 1) / (STEPS - rising + 1)))))
''',
}
