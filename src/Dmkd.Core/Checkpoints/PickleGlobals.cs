using static TorchSharp.torch;

namespace Dmkd.Core.Checkpoints;

/// <summary>The names a pickle may mention, and what "calling" each one means here. Everything else is refused by name.</summary>
internal static class PickleGlobals
{
    private static readonly Dictionary<string, ScalarType> StorageTypes = new(StringComparer.Ordinal)
    {
        ["torch.DoubleStorage"] = ScalarType.Float64,
        ["torch.FloatStorage"] = ScalarType.Float32,
        ["torch.HalfStorage"] = ScalarType.Float16,
        ["torch.BFloat16Storage"] = ScalarType.BFloat16,
        ["torch.LongStorage"] = ScalarType.Int64,
        ["torch.IntStorage"] = ScalarType.Int32,
        ["torch.ShortStorage"] = ScalarType.Int16,
        ["torch.CharStorage"] = ScalarType.Int8,
        ["torch.ByteStorage"] = ScalarType.Byte,
        ["torch.BoolStorage"] = ScalarType.Bool,
    };

    private static readonly HashSet<string> TypeNames = new(StringComparer.Ordinal)
    {
        "torch.float64", "torch.float32", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32", "torch.int16",
        "torch.int8", "torch.uint8", "torch.bool",
    };

    /// <summary>Each callable: its arguments to its value, or null when the arguments are none it takes.</summary>
    private static readonly Dictionary<string, Func<object?[], object?>> Callables = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = OrderedDictionary,
        ["torch._utils._rebuild_tensor"] = Tensor,
        ["torch._utils._rebuild_tensor_v2"] = Tensor,
        ["torch._utils._rebuild_parameter"] = arguments => arguments is [TensorReference tensor, ..] ? tensor : null,
        ["torch.Size"] = arguments => arguments is [PickleTuple sizes] ? sizes : null,
        ["torch.device"] = Device,
        ["builtins.set"] = _ => new PickleOther("set"),
        ["builtins.frozenset"] = _ => new PickleOther("frozenset"),
        ["builtins.bytes"] = _ => new PickleOther("bytes"),
        ["builtins.bytearray"] = _ => new PickleOther("bytearray"),
        ["_codecs.encode"] = _ => new PickleOther("bytes"), // how protocol 2 writes bytes
    };

    /// <summary>Looks a name up.</summary>
    /// <returns>The global, or null when it is not allowed.</returns>
    public static object? Find(string module, string name)
    {
        string full = $"{(module == "__builtin__" ? "builtins" : module)}.{name}"; // Python 2's spelling
        if (TypeNames.Contains(full)) return full; // a dtype is metadata like any text
        return StorageTypes.ContainsKey(full) || Callables.ContainsKey(full) ? new PickleGlobal(full) : null;
    }

    /// <summary>What the call of a global gives.</summary>
    /// <returns>The value, or null when the global is not callable or takes no such arguments.</returns>
    public static object? Call(PickleGlobal global, object?[] arguments) =>
        Callables.TryGetValue(global.Name, out var callable) ? callable(arguments) : null;

    /// <summary>Reads a persistent id: ('storage', type, key, location, number of elements[, view]).</summary>
    /// <returns>The storage, or null when it is no such tuple, or a view of another storage.</returns>
    public static StorageReference? Storage(object? id) =>
        id is PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long count, .. var rest] }
        && count >= 0 && rest is [] or [null] && StorageTypes.TryGetValue(type.Name, out var scalarType)
            ? new StorageReference(key, scalarType, count)
            : null;

    private static TensorReference? Tensor(object?[] arguments) =>
        arguments is [StorageReference storage, long offset, PickleTuple shape, PickleTuple strides, ..]
            ? new TensorReference(storage, offset, shape, strides)
            : null;

    private static PickleDictionary? OrderedDictionary(object?[] arguments) => arguments switch
    {
        [] => new PickleDictionary(isOrdered: true),
        [PickleList pairs] => new PickleDictionary(isOrdered: true, pairs),
        _ => null,
    };

    private static PickleOther? Device(object?[] arguments) => arguments is [string] or [string, long] ? new PickleOther("device") : null;
}
