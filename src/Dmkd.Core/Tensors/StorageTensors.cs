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

/// <summary>Where a tensor's values are in its storage, checked by arithmetic alone.</summary>
/// <param name="Shape">Shape.</param>
/// <param name="Strides">Distance of neighbours along each axis, in elements.</param>
/// <param name="Offset">Position of the first value.</param>
/// <param name="ElementCount">Number of values.</param>
internal sealed record TensorLayout(long[] Shape, long[] Strides, long Offset, long ElementCount)
{
    /// <summary>Checks a declared tensor against its declared storage.</summary>
    /// <param name="tensor">As declared.</param>
    /// <param name="problem">What is wrong, or null.</param>
    /// <returns>The layout, or null when something is wrong.</returns>
    public static TensorLayout? Check(TensorReference tensor, out string? problem)
    {
        long[]? shape = Numbers(tensor.Shape),
            strides = Numbers(tensor.Strides);
        problem =
            shape is null || strides is null || shape.Length != strides.Length || tensor.Offset < 0
                ? $"shape and strides must be as long as each other, of at most {PickleLimits.Dimensions} whole "
                    + $"numbers, and they and the offset not negative"
                : null;
        if (problem is not null)
            return null;
        try
        {
            long count = 1,
                padded = 1,
                last = tensor.Offset;
            for (int axis = 0; axis < shape!.Length; axis++)
            {
                count = checked(count * shape[axis]);
                padded = checked(padded * Math.Max(shape[axis], 1)); // libtorch computes strides that way
                last = checked(last + Math.Max(shape[axis] - 1, 0) * strides![axis]);
            }

            _ = checked(padded * tensor.Storage.ElementBytes);
            if (count > 0 && last >= tensor.Storage.ElementCount)
                problem =
                    $"its last value is at {last}, outside the {tensor.Storage.ElementCount} elements of its storage";
            if (problem is not null)
                return null;
            return new TensorLayout(shape, strides!, count == 0 ? 0 : tensor.Offset, count);
        }
        catch (OverflowException)
        {
            problem =
                $"shape [{string.Join(", ", shape!)}] with strides [{string.Join(", ", strides!)}] describes "
                + $"more than 2^63 bytes";
            return null;
        }
    }

    /// <summary>Whether the tensor is its storage, value by value.</summary>
    public bool Covers(StorageReference storage)
    {
        if (Offset != 0 || ElementCount != storage.ElementCount)
            return false;
        long expected = 1;
        for (int axis = Shape.Length - 1; axis >= 0; axis--)
        {
            if (Shape[axis] != 1 && Strides[axis] != expected)
                return false;
            expected *= Shape[axis];
        }

        return true;
    }

    private static long[]? Numbers(PickleTuple tuple)
    {
        if (tuple.Items.Length > PickleLimits.Dimensions)
            return null;
        long[] numbers = new long[tuple.Items.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (tuple.Items[i] is not long number || number < 0)
                return null;
            numbers[i] = number;
        }

        return numbers;
    }
}
