"""Records tests/vectors/isolated-documents.safetensors: what transformers makes of documents one by one.

    pip install torch transformers
    python tests/interop/isolated_documents.py

Each document goes through the model of tests/vectors/qwen3-moe/tied-top2 by itself. The loss is the mean of all documents' predictions; a
document's first token is predicted by nothing. `ids` are the documents one after the other, `lengths` their tokens; `logits` stand in the same order.
"""

import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "tests" / "vectors"
LENGTHS = [7, 1, 12, 4]


def by_expert(name: str, gradient: torch.Tensor):
    """transformers 5 keeps a layer's experts in one tensor; checkpoints have one for each."""
    prefix, fused, kind = name.partition("experts.")
    if not fused:
        yield name, gradient
        return
    for expert, own in enumerate(gradient):
        parts = {"gate": own[: len(own) // 2], "up": own[len(own) // 2 :]} if kind == "gate_up_proj" else {"down": own}
        for projection, part in parts.items():
            yield f"{prefix}experts.{expert}.{projection}_proj.weight", part


def main() -> None:
    model = AutoModelForCausalLM.from_pretrained(
        VECTORS / "qwen3-moe" / "tied-top2", dtype=torch.float32, attn_implementation="eager"
    )
    torch.manual_seed(13)
    documents = [torch.randint(model.config.vocab_size, (1, length)) for length in LENGTHS]
    logits = [model(document).logits[0] for document in documents]
    losses = [
        torch.nn.functional.cross_entropy(own[:-1], document[0, 1:], reduction="sum")
        for own, document in zip(logits, documents)
    ]
    loss = sum(losses) / sum(length - 1 for length in LENGTHS)
    loss.backward()
    tensors = {
        "ids": torch.cat([document[0] for document in documents]),
        "lengths": torch.tensor(LENGTHS),
        "logits": torch.cat(logits).detach(),
        "loss": loss.detach().reshape(1),
    }
    for name, parameter in model.named_parameters():
        for own, gradient in by_expert(name, parameter.grad):
            tensors[f"grad.{own}"] = gradient
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, VECTORS / "isolated-documents.safetensors")


if __name__ == "__main__":
    main()
