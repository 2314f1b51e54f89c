"""Trains the small tokenizer of tests/vectors/tokenizer on the repository's own prose, and records the ids that the official library gives.

    pip install tokenizers
    python tests/interop/tokenizer_small.py

A byte-level BPE of 2,048 tokens with digits split, as SmolLM2's is made. Its files are what a Hugging Face repository holds.
"""

import json
import pathlib

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "vectors" / "tokenizer"
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

TEXTS = [
    "",
    " ",
    "  \n\n \t ",
    "Every miner trains a group of experts; validators score the update on held-out text.",
    "for (let i = 0; i < 1024; i++) sum += data[i] * 3.14159;",
    "a<|endoftext|>b <|im_start|>user\nhi<|im_end|> <think>why</think> < |endoftext| >",
    "é e\u0301 ﬁ Å \u212b",
    "\ufeffBOM",
    "\u0000\u0001\u007f\u0085\u00a0\u2028\u2029\u3000",
    "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪",
    "\u202eRTL\u202c עברית العربية",
    "漢字かなカナ한국어ไทยहिन्दी",
    "١٢٣ 123456 ①²½ Ⅷ 1٢3",
    "don't WE'LL I'M 'S 's",
    "   leading and trailing   ",
    "\r\n\r\n\r x",
    "a\u0300\u0301\u0302\u0303" * 8,
    "\uffff\ufffd\U0010ffff",
    "x" * 300,
    " " * 200 + "y",
    "\n" * 99,
    "ſtraße İstanbul ǅ ŉ",
    "tab\tsep\u000b\u000c",
    '{"a":[1,2,{"b":null}]}',
    "\u1100\u1161\u11a8 각",
    "\u0600\u06dd\u180e\u200b\u200c\u200d\u2060",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 𒀀 🀄",
]


def train() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=2048 - 2,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    prose = [path.read_text() for path in sorted(ROOT.glob("docs/*.md")) + [ROOT / "README.md"]]
    tokenizer.train_from_iterator(prose, trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    return tokenizer


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    tokenizer = train()
    (OUT / "tokenizer.json").write_text(tokenizer.to_str(pretty=False))
    config = {
        "add_bos_token": False,
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|endoftext|>",
        "model_max_length": 2048,
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": None,
    }
    (OUT / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    vectors = []
    for text in TEXTS:
        tokenizer.encode_special_tokens = True
        document = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        prompt = tokenizer.encode(text, add_special_tokens=False).ids
        vectors.append({"text": text, "document": document, "prompt": prompt})
    lines = ",\n".join(json.dumps(vector) for vector in vectors)
    (OUT / "ids.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
