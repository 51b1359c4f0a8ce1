using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>A list, growing as the pickle says. Compared by reference, so that it may hold itself.</summary>
internal sealed class PickleList
{
    /// <summary>The items.</summary>
    public List<object?> Items { get; } = [];
}

/// <summary>A tuple.</summary>
/// <param name="items">Its items; shared, never modified.</param>
internal sealed class PickleTuple(object?[] items)
{
    /// <summary>The items.</summary>
    public object?[] Items { get; } = items;
}

/// <summary>
/// A dictionary: pairs in the order given, nothing hashed, so that hostile keys cost no more than others. A later pair
/// of the same key replaces an earlier one for whoever reads the pairs.
/// </summary>
/// <param name="isOrdered">Whether it is an OrderedDict, which PyTorch decorates with attributes.</param>
/// <param name="initial">Pairs given to the constructor, or null. Kept by reference: copying would let a short pickle
/// copy much.</param>
internal sealed class PickleDictionary(bool isOrdered, PickleList? initial = null)
{
    private List<KeyValuePair<object?, object?>>? _pairs;

    /// <summary>Whether it is an OrderedDict.</summary>
    public bool IsOrdered { get; } = isOrdered;

    /// <summary>Pairs whose key is a text; others cannot name a tensor.</summary>
    public IEnumerable<KeyValuePair<string, object?>> TextPairs()
    {
        foreach (object? item in initial?.Items ?? [])
            if (PairOf(item) is [string key, var value])
                yield return KeyValuePair.Create(key, value);
        foreach (var (key, value) in _pairs ?? [])
            if (key is string text)
                yield return KeyValuePair.Create(text, value);
    }

    /// <summary>Adds a pair.</summary>
    public void Add(object? key, object? value) => (_pairs ??= []).Add(KeyValuePair.Create(key, value));

    private static IList<object?>? PairOf(object? item) =>
        item switch
        {
            PickleTuple tuple => tuple.Items,
            PickleList list => list.Items,
            _ => null,
        };
}

/// <summary>A value that no checkpoint needs: read past, and only its kind kept.</summary>
/// <param name="Kind">Such as <c>set</c> or <c>bytes</c>.</param>
internal sealed record PickleOther(string Kind);

/// <summary>A name of the allow-list. It stands for a function or type and is never called.</summary>
/// <param name="Name">Module and name, such as <c>torch.FloatStorage</c>.</param>
internal sealed record PickleGlobal(string Name);

/// <summary>Typed memory that tensors show, as the pickle declares it.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Type">Element type.</param>
/// <param name="ElementCount">Number of elements, not negative.</param>
internal sealed record StorageReference(string Key, ScalarType Type, long ElementCount)
{
    /// <summary>Size of one element.</summary>
    public int ElementBytes { get; } = SafeTensorsType.Find(Type)!.Bytes;
}

/// <summary>A tensor as the pickle declares it; nothing about it is checked yet.</summary>
/// <param name="Storage">Memory it shows.</param>
/// <param name="Offset">Position of its first value in the storage.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Strides">Distance of neighbours along each axis.</param>
internal sealed record TensorReference(StorageReference Storage, long Offset, PickleTuple Shape, PickleTuple Strides);

/// <summary>
/// The names a pickle may mention, and what "calling" each one means here. Everything else is refused by name.
/// </summary>
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
        "torch.float64",
        "torch.float32",
        "torch.float16",
        "torch.bfloat16",
        "torch.int64",
        "torch.int32",
        "torch.int16",
        "torch.int8",
        "torch.uint8",
        "torch.bool",
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
        if (TypeNames.Contains(full))
            return full; // a dtype is metadata like any text
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
        && count >= 0
        && rest is [] or [null]
        && StorageTypes.TryGetValue(type.Name, out var scalarType)
            ? new StorageReference(key, scalarType, count)
            : null;

    private static TensorReference? Tensor(object?[] arguments) =>
        arguments is [StorageReference storage, long offset, PickleTuple shape, PickleTuple strides, ..]
            ? new TensorReference(storage, offset, shape, strides)
            : null;

    private static PickleDictionary? OrderedDictionary(object?[] arguments) =>
        arguments switch
        {
            [] => new PickleDictionary(isOrdered: true),
            [PickleList pairs] => new PickleDictionary(isOrdered: true, pairs),
            _ => null,
        };

    private static PickleOther? Device(object?[] arguments) =>
        arguments is [string] or [string, long] ? new PickleOther("device") : null;
}
