namespace Dmkd.Serving;

/// <summary>What a member takes: a named tensor.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="DataType">Element type, such as <c>uint8</c>.</param>
/// <param name="Shape">Shape; <see cref="Free"/> where any length goes.</param>
public sealed record TensorSignature(string Name, string DataType, IReadOnlyList<int> Shape)
{
    /// <summary>Stands for any length.</summary>
    public const int Free = -1;

    /// <summary>Bytes of one input.</summary>
    public long BytesPerInput => InputTensor.BytesOf(Shape.Skip(1));

    /// <summary>Whether an input is of this kind.</summary>
    public bool Takes(InputTensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Name != Name || input.DataType != DataType || input.Shape.Count != Shape.Count)
            return false;
        return Shape.Zip(input.Shape).All(pair => pair.First == Free || pair.First == pair.Second);
    }

    /// <inheritdoc/>
    public bool Equals(TensorSignature? other) =>
        other is not null && Name == other.Name && DataType == other.DataType && Shape.SequenceEqual(other.Shape);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, DataType, Shape.Count);

    /// <summary>One input, such as <c>3x32x32</c>.</summary>
    public override string ToString() => string.Join('x', Shape.Skip(1));
}

/// <summary>A batch of inputs.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="DataType">Element type; so far <c>uint8</c> alone.</param>
/// <param name="Shape">Shape; the first length is the number of inputs.</param>
/// <param name="Content">Values, row-major.</param>
public sealed record InputTensor(string Name, string DataType, IReadOnlyList<int> Shape, byte[] Content)
{
    /// <summary>Number of inputs.</summary>
    public int Count => Shape.Count == 0 ? 0 : Shape[0];

    /// <summary>One input, such as <c>3x32x32</c>.</summary>
    public string InputShape => string.Join('x', Shape.Skip(1));

    /// <summary>Bytes of the values of one input.</summary>
    public static long BytesOf(IEnumerable<int> lengths) =>
        lengths.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>Refuses a batch that is not what it says.</summary>
    /// <exception cref="ArgumentException">Names the value and its limit.</exception>
    public void Check()
    {
        if (DataType != "uint8")
            throw new ArgumentException($"Inputs are of uint8, not '{DataType}'.");
        if (Count < 1)
            throw new ArgumentException($"A batch needs at least 1 input, not {Count}.");
        if (Shape.Any(length => length < 1))
            throw new ArgumentException($"Every length of an input is at least 1, not {InputShape}.");
        long expected = BytesOf(Shape);
        if (Content.LongLength != expected)
            throw new ArgumentException(
                $"{Count} inputs of {InputShape} need {expected} bytes, not {Content.LongLength}."
            );
    }
}
