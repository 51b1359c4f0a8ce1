namespace Dmkd.Core.Tensors;

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
