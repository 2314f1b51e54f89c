"""Makes small tokenizers of every kind that is read, and records the ids that the official library gives.

    pip install tokenizers sentencepiece protobuf
    python tests/interop/tokenizer_kinds.py

They are trained on the repository's own prose and written to tests/vectors/tokenizer/kinds, a file each: `{"tokenizer", "config", "ids"}`. SentencePiece
compiles the table of replacements of `unigram`; its own tables, which have 300 kB, are compared by `tests/interop/tokenizers.ts`.

With `--large FOLDER` it writes instead tokenizers with SentencePiece's own tables nmt_nfkc and nmt_nfkc_cf to FOLDER.
"""

import base64
import io
import json
import pathlib
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as spm
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizer_small import ROOT, TEXTS

OUT = ROOT / "tests" / "vectors" / "tokenizer" / "kinds"
PROSE = [path.read_text() for path in sorted(ROOT.glob("docs/*.md")) + [ROOT / "README.md"]]

HOSTILE = [
    "ΑΣ ΟΔΟΣ ὈΔΥΣΣΕΎΣ", "ﬁﬂ ½ ℌ ﷺ ㍿ Ⅷ", "a\u200bb\u00adc\ufeffd", "e\u0301\u0301 \u0301x", "``quoted''  text",
    "hello,world! (a-b) $5^2 <x> `y` ~z|", "漢字ab漢", "the thethe thesethethe", "</s> [SEP] [CLS] <unk> ##ing", "▁▁a ▁b",
    "a\u0085b\u2028c\u1680d", "\U0001f468\u200d\U0001f469 \U0001fae8 \u0b44", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "x1 22 333 4444", "one two  three   four", "ZZZqqq ÿÿÿ \ud55c\uad6d\uc5b4", "A\tB\nC\r\nD", "Straße ŒUVRE İstanbul",
]

# Of each code point one rule: what SentencePiece's compiler takes, in hexadecimal.
RULES = {
    "\ufb01": "fi", "\ufb02": "fl", "\u00bd": "1\u20442", "\u00ad": "", "\u200b": " ", "\u3000": " ", "\u00c9": "\u00e9", "e\u0301": "\u00e9",
    "\u2167": "VIII", "\u2460": "1", "\u212b": "\u00c5", "\u1680": "",
}


def charsmap(**rule) -> bytes:
    """SentencePiece's compiled table."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(PROSE[0].splitlines()), model_writer=model, vocab_size=200, hard_vocab_limit=False,
        minloglevel=2, **rule,
    )
    found = spm.ModelProto()
    found.ParseFromString(model.getvalue())
    return found.normalizer_spec.precompiled_charsmap


def own_charsmap() -> bytes:
    points = lambda text: " ".join(f"{ord(character):X}" for character in text)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.write("".join(f"{points(a)}\t{points(b)}\n" for a, b in RULES.items()))
        rules.flush()
        return charsmap(normalization_rule_tsv=rules.name)


def unigram(table: bytes, specials, split: bool, size: int = 600) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(table), normalizers.Replace(Regex(" {2,}"), " ")])
    steps = [pre_tokenizers.WhitespaceSplit()] if split else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*steps, pre_tokenizers.Metaspace()]) if split else pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        PROSE, trainers.UnigramTrainer(vocab_size=size, special_tokens=specials, unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", specials.index("</s>"))])
    return tokenizer


def with_bytes(tokenizer: Tokenizer) -> Tokenizer:
    """The same with tokens of bytes, unlikely ones, for what it does not know."""
    document = json.loads(tokenizer.to_str())
    document["model"]["vocab"] += [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
    document["model"]["byte_fallback"] = True
    steps = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
    document["decoder"] = {"type": "Sequence", "decoders": [*steps, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return Tokenizer.from_str(json.dumps(document))


def word_piece() -> Tokenizer:
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(PROSE, trainers.WordPieceTrainer(vocab_size=700, special_tokens=specials, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def split_bpe(behavior: str, invert: bool, lower: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    steps = [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()] if lower else [normalizers.Strip(left=True, right=False)]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("[a-z]|\\s+"), behavior=behavior, invert=invert),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    # Trained without the split, so that where it falls shows in the ids.
    whole = Tokenizer(models.BPE())
    whole.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    whole.train_from_iterator(
        PROSE, trainers.BpeTrainer(vocab_size=500, special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.model = whole.model
    tokenizer.add_special_tokens([AddedToken("</s>", special=True)])
    return tokenizer


def record(name: str, tokenizer: Tokenizer, eos: str) -> None:
    lines = []
    specials = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    for text in TEXTS + HOSTILE:
        tokenizer.encode_special_tokens = True
        document = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        prompt = tokenizer.encode(text, add_special_tokens=False).ids
        # A document's text never becomes a special token here, as it may in the official library where the model has it as a word.
        forged = any(special in text for special in specials) and name != "split-contiguous"
        lines.append(json.dumps({"text": text, "document": None if forged else document, "prompt": prompt}))
    ids = ",\n".join(lines)
    OUT.mkdir(parents=True, exist_ok=True)
    config = json.dumps({"eos_token": eos})
    (OUT / f"{name}.json").write_text(f'{{"config":{config},\n"tokenizer":{tokenizer.to_str()},\n"ids":[\n{ids}\n]}}\n')


def main() -> None:
    if sys.argv[1:2] == ["--large"]:
        folder = pathlib.Path(sys.argv[2])
        for rule in ["nmt_nfkc", "nmt_nfkc_cf"]:
            (folder / rule).mkdir(parents=True, exist_ok=True)
            table = charsmap(normalization_rule_name=rule)
            for name, made in {
                "t5": unigram(table, ["<pad>", "</s>", "<unk>"], False, 4000),
                "xlm": unigram(table, ["<s>", "<pad>", "</s>", "<unk>"], True, 4000),
            }.items():
                made.save(str(folder / rule / f"{name}.json"))
        return
    table = own_charsmap()
    record("unigram", unigram(table, ["<pad>", "</s>", "<unk>"], False), "</s>")
    record("unigram-words", unigram(table, ["<s>", "<pad>", "</s>", "<unk>"], True), "</s>")
    record("unigram-bytes", with_bytes(unigram(table, ["<pad>", "</s>", "<unk>"], False)), "</s>")
    record("word-piece", word_piece(), "[SEP]")
    record("split-contiguous", split_bpe("contiguous", False, True), "</s>")
    record("split-previous", split_bpe("merged_with_previous", False, False), "</s>")
    record("split-next", split_bpe("merged_with_next", True, False), "</s>")


if __name__ == "__main__":
    main()
