namespace Dmkd.Core.Merging.Compression;

/// <summary>A tensor sent whole.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Values">All values, shape <paramref name="Shape"/>.</param>
public sealed record DenseTensor(string Name, long[] Shape, byte[] Values) : CompressedTensor(Name, Shape)
{
    /// <inheritdoc/>
    public override long ValueBytes => Values.LongLength;
}
