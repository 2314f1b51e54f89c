"""Times datatrove's stages on a file of JSON Lines, in processor seconds: `python data.py FILE` prints one JSON object.

Needs `pip install datatrove spacy nltk 'xxhash<4'`: datatrove 0.10 gives xxhash strings, which its version 4 refuses.
"""

import json
import sys
import time
from importlib.metadata import version

from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.hashing import HashConfig


def timed(work):
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [Document(text=json.loads(line)["text"], id=str(i)) for i, line in enumerate(lines)]


def passed(filter, documents):
    return sum(1 for document in documents if filter.filter(document) is True)


def signature(sketch, document):
    shingles = sketch.get_shingles(document.text)
    # Of a text of fewer than five words there are none, and no signature.
    return sketch.get_signature(shingles) if shingles.size > 0 else None


def main(path):
    quality = GopherQualityFilter(min_stop_words=0, min_avg_word_length=2, max_avg_word_length=12)
    repetition = GopherRepetitionFilter()
    config = MinhashConfig(n_grams=5, num_buckets=16, hashes_per_bucket=8, hash_config=HashConfig(precision=64))
    sketch = MinhashDedupSignature(output_folder="/tmp", config=config)
    warm = Document(text="a few words, so that tokenizers are loaded before anything is measured", id="warm")
    quality.filter(warm)
    repetition.filter(warm)
    sketch.get_signature(sketch.get_shingles(warm.text))
    seconds = {}
    seconds["read"], documents = timed(lambda: read(path))
    seconds["quality"], good = timed(lambda: passed(quality, documents))
    seconds["repetition"], varied = timed(lambda: passed(repetition, documents))
    seconds["sketch"], _ = timed(lambda: [signature(sketch, document) for document in documents])
    kept = {"quality": good, "repetition": varied}
    print(json.dumps({"version": version("datatrove"), "seconds": seconds, "kept": kept}))


main(sys.argv[1])
