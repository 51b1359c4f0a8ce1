using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>Makes tensors from storages: checks all of them by arithmetic, then reads one storage at a time.</summary>
internal static class StorageTensors
{
    /// <summary>How many times the bytes of their storages tensors may take once they share nothing.</summary>
    public const int MaxSharing = 4;

    /// <summary>What tensors may take in any case.</summary>
    public const long SharingAllowance = 1 << 20;

    /// <summary>Reads tensors.</summary>
    /// <param name="file">Where the storages are. Borrowed.</param>
    /// <param name="references">Tensors by name, as declared.</param>
    /// <returns>Contiguous tensors that share no memory, in the same order, owned by the caller's dispose
    /// scope.</returns>
    /// <exception cref="CheckpointFormatException">A tensor does not fit its storage, or a storage does not fit the
    /// file.</exception>
    public static OrderedDictionary<string, Tensor> Read(
        ITorchFile file,
        OrderedDictionary<string, TensorReference> references
    )
    {
        var planned = Plan(file, references);
        var tensors = new OrderedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string name in references.Keys)
            tensors.Add(name, null!); // keeps the order
        foreach (var group in planned.GroupBy(plan => plan.Storage))
            ReadGroup(file, group.Key, [.. group], tensors);
        return tensors;
    }

    private static List<Planned> Plan(ITorchFile file, OrderedDictionary<string, TensorReference> references)
    {
        var planned = new List<Planned>(references.Count);
        foreach (var (name, reference) in references)
        {
            string user = $"tensor {CheckpointFormatException.Quote(name)}";
            var layout =
                TensorLayout.Check(reference, out string? problem)
                ?? throw new CheckpointFormatException($"{file.Name}: {user}: {problem}.");
            planned.Add(new Planned(name, user, reference.Storage, layout));
        }

        CheckSharing(file, planned);
        return planned;
    }

    private static void CheckSharing(ITorchFile file, List<Planned> planned)
    {
        Int128 stored = 0,
            needed = 0;
        foreach (var storage in planned.Select(plan => plan.Storage).Distinct())
            stored += (Int128)storage.ElementCount * storage.ElementBytes;
        foreach (var plan in planned)
            needed += (Int128)plan.Layout.ElementCount * plan.Storage.ElementBytes;
        if (needed > stored * MaxSharing + SharingAllowance)
            throw new CheckpointFormatException(
                $"{file.Name}: tensors of {needed} bytes share storages of {stored}; at most {MaxSharing} times as much is read."
            );
    }

    private static void ReadGroup(
        ITorchFile file,
        StorageReference storage,
        Planned[] group,
        OrderedDictionary<string, Tensor> tensors
    )
    {
        using var scope = NewDisposeScope();
        var values = ReadStorage(file, storage, group[0].User);
        bool isAlone = group.Length == 1 && group[0].Layout.Covers(storage);
        foreach (var plan in group)
        {
            var tensor = isAlone ? values.view(plan.Layout.Shape) : Copy(values, plan.Layout);
            tensors[plan.Name] = tensor.MoveToOuterDisposeScope();
        }
    }

    private static Tensor Copy(Tensor values, TensorLayout layout)
    {
        var (shape, strides, offset, count) = layout;
        if (count == 0)
            return empty(shape, dtype: values.dtype);
        var view = values.as_strided(shape, strides, offset);
        return view.is_contiguous() ? view.clone() : view.contiguous();
    }

    private static Tensor ReadStorage(ITorchFile file, StorageReference storage, string user)
    {
        using var content = file.OpenStorage(storage, user);
        var values = empty(storage.ElementCount, dtype: storage.Type);
        foreach (var chunk in TensorMemory.Chunks(values))
        {
            int count = content.ReadAtLeast(chunk.bytes, chunk.bytes.Length, throwOnEndOfStream: false);
            if (count < chunk.bytes.Length)
                throw new CheckpointFormatException(
                    $"{file.Name}: {user}: its storage {CheckpointFormatException.Quote(storage.Key)} ends "
                        + $"{chunk.bytes.Length - count} bytes early."
                );
            // Native code takes a bool's byte for 0 or 1; any other value would be undefined behaviour.
            if (storage.Type == ScalarType.Bool && chunk.bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                throw new CheckpointFormatException($"{file.Name}: {user}: a bool's byte is neither 0 nor 1.");
        }

        if (content.ReadByte() >= 0)
            throw new CheckpointFormatException(
                $"{file.Name}: {user}: its storage {CheckpointFormatException.Quote(storage.Key)} unpacks to "
                    + $"more than it declares."
            );
        return values;
    }

    private sealed record Planned(string Name, string User, StorageReference Storage, TensorLayout Layout);
}
