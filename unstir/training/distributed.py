"""Several processes, one run: the batches, the noise and the losses of a single process.

    torchrun --nproc-per-node 4 ...        # the environment says who is who; nothing else changes

Each process takes a contiguous part of the global batch. Losses are weighted by the rows they
stand for, so parts need not be equal. Process 0 alone writes.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(hours=6)
"""How long processes wait for one that works alone: prepares data, draws a preview."""


@dataclass(frozen=True)
class Group:
    """This process among all of a run."""

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        return self.rank == 0

    def rows(self, batch: int, parts: int = 1) -> range:
        """The rows of a global batch that are this process's, enough for so many parts."""
        if batch // self.world < parts:
            raise ValueError(
                f"batch {batch} over {self.world} processes, each in {parts} parts, leaves some "
                "without a sample; enlarge batch, or lessen accumulate or the processes"
            )
        return range(self.rank * batch // self.world, (self.rank + 1) * batch // self.world)

    def wrap(self, task: nn.Module, device: torch.device) -> nn.Module:
        """Let gradients be averaged over the processes."""
        if self.world == 1:
            return task
        ids = [device.index] if device.type == "cuda" else None
        return DistributedDataParallel(task, device_ids=ids)

    def quiet(self, task: nn.Module, last: bool) -> AbstractContextManager[None]:
        """No exchange of gradients before the last part of a batch."""
        if isinstance(task, DistributedDataParallel) and not last:
            return task.no_sync()
        return nullcontext()

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.world > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            dist.barrier()

    def agree(self, number: int) -> int:
        """The number that process 0 has."""
        if self.world == 1:
            return number
        value = torch.tensor(number, device="cuda" if dist.get_backend() == "nccl" else "cpu")
        dist.broadcast(value, 0)
        return int(value)


ALONE = Group()


def group(device: str) -> Group:
    """Who this process is, from the environment that torchrun sets; joins the others if any."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return ALONE
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if not dist.is_initialized():
        if device == "cuda":
            torch.cuda.set_device(local)  # before the first collective, or all meet on GPU 0
        backend = "nccl" if device.startswith("cuda") else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
    return Group(dist.get_rank(), world, local)
