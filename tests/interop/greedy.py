"""Greedy continuations of the models under tests/vectors, by Hugging Face transformers.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.24.0 safetensors
    venv/bin/python tests/interop/greedy.py [FOLDER ...]
    venv/bin/python tests/interop/greedy.py --penalty 1.3 FOLDER ...

Without folders it takes every folder below tests/vectors that holds a config.json and a model. Beside each it writes greedy.json, with a
repetition penalty greedy-penalty.json:

    prompt         token ids
    continuation   the tokens that `generate(do_sample=False)` adds with its key-value cache; nothing ends it early
    margin         the smallest distance between the two largest logits at any of these tokens, over the spread of all
    penalty        what `repetition_penalty` was, in greedy-penalty.json

Prompts whose margin is below a thousandth of the logits' spread are passed over, so that rounding decides nothing; of the others the first
with five different tokens is taken, or of thirty the one with the most: one that repeats a token says little about positions. All arithmetic is float32 on a CPU.
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

VECTORS = Path(__file__).parent.parent / "vectors"
PROMPT, NEW, MARGIN, SEEDS, DIFFERENT = 7, 24, 1e-3, 30, 5


def continuation(folder: Path, penalty: float | None) -> dict:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    new = min(NEW, model.config.max_position_embeddings - PROMPT)
    best = None
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        prompt = torch.randint(model.config.vocab_size, (1, PROMPT))
        with torch.no_grad():
            out = model.generate(
                prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=new, min_new_tokens=new,
                return_dict_in_generate=True, output_scores=True, repetition_penalty=penalty,
            )
        logits = torch.stack(out.scores)[:, 0]
        top = logits.topk(2).values
        margin = ((top[:, 0] - top[:, 1]) / logits.std(-1)).min().item()
        tokens = out.sequences[0, PROMPT:].tolist()
        if margin >= MARGIN and (best is None or len(set(tokens)) > len(set(best["continuation"]))):
            best = {"prompt": prompt[0].tolist(), "continuation": tokens, "margin": margin}
        if best and len(set(best["continuation"])) >= DIFFERENT:
            break
    if best is None:
        raise SystemExit(f"{folder}: no prompt with a margin of {MARGIN}")
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--penalty", type=float)
    parser.add_argument("folders", nargs="*", type=Path)
    given = parser.parse_args()
    folders = given.folders or sorted(path.parent for path in VECTORS.rglob("config.json") if any(path.parent.glob("model*.safetensors")))
    for folder in folders:
        found = continuation(folder, given.penalty)
        penalised = given.penalty is not None
        if penalised:
            found["penalty"] = given.penalty
        (folder / ("greedy-penalty.json" if penalised else "greedy.json")).write_text(json.dumps(found) + "\n")
        print(folder.name, "margin", round(found["margin"], 5), found["continuation"][:8])
