"""Records what transformers makes of conversations: ids of `apply_chat_template`, and which of them are the assistant's.

    pip install transformers tokenizers jinja2
    python tests/interop/chat_ids.py

Written to tests/vectors/chat.json, of the small tokenizers in tests/vectors/tokenizer with normalisers, pre-tokenizers and post-processors as models have
them. A token counts where it has a character of what the template adds for a message of the assistant, by the library's offsets, unless it writes that message
otherwise once more follows.
"""

import json

from tokenizer_small import CHAT_TEMPLATE, OUT, ROOT
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Wie geht's, 鯨? 12 + 30"},
    {"role": "assistant", "content": "Gut. 42"},
    {"role": "user", "content": "  Und dir?\n"},
    {"role": "assistant", "content": "\nAuch gut, e\u0301 👩‍👩‍👧!"},
]
DIALOGUE = [message for message in CHAT if message["role"] != "system"]

LLAMA2 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
ZEPHYR = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] + eos_token + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
PLAIN = (
    "{% for message in messages %}{{ '### ' + message['role'] + ':\n' + message['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant:\n' }}{% endif %}"
)

# As Qwen3's: the last answer has a place for thoughts, others only where they have some.
THINKING = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' and (loop.last or message['reasoning_content']) %}"
    "{{ '<think>\n' + (message['reasoning_content'] or '') + '\n</think>\n\n' }}{% endif %}{{ message['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}


def begins_with(token: str, number: int) -> dict:
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {token: {"id": token, "ids": [number], "tokens": [token]}},
    }


def metaspace(scheme: str) -> dict:
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False}


PREPEND = [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]

# Name, file of the tokenizer, what is changed in it, its tokenizer_config.json, messages.
CASES = [
    ("bytes", "small", {}, {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "chat_template": CHAT_TEMPLATE}, CHAT),
    (
        "a sequence of post-processors",
        "small",
        {"post_processor": {"type": "Sequence", "processors": [BYTES, begins_with("<|endoftext|>", 0)]}},
        {"bos_token": "<|endoftext|>", "eos_token": "<|im_end|>", "chat_template": "{{ bos_token }}" + CHAT_TEMPLATE},
        CHAT,
    ),
    ("words across borders", "small", {}, {"eos_token": "<|endoftext|>", "chat_template": PLAIN}, CHAT),
    (
        "an answer that is written otherwise once more follows",
        "small",
        {},
        {"eos_token": "<|im_end|>", "chat_template": THINKING},
        [*CHAT, {"role": "user", "content": "Warum?"}, {"role": "assistant", "content": "Darum.", "reasoning_content": "Hm."}, *CHAT[3:]],
    ),
    (
        "a space before each text",
        "unigram-bytes",
        {
            "normalizer": {"type": "Sequence", "normalizers": PREPEND},
            "pre_tokenizer": None,
            "post_processor": begins_with("<pad>", 0),
        },
        {"bos_token": "<pad>", "eos_token": "</s>", "chat_template": LLAMA2},
        DIALOGUE,
    ),
    (
        "a space before the first word",
        "unigram-bytes",
        {"normalizer": None, "pre_tokenizer": metaspace("first"), "post_processor": begins_with("<pad>", 0)},
        {"bos_token": "<pad>", "eos_token": "</s>", "chat_template": ZEPHYR},
        CHAT,
    ),
    (
        "a space before each word",
        "unigram-bytes",
        {"normalizer": None, "pre_tokenizer": metaspace("always"), "post_processor": None},
        {"eos_token": "</s>", "chat_template": ZEPHYR},
        CHAT,
    ),
]


def file_of(name: str) -> dict:
    if name == "small":
        return json.loads((OUT / "tokenizer.json").read_text())
    return json.loads((OUT / "kinds" / f"{name}.json").read_text())["tokenizer"]


def record(name: str, file: str, change: dict, config: dict, messages: list) -> dict:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps({**file_of(file), **change})), clean_up_tokenization_spaces=False, **config
    )

    def text(count: int, asks: bool) -> str:
        return tokenizer.apply_chat_template(messages[:count], tokenize=False, add_generation_prompt=asks)

    ids = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True)["input_ids"]
    whole = text(len(messages), False)
    encoded = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
    assert encoded["input_ids"] == ids, name
    answers = [(text(i, True), text(i + 1, False)) for i, message in enumerate(messages) if message["role"] == "assistant"]
    spans = [(len(before), len(after)) for before, after in answers if after.startswith(before) and whole.startswith(after.rstrip())]
    counts = [int(any(begin < to and end > at for at, to in spans)) for begin, end in encoded["offset_mapping"]]
    return {"name": name, "file": file, "change": change, "config": config, "messages": messages, "text": whole, "ids": ids, "counts": counts}


def main() -> None:
    lines = ",\n".join(json.dumps(record(*case)) for case in CASES)
    (ROOT / "tests" / "vectors" / "chat.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
