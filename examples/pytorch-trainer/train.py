"""The reference trainer of docs/own-trainer.md: PyTorch, FSDP over any number of processes, on cards or processors.

    trainer: { command: [torchrun, --standalone, --nproc-per-node, "8", /path/to/examples/pytorch-trainer/train.py] }

It does what BlockZero's own trainer does (AdamW on the group's experts, everything else frozen, the same text in the same order), so that its
update is the same to rounding, however many processes share the work. On cards the products are in bfloat16, with float32 weights beside them.
Steps that are not finite are not taken; spikes are.

Each process reads the whole shard into the host's memory before it keeps its part. A card holds its part, embedding and head, and one or two layers: FSDP gathers
embedding and head for the whole pass, and the next layer while one computes. Size it by that: before it is shared out, each of these is on every card in float32, and
beside the logits embedding and head take 2 × vocabulary × width in bfloat16. Where a library joins the experts of a layer, frozen ones share tensors with trained ones,
so in `full` mode gradients and moments are of all of them, over all cards.

It was tried with torch 2.15 and transformers 5.24 on processors (tests/interop/pytorch-trainer.ts); on cards it has not been tried.
"""

import json
import math
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import AutoModelForCausalLM

JOB = json.loads(Path(os.environ["BLOCKZERO_JOB"]).read_text())
SETTINGS, PATHS, WINDOWS = JOB["settings"], JOB["paths"], JOB["windows"]
CHECKPOINT_SECONDS = 60


def main() -> None:
    assert JOB["contract"] == 1, f"job.json is of contract {JOB['contract']}, this trainer follows 1"
    on_card = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if on_card else torch.device("cpu")
    if on_card:
        torch.cuda.set_device(device)
    elif SETTINGS["threads"] > 0:
        torch.set_num_threads(SETTINGS["threads"])
    dist.init_process_group("nccl" if on_card else "gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    if SETTINGS["batch_size"] < world:
        raise SystemExit(f"batch_size {SETTINGS['batch_size']} is less than the {world} processes: raise it")

    is_over = False

    def end(*_: object) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, end)

    # In the host's memory: a card gets one layer at a time, and keeps its part of it.
    model = AutoModelForCausalLM.from_pretrained(PATHS["shard"], dtype=torch.float32)
    model.config.use_cache = False
    model.requires_grad_(False)
    experts = Experts(model)
    done = load_checkpoint(experts, device)
    affinity = Affinity(model, experts, device)

    mesh = init_device_mesh(device.type, (world,))
    precision = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32) if on_card else MixedPrecisionPolicy()
    share_out(model, experts, mesh=mesh, mp_policy=precision)

    # Weight decay by hand: it must not touch frozen experts that share a tensor with trained ones.
    adamw = torch.optim.AdamW(
        experts.parameters.values(), lr=0.0, betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["eps"], weight_decay=0.0
    )
    load_moments(experts, adamw, rank, world, device)
    windows = safe_open(PATHS["windows"], framework="pt")
    batch, accumulation = SETTINGS["batch_size"], SETTINGS["gradient_accumulation_steps"]
    step, saved, tokens = done, done, tokens_of(done)
    begun, last_save = time.time(), time.time()

    while step < SETTINGS["max_steps"] and not agreed(is_over or is_late(), device):
        rate = schedule(step, begun)
        loss = torch.zeros((), device=device)
        for micro in range(accumulation):
            rows = slice((step * accumulation + micro) * batch, (step * accumulation + micro + 1) * batch)
            share = range(*rows.indices(WINDOWS["count"]))[rank::world]
            text = {name: windows.get_slice(name)[rows].long() for name in windows.keys()}
            own = {name: rows_of[torch.tensor([row - rows.start for row in share])].to(device) for name, rows_of in text.items()}
            counted = (text["targets"] >= 0).sum().item()
            part = F.cross_entropy(
                model(input_ids=own["ids"], attention_mask=mask_of(own), use_cache=False).logits.float().flatten(0, 1),
                own["targets"].flatten(),
                ignore_index=-1,
                reduction="sum",
            ) / max(1, counted)
            kept = SETTINGS.get("affinity", 0) * affinity.taken() / text["ids"].numel()
            # FSDP takes the mean over processes: each process's part of the sum counts `world` times.
            ((part + kept) * world / accumulation).backward()
            loss += part.detach() / accumulation
            tokens += text["ids"].numel()
        dist.all_reduce(loss)
        norm = experts.mask_and_clip_gradients()
        if math.isfinite(loss.item()) and math.isfinite(norm):
            for group in adamw.param_groups:
                group["lr"] = rate
            experts.decay(1 - rate * SETTINGS["weight_decay"])
            adamw.step()
        adamw.zero_grad(set_to_none=True)
        step += 1
        if rank == 0:
            line = {"step": step, "loss": loss.item(), "tokens": tokens, "learning_rate": rate, "grad_norm": norm}
            print(json.dumps(line), flush=True)
        if agreed(time.time() - last_save > CHECKPOINT_SECONDS, device):
            save(experts, adamw, step, tokens, rank, world)
            saved, last_save = step, time.time()
    if step > saved:
        save(experts, adamw, step, tokens, rank, world)
    dist.destroy_process_group()


def share_out(model: torch.nn.Module, experts: "Experts", **how: object) -> None:
    """Gives each process its part of the model, layer by layer."""
    experts.let_go()
    for layer in model.model.layers:
        fully_shard(layer, **how)
    fully_shard(model, **how)
    experts.find_again(model)


class Experts:
    """The tensors that the group trains. A library may hold the experts of a layer in one parameter, of which then only some rows train."""

    def __init__(self, model: torch.nn.Module) -> None:
        names = dict(model.named_parameters())
        self.places = {tensor["name"]: place(tensor, names) for tensor in JOB["trained"]}
        self.shapes = {tensor["name"]: tensor["shape"] for tensor in JOB["trained"]}
        trained: dict[str, set[int]] = {}
        for tensor in JOB["trained"]:
            trained.setdefault(self.places[tensor["name"]][0], set()).add(tensor["index"])
        self.rows = {name: rows for name, rows in trained.items() if names[name].dim() == 3 and len(rows) < names[name].shape[0]}
        self.masks: dict[str, torch.Tensor] = {}
        self.parameters = {name: names[name].requires_grad_() for name in trained}

    @torch.no_grad()
    def load(self, tensors: dict[str, torch.Tensor]) -> None:
        for name, tensor in tensors.items():
            parameter, offset = self.places[name]
            flat = self.parameters[parameter].view(-1)
            flat[offset : offset + tensor.numel()] = tensor.to(flat.device).flatten()

    def let_go(self) -> None:
        """Before FSDP shares the model out: a parameter that is held here would stay on the card, whole, until all layers are shared out."""
        self.parameters = dict.fromkeys(self.parameters)

    def find_again(self, model: torch.nn.Module) -> None:
        """After FSDP has put its own parameters in the place of the model's."""
        names = dict(model.named_parameters())
        self.parameters = {name: names[name] for name in self.parameters}
        for name, rows in self.rows.items():
            parameter = self.parameters[name]
            mask = torch.zeros(parameter.shape[0], 1, 1, device=parameter.device)
            mask[sorted(rows)] = 1
            self.masks[name] = distribute_tensor(mask, parameter.device_mesh, parameter.placements)

    @torch.no_grad()
    def mask_and_clip_gradients(self) -> float:
        for name, mask in self.masks.items():
            self.parameters[name].grad.mul_(mask)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), SETTINGS["clip"])
        return (norm.full_tensor() if isinstance(norm, DTensor) else norm).item()

    @torch.no_grad()
    def decay(self, keep: float) -> None:
        for name, parameter in self.parameters.items():
            parameter.mul_(1 - (1 - keep) * self.masks[name] if name in self.masks else keep)

    def own_rows(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        """What this process has of a parameter's tensor; of joined experts the trained ones alone."""
        local = tensor.to_local() if isinstance(tensor, DTensor) else tensor
        return local[self.trained_rows(name)] if name in self.masks else local

    def trained_rows(self, name: str) -> torch.Tensor:
        """By row of this process's part of joined experts, whether it is trained."""
        mask = self.masks[name]
        return (mask.to_local() if isinstance(mask, DTensor) else mask).flatten() > 0

    @torch.no_grad()
    def tensors(self, is_kept: bool) -> dict[str, torch.Tensor]:
        """A collective operation, a parameter at a time; nothing where they are not kept."""
        kept: dict[str, torch.Tensor] = {}
        for name, parameter in self.parameters.items():
            whole = parameter.full_tensor() if isinstance(parameter, DTensor) else parameter
            if not is_kept:
                continue
            flat = whole.view(-1)
            for own, (of, offset) in self.places.items():
                if of == name:
                    part = flat[offset : offset + math.prod(self.shapes[own])]
                    kept[own] = part.view(self.shapes[own]).to("cpu", torch.float32, copy=True)
        return kept


class Affinity:
    """Keeps the text with the experts held: the share of the whole router's probability mass that falls on others. Training by the shard's own
    loss alone moves hidden states to where the whole router, which validators and users have, sends them to those."""

    def __init__(self, model: torch.nn.Module, experts: Experts, device: torch.device) -> None:
        self.terms: list[torch.Tensor] = []
        if not PATHS.get("routers"):
            return
        # `mlp` of `model.layers.0.mlp.experts.down_proj`: what holds router and experts, and is given what they are.
        block = next(iter(experts.parameters)).split(".")[3]
        for name, router in load_file(PATHS["routers"], device=str(device)).items():
            layer = int(name.split(".")[2])
            held = len(JOB["shard"]["experts"][layer])
            model.model.layers[layer].get_submodule(block).register_forward_pre_hook(partial(self.note, router, held))

    def note(self, router: torch.Tensor, held: int, _block: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self.terms.append((inputs[0].flatten(0, -2).float() @ router.T).softmax(-1)[:, held:].sum())

    def taken(self) -> torch.Tensor | float:
        """The sum over layers and over the tokens that passed since it was last asked for."""
        terms, self.terms = self.terms, []
        return sum(terms, 0.0)


def place(tensor: dict, names: dict[str, torch.nn.Parameter]) -> tuple[str, int]:
    """The parameter that holds a tensor, and from which element on: as in the file, or as transformers 5 joins the experts of a layer."""
    if tensor["file"]["tensor"] in names:
        return tensor["file"]["tensor"], tensor["file"]["offset"]
    joined = "down_proj" if tensor["projection"] == "down" else "gate_up_proj"
    prefix, suffix = f"model.layers.{tensor['layer']}.", f".experts.{joined}"
    name = next(name for name in names if name.startswith(prefix) and name.endswith(suffix))
    size = math.prod(tensor["shape"])
    matrices = 1 if joined == "down_proj" else 2
    return name, (tensor["index"] * matrices + (tensor["projection"] == "up")) * size


def mask_of(text: dict[str, torch.Tensor]) -> torch.Tensor | None:
    """Tokens see those before them; of isolated documents only those of their own. [rows, 1, sequence, sequence], true where they may look."""
    if "starts" not in text:
        return None
    places = torch.arange(WINDOWS["sequence_length"], device=text["starts"].device)
    return ((places <= places[:, None]) & (places >= text["starts"][:, :, None]))[:, None]


def schedule(step: int, begun: float) -> float:
    """Linear warm-up and half a cosine, hurried along where the time is too short for all steps."""
    total, warmup, peak = SETTINGS["schedule_steps"], SETTINGS["warmup_steps"], SETTINGS["learning_rate"]
    if JOB["deadline"] is not None:
        left = JOB["deadline"] / 1000 - begun
        step = max(step, math.floor(total * min(1.0, (time.time() - begun) / left if left > 0 else 1.0)))
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    if step >= total:
        return 0.0
    return peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


def is_late() -> bool:
    return JOB["deadline"] is not None and time.time() * 1000 >= JOB["deadline"]


def agreed(mine: bool, device: torch.device) -> bool:
    """Whether any process says so: all of them must leave the loop at the same step."""
    said = torch.tensor(float(mine), device=device)
    dist.all_reduce(said, dist.ReduceOp.MAX)
    return said.item() > 0


def checkpoint_path(step: int) -> Path:
    return Path(PATHS["output"]) / f"experts-{step}.safetensors"


def load_checkpoint(experts: Experts, device: torch.device) -> int:
    """Takes up the newest checkpoint of this run that every process can read, where the miner was started again. Returns its steps, 0 without one."""
    steps = [int(path.stem.removeprefix("experts-")) for path in Path(PATHS["output"]).glob("experts-*.safetensors")]
    for step in sorted(steps, reverse=True):
        tensors = None
        try:
            tensors = load_file(checkpoint_path(step))
            if tensors.keys() != experts.places.keys():
                raise RuntimeError("it holds other tensors")
        except (SafetensorError, OSError, RuntimeError) as fault:
            tensors = None
            print(f"a checkpoint is passed over: {checkpoint_path(step).name}: {fault}", flush=True)
        if not agreed(tensors is None, device):
            experts.load(tensors)
            return step
    return 0


def tokens_of(step: int) -> int:
    if step == 0:
        return 0
    with safe_open(checkpoint_path(step), framework="pt") as file:
        return int((file.metadata() or {}).get("tokens", 0))


def save(experts: Experts, adamw: torch.optim.AdamW, step: int, tokens: int, rank: int, world: int) -> None:
    replace(moments_path(rank, world), lambda path: torch.save(moments_of(experts, adamw), path))
    tensors = experts.tensors(is_kept=rank == 0)
    if rank == 0:
        replace(checkpoint_path(step), lambda path: save_file(tensors, path, metadata={"tokens": str(tokens)}))
    dist.barrier()


def replace(path: Path, write: Callable[[str], None]) -> None:
    """The file is there whole or not at all, also after a power cut."""
    temporary = f"{path}.tmp"
    write(temporary)
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def moments_path(rank: int, world: int) -> Path:
    return Path(PATHS["state"]) / f"adamw-{rank}-of-{world}.pt"


MOMENTS = ("exp_avg", "exp_avg_sq")


def moments_of(experts: Experts, adamw: torch.optim.AdamW) -> dict[str, dict[str, torch.Tensor]]:
    """This process's part of AdamW's state: frozen experts have no moments that matter."""
    return {
        name: {"step": state["step"], **{key: experts.own_rows(name, state[key]).cpu() for key in MOMENTS}}
        for name, parameter in experts.parameters.items()
        if (state := adamw.state.get(parameter))
    }


@torch.no_grad()
def load_moments(experts: Experts, adamw: torch.optim.AdamW, rank: int, world: int, device: torch.device) -> None:
    """AdamW's moments go on from cycle to cycle, as in DiLoCo; another number of processes, or a file that cannot be read, begins without."""
    states = {}
    try:
        saved = torch.load(moments_path(rank, world), map_location=device, weights_only=True)
        for name, parameter in experts.parameters.items():
            states[name] = {"step": saved[name]["step"].cpu(), **{key: torch.zeros_like(parameter) for key in MOMENTS}}
            for key in MOMENTS:
                local = states[name][key].to_local() if isinstance(parameter, DTensor) else states[name][key]
                rows = experts.trained_rows(name) if name in experts.masks else slice(None)
                local[rows] = saved[name][key]
    except Exception as fault:  # Whatever is wrong with the file, the cycle is worth more.
        states = None
        if moments_path(rank, world).exists():
            print(f"AdamW begins anew: {moments_path(rank, world).name}: {fault}", flush=True)
    if not agreed(states is None, device):
        for name, parameter in experts.parameters.items():
            adamw.state[parameter] = states[name]


if __name__ == "__main__":
    main()
