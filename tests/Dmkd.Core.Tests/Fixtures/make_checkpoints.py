#!/usr/bin/env python3
"""Writes the small checkpoint files beside this script. Made WITHOUT torch: stand-in classes carry torch's names, so that
Python's own pickler writes what torch.save would. Run: python3 make_checkpoints.py (the output is always the same)."""
import collections
import io
import os
import pickle
import struct
import sys
import types
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = {"FloatStorage": "f", "DoubleStorage": "d", "HalfStorage": "e", "LongStorage": "q", "IntStorage": "i",
           "ShortStorage": "h", "CharStorage": "b", "ByteStorage": "B", "BoolStorage": "?", "BFloat16Storage": "bf16"}


def stand_in(module, name, value):
    value.__module__, value.__name__, value.__qualname__ = module, name, name
    setattr(sys.modules.setdefault(module, types.ModuleType(module)), name, value)
    return value


TYPES = {name: stand_in("torch", name, type(name, (), {})) for name in FORMATS}
rebuild = stand_in("torch._utils", "_rebuild_tensor_v2", lambda *a: None)
rebuild_old = stand_in("torch._utils", "_rebuild_tensor", lambda *a: None)
rebuild_parameter = stand_in("torch._utils", "_rebuild_parameter", lambda *a: None)
make_size = stand_in("torch", "Size", lambda *a: None)
make_device = stand_in("torch", "device", lambda *a: None)


class Dtype:
    def __reduce__(self):
        return "float32"


float32 = Dtype()
float32.__module__ = "torch"
sys.modules["torch"].float32 = float32


class Storage:
    def __init__(self, kind, values, key, location="cpu"):
        self.kind, self.values, self.key, self.location = kind, list(values), key, location

    def data(self):
        form = FORMATS[self.kind]
        if form == "bf16":
            return b"".join(struct.pack("<f", v)[2:] for v in self.values)
        return struct.pack(f"<{len(self.values)}{form}", *self.values)


class Reduced:
    def __init__(self, function, *arguments):
        self.reduced = (function, arguments)

    def __reduce__(self):
        return self.reduced


def tensor(storage, shape, strides, offset=0, old=False):
    if old:
        return Reduced(rebuild_old, storage, offset, shape, strides)
    return Reduced(rebuild, storage, offset, shape, strides, False, collections.OrderedDict())


def parameter(inner):
    return Reduced(rebuild_parameter, inner, True, collections.OrderedDict())


class Pickler(pickle.Pickler):
    legacy = False

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        key = ("storage", TYPES[value.kind], value.key, value.location, len(value.values))
        return key + (None,) if self.legacy else key


def dump(value, protocol=2, legacy=False):
    out = io.BytesIO()
    pickler = Pickler(out, protocol)
    pickler.legacy = legacy
    pickler.dump(value)
    return out.getvalue()


def write_zip(name, value, storages, protocol=2, compression=zipfile.ZIP_STORED, extra=()):
    with zipfile.ZipFile(os.path.join(HERE, name), "w", compression) as archive:
        def add(entry, data):
            info = zipfile.ZipInfo(f"archive/{entry}", (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            archive.writestr(info, data)

        add("data.pkl", dump(value, protocol))
        add("byteorder", b"little")
        for storage in storages:
            add(f"data/{storage.key}", storage.data())
        add("version", b"3\n")
        for entry, data in extra:
            add(entry, data)


def write_legacy(name, value, storages):
    with open(os.path.join(HERE, name), "wb") as out:
        sizes = {"short": 2, "int": 4, "long": 4}
        for part in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}):
            out.write(pickle.dumps(part, 2))
        out.write(dump(value, 2, legacy=True))
        out.write(pickle.dumps(sorted(storage.key for storage in storages), 2))
        for storage in sorted(storages, key=lambda storage: storage.key):
            out.write(struct.pack("<q", len(storage.values)) + storage.data())


def types_and_views():
    """Every element type; views of one storage; no dimensions; no values."""
    shared = Storage("FloatStorage", range(12), "0")
    stores, state = [shared], collections.OrderedDict()
    state["row"] = tensor(shared, (3, 4), (4, 1))
    state["transposed"] = tensor(shared, (4, 3), (1, 4))
    state["inner"] = tensor(shared, (2, 2), (4, 1), 5)
    state["broadcast"] = tensor(shared, (2, 3), (0, 1), 1)
    for i, kind in enumerate(FORMATS):
        storage = Storage(kind, [True, False] if kind == "BoolStorage" else [1, 2], str(i + 1))
        stores.append(storage)
        state[kind] = tensor(storage, (2,), (1,))
    single = Storage("FloatStorage", [2.5], "20")
    none = Storage("FloatStorage", [], "21")
    state["single"], state["none"] = tensor(single, (), ()), tensor(none, (0, 4), (4, 1))
    return state, stores + [single, none]


def nested():
    """A trainer's checkpoint: parameters in a state dict, facts and optimiser state beside it."""
    weight, bias, best, moment = (Storage("FloatStorage", v, str(i), "cuda:0") for i, v in enumerate([range(6), [1, 2], [91.5], [7] * 6]))
    state = collections.OrderedDict([("fc.weight", parameter(tensor(weight, (2, 3), (3, 1)))), ("fc.bias", parameter(tensor(bias, (2,), (1,))))])
    state._metadata = collections.OrderedDict([("", {"version": 1})])
    root = {"epoch": 12, "arch": "résnet", "best_acc1": tensor(best, (), ()), "lr": 0.1, "done": True, "none": None, "big": 1 << 70,
            "negative": -5, "wide": 70000, "set": {1, 2}, "raw": b"\x00\xff", "classes": ["a", ("b", 1, 2, 3)], "dtype": float32,
            "size": Reduced(make_size, (2, 3)), "device": Reduced(make_device, "cuda", 0), "frozen": frozenset([3]),
            "optimizer": {"state": {0: {"exp_avg": tensor(moment, (6,), (1,))}}, "param_groups": [{"params": [0]}]}, "state_dict": state}
    return root, [weight, bias, best, moment]


def legacy():
    weight = Storage("FloatStorage", range(6), "94020255495056", "cuda:0")
    bias = Storage("HalfStorage", [1, 2], "94020243121552", "cuda:0")
    state = collections.OrderedDict([("module.weight", tensor(weight, (3, 2), (1, 3), old=True)), ("module.bias", tensor(bias, (2,), (1,)))])
    return {"best_prec1": 91.78, "state_dict": state}, [weight, bias]


def script(rows=((1, 0, 0), (0, 1, -1)), biases=(0.5, 0), result="torch.relu(torch.linear(x, weight, bias))"):
    """A TorchScript program: a linear layer and ReLU. The objects' classes are the program's own."""
    weight, bias = Storage("FloatStorage", [value for row in rows for value in row], "0"), Storage("FloatStorage", biases, "1")
    names = ["training", "weight", "bias"]
    module = stand_in("__torch__", "Teacher", type("Teacher", (), {}))()
    state = {"weight": parameter_of_script(weight, (len(rows), 3), (3, 1)), "bias": parameter_of_script(bias, (len(rows),), (1,)), "training": False}
    for name in names:
        setattr(module, name, state[name])
    code = ("class Teacher(Module):\n"
            "  __parameters__ = [\"weight\", \"bias\", ]\n"
            "  __buffers__ = []\n"
            "  weight : Tensor\n"
            "  bias : Tensor\n"
            "  training : bool\n"
            "  def forward(self: __torch__.Teacher,\n"
            "    x: Tensor) -> Tensor:\n"
            "    weight = self.weight\n"
            "    bias = self.bias\n"
            f"    return {result}\n")
    extra = [("code/__torch__.py", code.encode()), ("constants.pkl", pickle.dumps((), 2))]
    return module, [weight, bias], extra


def image_script():
    """A TorchScript program for colour images: ten classes from the mean colour. EvaluateTests compute the same by hand."""
    rows = [[label, 5 - label, label % 2] for label in range(10)]
    return script(rows, [label / 8 for label in range(10)], "torch.linear(torch.mean(x, [2, 3]), weight, bias)")


def parameter_of_script(storage, shape, strides):
    return Reduced(rebuild, storage, 0, shape, strides, True, collections.OrderedDict())


if __name__ == "__main__":
    write_zip("types_and_views.pt", *types_and_views())
    write_zip("nested.pt", *nested())
    write_zip("nested_protocol4.pt", *nested(), protocol=4)
    write_zip("compressed.pt", *nested(), compression=zipfile.ZIP_DEFLATED)
    write_legacy("legacy.th", *legacy())
    teacher, parts, programme = script()
    write_zip("script.pt", teacher, parts, extra=programme)
    teacher, parts, programme = image_script()
    write_zip("image_script.pt", teacher, parts, extra=programme)
