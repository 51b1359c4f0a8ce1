using System.Globalization;

namespace Dmkd.Core.Models;

/// <summary>Shape of one input, such as 3x32x32; equal when all lengths are.</summary>
public sealed record InputShape
{
    private readonly int[] _lengths;

    /// <summary>A shape.</summary>
    /// <param name="lengths">Length of each axis, at least one axis. Copied.</param>
    public InputShape(params IReadOnlyList<int> lengths) => _lengths = [.. lengths];

    /// <summary>Length of each axis.</summary>
    public IReadOnlyList<int> Lengths => _lengths;

    /// <summary>Values of one input.</summary>
    public long ValueCount => _lengths.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>Length of an axis.</summary>
    public int this[int axis] => _lengths[axis];

    /// <inheritdoc/>
    public bool Equals(InputShape? other) => other is not null && _lengths.AsSpan().SequenceEqual(other._lengths);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int length in _lengths)
            hash.Add(length);
        return hash.ToHashCode();
    }

    /// <summary>Such as <c>3x32x32</c>.</summary>
    public override string ToString() => string.Join('x', _lengths);
}

/// <summary>What a module takes: a named tensor.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="DataType">Element type, such as <c>uint8</c>.</param>
/// <param name="Shape">Shape; <see cref="Free"/> where any length goes. The first length counts inputs.</param>
public sealed record TensorSignature(string Name, string DataType, IReadOnlyList<int> Shape)
{
    /// <summary>Stands for any length.</summary>
    public const int Free = -1;

    /// <summary>Bytes of one input of <c>uint8</c>.</summary>
    public long BytesPerInput => InputShape.ValueCount;

    /// <summary>Shape of one input.</summary>
    public InputShape InputShape => new([.. Shape.Skip(1)]);

    /// <summary>Whether a tensor is of this kind.</summary>
    /// <param name="tensor">With the lengths it has.</param>
    public bool Takes(TensorSignature tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Name != Name || tensor.DataType != DataType || tensor.Shape.Count != Shape.Count)
            return false;
        return Shape.Zip(tensor.Shape).All(pair => pair.First == Free || pair.First == pair.Second);
    }

    /// <inheritdoc/>
    public bool Equals(TensorSignature? other) =>
        other is not null && Name == other.Name && DataType == other.DataType && Shape.SequenceEqual(other.Shape);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, DataType, Shape.Count);

    /// <summary>One input, such as <c>3x32x32</c>.</summary>
    public override string ToString() => InputShape.ToString();

    internal string ToText() => $"{Name}:{DataType}[{string.Join(',', Shape)}]";

    internal static TensorSignature Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        int open = text.IndexOf('[', StringComparison.Ordinal);
        if (colon < 1 || open < colon || text[^1] != ']')
            throw new FormatException($"'{text}' is no name:type[lengths].");
        var lengths = text[(open + 1)..^1]
            .Split(',')
            .Select(length => int.Parse(length, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        return new TensorSignature(text[..colon], text[(colon + 1)..open], [.. lengths]);
    }
}

/// <summary>
/// What goes into a module and what its outputs mean: enough to ask it without knowing its network (the schemas of
/// hivemind's module backends, the metadata of the Open Inference Protocol). Text form:
/// <c>images(pixels:uint8[-1,3,32,32])classes</c>.
/// </summary>
/// <param name="Modality">Name of the modality that prepares its inputs.</param>
/// <param name="Inputs">Its inputs, at least one.</param>
/// <param name="LabelSpace">How its outputs tell classes, by a name that the modality knows.</param>
public sealed record ModuleSignature(string Modality, IReadOnlyList<TensorSignature> Inputs, string LabelSpace)
{
    /// <summary>The label space with one output a class, which every modality knows.</summary>
    public const string PlainLabels = "classes";

    /// <summary>The first input; examples are told apart by it.</summary>
    public TensorSignature Input => Inputs[0];

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">It is malformed; the message shows a correct one.</exception>
    public static ModuleSignature Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int open = text.IndexOf('(', StringComparison.Ordinal);
        int close = text.LastIndexOf(')');
        if (open < 1 || close < open || close == text.Length - 1)
            throw new FormatException(
                $"'{text}' is no signature. Expected, for example, images(pixels:uint8[-1,3,32,32])classes."
            );
        var inputs = text[(open + 1)..close].Split(';').Select(TensorSignature.Parse);
        return new ModuleSignature(text[..open], [.. inputs], text[(close + 1)..]);
    }

    /// <inheritdoc/>
    public bool Equals(ModuleSignature? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>The text form, which <see cref="Parse"/> reads.</summary>
    public override string ToString() =>
        $"{Modality}({string.Join(';', Inputs.Select(input => input.ToText()))}){LabelSpace}";
}
