"""Holds a checkpoint folder against transformers and lm-eval: the likelihood of a text, and that lm-eval runs on it.

    python3 -m venv venv && venv/bin/pip install torch transformers "lm_eval[hf]"
    npx blockzero eval --model FOLDER --text TEXT --json > ours.json
    venv/bin/python tests/interop/export.py FOLDER TEXT ours.json

It prints bits per byte by `blockzero eval`, by transformers over lm-eval's own rolling windows, and by `lm_eval.simple_evaluate`, and fails
where the first two differ by more than 1e-4 of themselves. All arithmetic is float32 on a CPU. Nothing is fetched.
"""

import json
import math
import sys
import tempfile
from pathlib import Path

import torch
from lm_eval import simple_evaluate, utils
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, text_file, ours_file = sys.argv[1:4]
text = Path(text_file).read_text(encoding="utf-8")
ours = json.loads(Path(ours_file).read_text())["models"][0]
window, expected = ours["window"], ours["text"]["bitsPerByte"]["estimate"]

tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
ids = tokenizer.encode(text, add_special_tokens=False)
prefix = (tokenizer("")["input_ids"] or [tokenizer.eos_token_id])[0]  # lm-eval takes bos_token also where nothing puts it before a text
nats = 0.0
for context, predicted in map(
    utils.make_disjoint_window, utils.get_rolling_token_windows(ids, prefix, max_seq_len=window, context_len=1)
):
    tokens = torch.tensor([context + predicted])
    with torch.no_grad():
        logits = model(tokens[:, :-1]).logits[0].log_softmax(-1)
    picked = logits.gather(-1, tokens[0, 1:, None])[-len(predicted):]
    nats -= picked.sum().item()
theirs = nats / math.log(2) / len(text.encode())

with tempfile.TemporaryDirectory() as scratch:
    data = Path(scratch) / "text.jsonl"
    data.write_text(json.dumps({"text": text}) + "\n")
    task = {
        "task": "one_text", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test", "output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "{{text}}",
        "metric_list": [{"metric": "bits_per_byte"}],
    }
    arguments = f"pretrained={folder},dtype=float32,max_length={window}"
    results = simple_evaluate(model="hf", model_args=arguments, tasks=[task], device="cpu", bootstrap_iters=0)
harness = results["results"]["one_text"]["bits_per_byte,none"]

print(json.dumps({"blockzero": expected, "transformers": theirs, "lm_eval": harness}))
assert abs(expected - theirs) < 1e-4 * expected, "the losses differ"
