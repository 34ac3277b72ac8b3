"""One table of keys: whatever a script or a class uses is in it, with its type, and nothing else."""

from __future__ import annotations

import re
from importlib import resources
from itertools import chain

import pytest

from scrapeq.frontier import Keys, keys

FOLDER = resources.files("scrapeq.frontier")
LUA = {
    path.name: re.sub(r"--[^\n]*", "", path.read_text("utf-8"))
    for path in (FOLDER / "lua").iterdir()
}
PYTHON = {
    path.name: path.read_text("utf-8") for path in FOLDER.iterdir() if path.name.endswith(".py")
}
#: The table, `name` or `name:` → type, as the docstring has it.
TABLE: dict[str, str] = dict(
    re.findall(
        r"^    <namespace>:(\w+:?)\S*\s+(string|hash|zset|set|list)\s",
        keys.__doc__ or "",
        re.MULTILINE,
    )
)
#: The commands that a key of each type takes.
COMMANDS = {
    "string": {"GET", "SET", "INCR", "INCRBY"},
    "hash": {
        "HGET",
        "HMGET",
        "HSET",
        "HSETNX",
        "HDEL",
        "HLEN",
        "HINCRBY",
        "HKEYS",
        "HEXISTS",
        "HGETALL",
    },
    "zset": {
        "ZADD",
        "ZREM",
        "ZRANGE",
        "ZCARD",
        "ZSCORE",
        "ZCOUNT",
        "ZREMRANGEBYSCORE",
        "ZREMRANGEBYRANK",
    },
    "set": {"SADD", "SREM", "SCARD"},
    "list": {"RPUSH", "LLEN"},
}


def used_by_scripts() -> set[str]:
    return set(
        chain.from_iterable(re.findall(r"\bP \.\. '(\w+:?)'", text) for text in LUA.values())
    )


def used_by_python() -> set[str]:
    named = set(chain.from_iterable(re.findall(r"_keys\.(\w+)", text) for text in PYTHON.values()))
    return {key_of(name) for name in named - {"prefix"}}


def key_of(attribute: str) -> str:
    """The table's name of what `Keys` has under this one."""
    value = getattr(Keys("n"), attribute)
    if isinstance(value, str):
        return value.removeprefix("n:")
    parts = value.__code__.co_argcount - 1
    return str(value(*("x" * parts))).removeprefix("n:").partition(":")[0] + ":"


def test_what_is_used_is_in_the_table_and_what_is_in_the_table_is_used() -> None:
    assert used_by_scripts() | used_by_python() == set(TABLE)


@pytest.mark.parametrize("name", sorted(LUA))
def test_a_script_makes_every_key_from_the_prefix_and_a_name(name: str) -> None:
    text = LUA[name].replace("local P = KEYS[1]", "")

    assert not re.findall(r"\bP\b(?! \.\. '\w+:?')", text)
    assert not re.findall(r"\bKEYS\b", text)


@pytest.mark.parametrize("name", sorted(LUA))
def test_a_script_uses_a_key_as_its_type_allows(name: str) -> None:
    for command, key in re.findall(r"redis\.call\('(\w+)', P \.\. '(\w+:?)'", LUA[name]):
        allowed = COMMANDS[TABLE[key]] | {"EXISTS", "DEL", "PEXPIRE"}

        assert command in allowed, f"{command} {key}"


def test_every_attribute_of_keys_is_used() -> None:
    named = {name for name in vars(Keys) if not name.startswith("_")} | set(vars(Keys("n")))

    assert {key_of(name) for name in named - {"prefix"}} == used_by_python()


def test_every_key_has_the_namespace() -> None:
    made = Keys("some-name")

    assert made.job == "some-name:job"
    assert made.host("example.com") == "some-name:host:example.com"
