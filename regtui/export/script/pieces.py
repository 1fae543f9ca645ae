"""The parts of the script that are the same in every run that needs them, word for word."""

HELPERS = '''
def generator(purpose):
    """One generator for each purpose, so that switching one thing off leaves every other draw as it was."""
    digest = hashlib.sha256(f"{SEED}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
'''

READ_TENSORS = '''
def read_tensors(path):
    """The tensors of a safetensors file: the header's length in 8 bytes, a JSON header, the tensors."""
    raw = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(raw[:8], "little")
    content = torch.frombuffer(raw, dtype=torch.uint8)[start:]
    kinds = {"U8": torch.uint8, "F16": torch.float16}
    return {
        name: content[slice(*entry["data_offsets"])].view(kinds[entry["dtype"]]).view(entry["shape"])
        for name, entry in json.loads(raw[8:start]).items()
        if name != "__metadata__"
    }
'''

CHECKPOINT_WORDS = '''
def checkpoint_words(path):
    """The words that the pretrained network knows, in the order of their ids."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return tuple(json.loads(header["__metadata__"]["about"])["words"])
'''

SYNONYMS = '''
def read_synonyms():
    """The synonyms of each word."""
    lines = (HERE / "wordnet_synonyms.tsv").read_text("utf-8").splitlines()
    return {word: tuple(others.split()) for word, others in (line.split("\\t") for line in lines)}
'''

MODEL = '''
class Model(nn.Module):
    """Begins with the uniform weights of nn.Linear and nn.Conv2d."""

    def initial(self, module, name, generator):
        """The first value of a parameter of one of its layers."""
        bound = 1 / math.sqrt(module.weight[0].numel())
        return torch.empty(module.get_parameter(name).shape).uniform_(-bound, bound, generator=generator)
'''

MASKED = '''

class Masked(nn.Sequential):
    """Layers one after the other; those that take a mask are told where a text has words."""

    def forward(self, x, mask=None):
        for layer in self:
            x = layer(x, mask) if isinstance(layer, TakesMask) else layer(x)
        return x
'''

INITIALIZE = '''
@torch.no_grad()
def initialize(model):
    """Draw all weights, each parameter by its name; norms begin as the identity."""
    for path, layer in model.named_modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.Embedding)):
            for name, weight in layer.named_parameters():
                weight.copy_(model.initial(layer, name, generator(f"init/{path}.{name}")))
'''

AVERAGE = '''
class Average:
    """An average of the weights, evaluated in the place of the latest ones."""

    def __init__(self, model):
        floats = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        self.trained = list(floats.values())  # they share memory with the model
        self.averages = {name: torch.zeros_like(value) for name, value in floats.items()}
        self.count = torch.zeros(())

    def take_in(self, weight):
        """Move the average by the share `weight` towards the weights as they are now."""
        pull(list(self.averages.values()), self.trained, weight)

    def model(self, trained, clean):
        """A copy that holds the average; BatchNorm's statistics are measured anew on clean training samples."""
        if not self.count:
            return trained
        holder = copy.deepcopy(trained)
        holder.load_state_dict(trained.state_dict() | self.averages)
        MEASURED_ANEW
        return holder
'''

EVALUATE = '''
@torch.no_grad()
def evaluate(model, images, labels):
    """Mean cross-entropy in nats and accuracy in percent, in eval mode."""
    loss = right = 0.0
    model.eval()
    for x, y in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True):
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        right += (logits.argmax(1) == y).sum().item()
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
