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
    private Dictionary<string, PickleDictionary>? _nested;
    private bool? _hasTensors;

    /// <summary>Whether it is an OrderedDict.</summary>
    public bool IsOrdered { get; } = isOrdered;

    /// <summary>All pairs.</summary>
    public IEnumerable<KeyValuePair<object?, object?>> Pairs()
    {
        foreach (object? item in initial?.Items ?? [])
            if (PairOf(item) is [var key, var value])
                yield return KeyValuePair.Create(key, value);
        foreach (var pair in _pairs ?? [])
            yield return pair;
    }

    /// <summary>Pairs whose key is a text; others cannot name a tensor.</summary>
    public IEnumerable<KeyValuePair<string, object?>> TextPairs()
    {
        foreach (var (key, value) in Pairs())
            if (key is string text)
                yield return KeyValuePair.Create(text, value);
    }

    /// <summary>The dictionaries in it, by their text keys; looked for once, when the pickle is read.</summary>
    public IReadOnlyDictionary<string, PickleDictionary> Nested => _nested ??= FindNested();

    /// <summary>Whether a text key has a tensor; looked for once, when the pickle is read.</summary>
    public bool HasTensors => _hasTensors ??= TextPairs().Any(pair => pair.Value is TensorReference);

    /// <summary>Adds a pair.</summary>
    public void Add(object? key, object? value) => (_pairs ??= []).Add(KeyValuePair.Create(key, value));

    private Dictionary<string, PickleDictionary> FindNested()
    {
        var nested = new Dictionary<string, PickleDictionary>(StringComparer.Ordinal);
        foreach (var (key, value) in TextPairs())
            if (value is PickleDictionary inner)
                nested[key] = inner;
        return nested;
    }

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

/// <summary>
/// A name that is not on the allow-list, and all that a pickle makes of it: passed by, never looked up, never called.
/// </summary>
/// <param name="Name">Module and name, such as <c>argparse.Namespace</c>.</param>
internal sealed record PickleOpaque(string Name);

/// <summary>Bytes that are kept.</summary>
/// <param name="Bytes">At most <see cref="PickleVocabulary.LongestBytes"/>.</param>
internal sealed record PickleBytes(byte[] Bytes)
{
    /// <summary>Enough for one number; of a checkpoint longer ones are passed by.</summary>
    public const int MaxCount = 16;
}

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
