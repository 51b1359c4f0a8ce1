namespace Dmkd.Core.Merging.Compression;

/// <summary>A module's weight update as it goes over the wire; see <see cref="DeltaCheck"/> before trusting one.</summary>
/// <param name="Tensors">One entry per weight of the module.</param>
public sealed record CompressedDelta(IReadOnlyList<CompressedTensor> Tensors)
{
    /// <summary>Size of all values, without names and shapes.</summary>
    public long ValueBytes => Tensors.Sum(tensor => tensor.ValueBytes);
}
