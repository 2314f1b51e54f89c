"""Whether the PyTorch trainer holds no parameter whole while FSDP shares the model out: what is held so stays on a card, of all layers.

    pip install torch transformers safetensors
    python tests/interop/trainer_lets_go.py

On processors, in one process over gloo, with the model of tests/vectors/qwen3-moe/tied-top2. Run by `pytorch-trainer.ts`, as the mode `memory`.
"""

import json
import os
import pathlib
import sys
import tempfile
import weakref

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MODEL = REPOSITORY / "tests" / "vectors" / "qwen3-moe" / "tied-top2"


def trained(config: dict) -> list[dict]:
    """All experts of all layers, as a job of the mode `full` has them."""
    width, inner = config["hidden_size"], config["moe_intermediate_size"]
    shapes = {"gate": [inner, width], "up": [inner, width], "down": [width, inner]}
    return [
        {
            "name": f"{layer}.{index}.{projection}",
            "file": {"tensor": f"model.layers.{layer}.mlp.experts.{index}.{projection}_proj.weight", "offset": 0},
            "layer": layer,
            "index": index,
            "projection": projection,
            "shape": shape,
        }
        for layer in range(config["num_hidden_layers"])
        for index in range(config["num_experts"])
        for projection, shape in shapes.items()
    ]


def main() -> None:
    job = {"settings": {}, "paths": {}, "windows": {}, "trained": trained(json.loads((MODEL / "config.json").read_text()))}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(job, file)
        file.flush()
        os.environ["BLOCKZERO_JOB"] = file.name
        sys.path.insert(0, str(REPOSITORY / "examples" / "pytorch-trainer"))
        import train
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from transformers import AutoModelForCausalLM

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype="float32").requires_grad_(False)
    experts = train.Experts(model)
    held = {name: weakref.ref(parameter) for name, parameter in experts.parameters.items()}
    find_again, whole = experts.find_again, None

    def looked_at(shared: object) -> None:
        nonlocal whole
        whole = [name for name, parameter in held.items() if parameter() is not None]
        find_again(shared)

    experts.find_again = looked_at
    train.share_out(model, experts, mesh=init_device_mesh("cpu", (1,)))
    dist.destroy_process_group()
    assert held, "nothing is trained"
    assert whole == [], f"held whole until all layers are shared out: {whole}"
    assert list(experts.parameters) == list(held) and all(parameter is not None for parameter in experts.parameters.values())
    print(f"of {len(held)} trained parameters none is held whole")


if __name__ == "__main__":
    main()
