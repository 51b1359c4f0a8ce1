namespace Dmkd.Core.Checkpoints;

/// <summary>What a pickled object holds for a reader of weights.</summary>
/// <param name="Tensors">The state dict: tensors by name, in its order.</param>
/// <param name="Metadata">Numbers, texts and single-value tensors beside it, by name; a name with several values comes with the last.</param>
internal sealed record FoundState(OrderedDictionary<string, TensorReference> Tensors, Dictionary<string, object> Metadata);

/// <summary>Finds the state dict in a pickled object; the rule is in the remarks of <see cref="CheckpointReader"/>.</summary>
internal static class StateDictFinder
{
    private const int MaxLevels = 3;

    private static readonly string[] Containers = ["state_dict", "model_state_dict", "model", "net", "weights"];

    /// <summary>Finds the state dict.</summary>
    /// <param name="root">What was pickled.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="CheckpointFormatException">There is none, or it has too many tensors.</exception>
    public static FoundState Find(object? root, string name)
    {
        var metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        if (root is not PickleDictionary dictionary || Descend(dictionary, metadata, 0) is not { } tensors)
            throw new CheckpointFormatException($"{name}: holds no state dict: a dictionary of named tensors, at the top or under one of {string.Join(", ", Containers)}.");
        if (tensors.Count > PickleLimits.Tensors)
            throw new CheckpointFormatException($"{name}: a state dict must have at most {PickleLimits.Tensors} tensors; it has {tensors.Count}.");
        return new FoundState(tensors, metadata);
    }

    private static OrderedDictionary<string, TensorReference>? Descend(PickleDictionary dictionary, Dictionary<string, object> metadata, int level)
    {
        var nested = new Dictionary<string, PickleDictionary>(StringComparer.Ordinal);
        foreach (var (key, value) in dictionary.TextPairs())
            if (value is PickleDictionary inner && Containers.Contains(key)) nested[key] = inner;
        foreach (string container in level < MaxLevels ? Containers : [])
        {
            if (!nested.TryGetValue(container, out var inner) || Descend(inner, metadata, level + 1) is not { } found) continue;
            AddMetadata(dictionary, metadata, includeTensors: true);
            return found;
        }

        var tensors = new OrderedDictionary<string, TensorReference>(StringComparer.Ordinal);
        foreach (var (key, value) in dictionary.TextPairs())
            if (value is TensorReference tensor) tensors[key] = tensor;
        if (tensors.Count == 0) return null;
        AddMetadata(dictionary, metadata, includeTensors: false);
        return tensors;
    }

    private static void AddMetadata(PickleDictionary dictionary, Dictionary<string, object> metadata, bool includeTensors)
    {
        foreach (var (key, value) in dictionary.TextPairs())
        {
            bool isSingle = value is TensorReference tensor && tensor.Shape.Items.All(size => size is 1L) && tensor.Shape.Items.Length <= 1;
            if (isSingle && includeTensors || value is bool or long or double or string or System.Numerics.BigInteger) metadata[key] = value!;
        }
    }
}
