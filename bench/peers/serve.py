"""The loop of a peer: a JSON request a line on standard input, a JSON answer a line on standard output."""

import json
import sys


def serve(commands):
    """Answers each request by the command that its `do` names, with one state for all; an error is an answer too."""
    state = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = json.dumps(commands[request["do"]](state, request), allow_nan=False)
        except Exception as error:
            answer = json.dumps({"error": f"{type(error).__name__}: {error}".split("\n")[0]})
        print(answer, flush=True)
