using Dmkd.Core.Modalities;
using Dmkd.Core.Models;

namespace Dmkd.Serving;

/// <summary>A batch of inputs.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="DataType">Element type; so far <c>uint8</c> alone.</param>
/// <param name="Shape">Shape; the first length is the number of inputs.</param>
/// <param name="Content">Values, row-major.</param>
public sealed record InputTensor(string Name, string DataType, IReadOnlyList<int> Shape, byte[] Content) : IInputs
{
    /// <summary>Number of inputs.</summary>
    public int Count => Shape.Count == 0 ? 0 : Shape[0];

    /// <summary>One input, such as <c>3x32x32</c>.</summary>
    public InputShape InputShape => new([.. Shape.Skip(1)]);

    /// <summary>What it is, with the lengths it has.</summary>
    public TensorSignature Signature => new(Name, DataType, Shape);

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
        long expected = checked(Count * InputShape.ValueCount);
        if (Content.LongLength != expected)
            throw new ArgumentException(
                $"{Count} inputs of {InputShape} need {expected} bytes, not {Content.LongLength}."
            );
    }
}
