"""Machines with networks of their own on one computer, joined by links that can be cut, slow and lossy.

Each machine is a namespace of networks, processes and names, with a loopback of its own and a tunnel
(`/dev/net/tun`). What it sends into the tunnel comes to us as packets, which `Network` passes on, later, or not at all; so no kernel module
for bad networks is needed. Linux; as root, or where users may have namespaces.

    python tests/network.py NAME ADDRESS SOCKET PORT...    # in a namespace: see `Machine`
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

#: ioctl(2) numbers: netdevice(7), and linux/if_tun.h.
_SET_ADDRESS, _SET_NETMASK, _GET_FLAGS, _SET_FLAGS = 0x8916, 0x891C, 0x8913, 0x8914
_TUN_SET, _TUN, _NO_PI, _UP = 0x400454CA, 0x0001, 0x1000, 0x0001
_AS_USER = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
_SPACES = ["--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
_NAMESPACE = ["unshare", *_AS_USER, *_SPACES, "--"]

#: Where a listening socket's connections go on: a path of a unix socket, or an address with a port.
Target = str | tuple[str, int]
Relay = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def why_not() -> str:
    """Why there can be no such machines here; "" if there can."""
    if not shutil.which("unshare") or not os.path.exists("/dev/net/tun"):
        return "unshare or /dev/net/tun is missing: this needs Linux with the module tun"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun may not be opened: run the tests as root"
    tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"network namespaces need root here: {tried.stderr.strip()}"
    return ""


@dataclass
class Link:
    """How a machine is joined to the others: seconds that a packet takes each way, the share that is
    lost, and whether nothing goes through."""

    delay_s: float = 0.0
    loss: float = 0.0
    is_cut: bool = False


class Machine:
    """A namespace with an address and a host name in it; it ends with `close()`, and so does what runs
    there.

    listening: sockets at that address, or at each of its loopback, by port.
    """

    def __init__(self, address: str, ports: Sequence[int]) -> None:
        self.address = address
        self.name = f"machine-{address.rpartition('.')[2]}"
        self.link = Link()
        here, there = socket.socketpair()
        with here, there:
            self._process = subprocess.Popen(
                [
                    *_NAMESPACE,
                    sys.executable,
                    __file__,
                    self.name,
                    address,
                    str(there.fileno()),
                    *map(str, ports),
                ],
                stdin=subprocess.PIPE,
                pass_fds=[there.fileno()],
            )
            there.close()
            _, data, _, _ = here.recvmsg(1, socket.CMSG_SPACE(4 * (1 + len(ports))))
        found = array.array("i")
        for _, _, one in data:
            found.frombytes(one)
        self.tunnel, *sockets = found
        self.listening = {
            port: socket.socket(fileno=one) for port, one in zip(ports, sockets, strict=True)
        }

    def command(self, words: Sequence[str]) -> list[str]:
        """The same command, run on this machine."""
        spaces = Path("/proc", str(self._process.pid), "ns")
        where = [f"--net={spaces / 'net'}", f"--uts={spaces / 'uts'}", f"--mount={spaces / 'mnt'}"]
        where.append(f"--pid={spaces / 'pid_for_children'}")
        if _AS_USER:
            where += [f"--user={spaces / 'user'}", "--preserve-credentials"]
        return ["nsenter", *where, "--", *words]

    def close(self) -> None:
        """End it: the kernel ends all that runs in it with its first process."""
        with self._process:
            self._process.kill()
        for one in self.listening.values():
            one.close()
        os.close(self.tunnel)


class Network:
    """Machines and the packets between them, moved by a thread of its own; use it in a `with` block."""

    def __init__(self, seed: int = 1) -> None:
        self.machines: list[Machine] = []
        self._servers: list[asyncio.Server] = []
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Network:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()
        for machine in self.machines:
            machine.close()

    async def _end(self) -> None:
        for machine in self.machines:
            self._loop.remove_reader(machine.tunnel)
        for server in self._servers:
            server.close()
        quiet = (
            0  # turns of the loop: a connection that was accepted becomes a task some turns later
        )
        while quiet < 5:
            if others := asyncio.all_tasks() - {asyncio.current_task()}:
                quiet = 0
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
            for writer in self._clients:
                writer.transport.abort()
            await asyncio.sleep(0)
            quiet += 1

    def machine(self, leads: Mapping[int, Target | None] | None = None) -> Machine:
        """One more machine. leads: by port, where connections to it go on, outside of all machines; None:
        to the same address and port of ours, as for each host of a little web."""
        leads = leads or {}
        machine = Machine(f"10.77.0.{len(self.machines) + 1}", list(leads))
        self.machines.append(machine)
        self._call(self._join(machine, leads))
        return machine

    def _call(self, what: Awaitable[Any]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)  # type: ignore[arg-type]

    async def _join(self, machine: Machine, leads: Mapping[int, Target | None]) -> None:
        os.set_blocking(machine.tunnel, False)
        self._loop.add_reader(machine.tunnel, self._pass_on, machine)
        for port, target in leads.items():
            its_socket = machine.listening[port]
            its_socket.setblocking(False)
            connected = partial(self._connected, _relay_to(target))
            self._servers.append(await asyncio.start_server(connected, sock=its_socket))

    def _connected(
        self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._clients[writer] = self._loop.create_task(relay(reader, writer))

    def _pass_on(self, source: Machine) -> None:
        """Read a packet, and write it to the machine that it is for when its time has come."""
        with contextlib.suppress(BlockingIOError):
            packet = os.read(source.tunnel, 65_536)
            address = socket.inet_ntoa(packet[16:20])  # of IPv4: the destination
            for sink in self.machines:
                if sink.address == address:
                    links = source.link, sink.link
                    delay_s = sum(link.delay_s for link in links)
                    if not any(map(self._loses, links)):
                        self._loop.call_later(delay_s, _deliver, sink, packet)

    def _loses(self, link: Link) -> bool:
        return link.is_cut or self._random.random() < link.loss


def _deliver(sink: Machine, packet: bytes) -> None:
    # what is under way when a link is cut is lost; a tunnel that is full loses it, too
    if not sink.link.is_cut:
        with contextlib.suppress(OSError):
            os.write(sink.tunnel, packet)


def _relay_to(target: Target | None) -> Relay:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = target or writer.get_extra_info("sockname")[:2]
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if isinstance(there, str):
                source, sink = await asyncio.open_unix_connection(there)
            else:
                source, sink = await asyncio.open_connection(*there)
            try:
                await asyncio.gather(_copy(reader, sink), _copy(source, writer))
            finally:
                sink.transport.abort()
        writer.transport.abort()

    return relay


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()


# -- within a namespace ----------------------------------------------------------------------------


def _configure(name: str, address: str, netmask: str) -> None:
    def request(family_address: str) -> bytes:
        return struct.pack(
            "16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(family_address)
        )

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        fcntl.ioctl(asking, _SET_ADDRESS, request(address))
        fcntl.ioctl(asking, _SET_NETMASK, request(netmask))
        flags = struct.unpack(
            "16xH14x", fcntl.ioctl(asking, _GET_FLAGS, struct.pack("16s16x", name.encode()))
        )[0]
        fcntl.ioctl(asking, _SET_FLAGS, struct.pack("16sH14x", name.encode(), flags | _UP))


def _begin(name: str, address: str, sink: int, ports: Sequence[int]) -> None:
    """Make this namespace a machine, hand its tunnel and its sockets over, and stay until the end."""
    socket.sethostname(name)
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, _TUN_SET, struct.pack("16sH14x", b"scrapeq0", _TUN | _NO_PI))
    _configure("lo", "127.0.0.1", "255.0.0.0")
    _configure("scrapeq0", address, "255.255.255.0")
    listening = [socket.create_server(("0.0.0.0", port), backlog=256) for port in ports]
    handles = array.array("i", [tunnel, *(one.fileno() for one in listening)])
    with socket.socket(fileno=sink) as handing:
        handing.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handles)])
    sys.stdin.read()


if __name__ == "__main__":
    _begin(sys.argv[1], sys.argv[2], int(sys.argv[3]), [int(port) for port in sys.argv[4:]])
