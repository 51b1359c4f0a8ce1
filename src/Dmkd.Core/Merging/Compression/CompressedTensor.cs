namespace Dmkd.Core.Merging.Compression;

/// <summary>One tensor of a compressed update, as plain bytes.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <remarks>Immutable by agreement: arrays are shared, not copied. Equality compares arrays by reference.</remarks>
public abstract record CompressedTensor(string Name, long[] Shape)
{
    /// <summary>How all its values are stored. Default: fp32.</summary>
    public ValueFormat Format { get; init; }

    /// <summary>Size of the values, without name and shape.</summary>
    public abstract long ValueBytes { get; }
}
